"""The tool that returns an earlier result which compaction left out of the transcript."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.result import Tool, ToolResult, Workbench

LONGEST = 12_000
"""Characters that one call returns."""


class ReadResult(BaseModel):
    """Read an earlier result or artifact that is no longer shown in full."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(description='"sha256:...", as given in `put_away` or `artifacts`.')
    offset: int = Field(default=0, ge=0, description="Character to start at.")


def read_result(bench: Workbench, arguments: ReadResult) -> ToolResult:
    """Return the text from the offset, and the offset at which it continues, if it does."""
    try:
        text = bench.artifacts.get(arguments.digest).decode("utf-8", "replace")
    except (KeyError, ValueError, OSError):
        problem = f"No result is stored under {arguments.digest!r}; copy the digest from an earlier result."
        return ToolResult(ok=False, code="not_found", summary=problem)
    shown = text[arguments.offset : arguments.offset + LONGEST]
    following = arguments.offset + len(shown)
    more = f" Continue with offset={following}." if following < len(text) else ""
    summary = f"{len(shown)} of {len(text)} characters.{more}"
    return ToolResult(ok=True, code="ok", summary=summary, data={"text": shown})


TOOLS = (
    Tool(
        name="read_result",
        effect="read",
        arguments=ReadResult,
        run=read_result,
        roles=("design", "code", "testing", "deployment", "governance"),
        after_compaction=True,
    ),
)
