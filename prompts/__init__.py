"""The prompts: one Markdown template per role; undefined variables are errors."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render(role: str, **variables: object) -> str:
    """Return a role's system prompt.

    Raises jinja2.UndefinedError if the prompt uses a variable that the caller does not pass.
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

    # The output is Markdown, which HTML escaping would damage, and no variable contains text from outside.
    return Environment(loader=PackageLoader("prompts", "."), undefined=StrictUndefined)  # noqa: S701
