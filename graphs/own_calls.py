"""Calls of the crew itself, and the resets that go before a role plays again."""

from __future__ import annotations

from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.records.rows import Arguments
from crew.state import DeliveryState
from graphs.approval import through
from tools.result import ToolResult

OPEN, SHOW, MERGE, RESET, HARNESS, INSTALL, KEEP, COMMENT = 1, 2, 3, 4, 5, 6, 7, 10
"""Steps of the crew itself, which are part of the ids of its actions; comments are numbered on."""


def crew(
    context: DeliveryContext,
    state: DeliveryState,
    step: int,
    tool: str,
    arguments: Arguments,
    rationale: str,
    evidence: tuple[str, ...],
) -> tuple[str, ToolResult]:
    """Return the id of an action of the crew itself, and its result."""
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
    """Return a call of the crew itself."""
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
    """Take the branch and the workspace back to where the last role left them."""
    start = state.get("commit") or state.get("start") or state["base"]
    arguments: Arguments = {"commit": start, "before": visit}
    crew(context, state, RESET, "reset_workspace", arguments, why, (state["evidence"]["opened"],))
