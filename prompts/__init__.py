"""The prompts: one Markdown file a role, rendered with undefined variables as errors."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render(role: str, **variables: object) -> str:
    """Return a role's system prompt.

    Raises jinja2.UndefinedError for a variable that the prompt names and the caller does not give.
    """
    return _environment().get_template(f"{role}.md").render(**variables)


def names() -> tuple[str, ...]:
    """Return the roles that have a prompt, in alphabetical order."""
    files = resources.files("prompts").iterdir()
    return tuple(
        sorted(f.name.removesuffix(".md") for f in files if f.name.endswith(".md") and f.name[0] != "_")
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  30 ms, needed by few commands

    # Markdown, not HTML: escaping would only damage it, and no variable holds text from outside.
    return Environment(loader=PackageLoader("prompts", "."), undefined=StrictUndefined)  # noqa: S701
