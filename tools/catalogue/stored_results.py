"""The tool that gives an earlier result again, which was put away to keep requests small."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.result import Tool, ToolResult, Workbench

LONGEST = 12_000
"""Characters that one call gives."""


class Recall(BaseModel):
    """Give a result or artifact again that was put away."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(description='"sha256:...", as `put_away` or `artifacts` named it.')
    offset: int = Field(default=0, ge=0, description="Character to start at.")


def recall(bench: Workbench, arguments: Recall) -> ToolResult:
    """Return its text from the offset on, and where it goes on if it does."""
    try:
        text = bench.artifacts.get(arguments.digest).decode("utf-8", "replace")
    except (KeyError, ValueError, OSError):
        said = f"Nothing is kept under {arguments.digest!r}; copy the digest from an earlier result."
        return ToolResult(ok=False, code="not_found", summary=said)
    shown = text[arguments.offset : arguments.offset + LONGEST]
    following = arguments.offset + len(shown)
    more = f" It goes on at offset {following}." if following < len(text) else ""
    said = f"{len(shown)} of {len(text)} characters.{more}"
    return ToolResult(ok=True, code="ok", summary=said, data={"text": shown})


TOOLS = (Tool(name="recall", effect="read", arguments=Recall, run=recall),)
"""Offered to every role, and only while something of its conversation is put away."""
