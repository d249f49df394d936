"""The prompts: one Markdown file a role, rendered with undefined variables as errors."""

from __future__ import annotations

from importlib import resources


def render(role: str, **variables: object) -> str:
    """Return a role's system prompt.

    Raises jinja2.UndefinedError for a variable that the prompt names and the caller does not give.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  30 ms, needed by few commands

    # Markdown, not HTML: escaping would only damage it, and no variable holds text from outside.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("prompts", "."), undefined=StrictUndefined, keep_trailing_newline=False
    )
    return environment.get_template(f"{role}.md").render(**variables)


def names() -> tuple[str, ...]:
    """Return the roles that have a prompt, in alphabetical order."""
    files = resources.files("prompts").iterdir()
    return tuple(
        sorted(f.name.removesuffix(".md") for f in files if f.name.endswith(".md") and f.name[0] != "_")
    )
