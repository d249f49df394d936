"""The tool that returns an earlier result that compaction has removed from the transcript."""

from __future__ import annotations

from pydantic import BaseModel, Field

from tools.result import Tool, ToolResult, Workbench, failure, success

LONGEST = 12_000
"""Maximum number of characters that one call returns."""


class ReadResult(BaseModel, extra="forbid"):
    """Read an earlier result or artifact that is no longer shown in full."""

    digest: str = Field(description='"sha256:...", as given in `put_away` or `artifacts`.')
    offset: int = Field(default=0, ge=0, description="Character to start at.")


def read_result(bench: Workbench, arguments: ReadResult) -> ToolResult:
    """Return the text from an offset, and the offset to continue from if there is more."""
    try:
        text = bench.artifacts.get(arguments.digest).decode("utf-8", "replace")
    except (KeyError, ValueError, OSError):
        problem = f"No result is stored under {arguments.digest!r}; copy the digest from an earlier result."
        return failure("not_found", problem)
    shown = text[arguments.offset : arguments.offset + LONGEST]
    following = arguments.offset + len(shown)
    more = f" Continue with offset={following}." if following < len(text) else ""
    return success(f"{len(shown)} of {len(text)} characters.{more}", text=shown)


TOOLS = (
    Tool(
        "read_result",
        "read",
        ReadResult,
        read_result,
        roles=("design", "code", "testing", "deployment", "governance"),
        after_compaction=True,
    ),
)
