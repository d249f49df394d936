"""Tool calls that the crew itself makes, such as the reset of the workspace before another attempt of a role."""

from __future__ import annotations

from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.records.rows import Arguments
from crew.state import DeliveryState
from graphs.approval import through
from tools.result import ToolResult

OPEN, SHOW, MERGE, RESET, HARNESS, INSTALL, KEEP, LINT, UPDATE, COMMENT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""Step numbers of the crew's own calls, which are part of their action ids; comments are numbered from `COMMENT` up."""


def crew(
    context: DeliveryContext,
    state: DeliveryState,
    step: int,
    tool: str,
    arguments: Arguments,
    rationale: str,
    evidence: tuple[str, ...],
) -> tuple[str, ToolResult]:
    """Make a tool call on behalf of the crew itself, and return its action id and its result."""
    call = crew_call(state, step, tool, arguments, rationale, evidence)
    return call.key, through(context.door, call)


def crew_call(
    state: DeliveryState,
    step: int,
    tool: str,
    arguments: Arguments,
    rationale: str,
    evidence: tuple[str, ...],
) -> Call:
    """Return a tool call on behalf of the crew itself, without making it."""
    return Call(
        delivery=state["delivery"],
        role="crew",
        visit=1,
        step=step,
        index=0,
        tool=tool,
        arguments=arguments,
        rationale=rationale,
        evidence=evidence,
    )


def reset(context: DeliveryContext, state: DeliveryState, visit: str, why: str) -> None:
    """Reset the branch and the workspace to the commit at which the last role left them."""
    start = state.get("commit") or state.get("start") or state["base"]
    arguments: Arguments = {"commit": start, "before": visit}
    crew(context, state, RESET, "reset_workspace", arguments, why, (state["evidence"]["opened"],))
