"""Door calls that may have to wait for a person; they use LangGraph interrupts, before which nothing is executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from langgraph.types import interrupt
from pydantic import BaseModel

from crew.door.call import Approval, ApprovalNeeded, Call
from crew.door.door import Door
from tools.result import ToolResult

T = TypeVar("T")


class Reply(BaseModel, frozen=True, extra="forbid"):
    """The reply to an interrupt."""

    kind: Literal["approve", "reject", "answer", "superseded"]
    """"superseded" is the state machine's own reply to a request for an approval that is no longer needed."""
    by: str
    text: str = ""
    to: str = ""
    """Id of the approval or question that it replies to."""


def through(door: Door, call: Call) -> ToolResult:
    """Make a call, waiting for a person if policy requires one."""
    return _decided(door, call, door.act)


def permitted(door: Door, call: Call) -> str:
    """Return why a call may not be made, or "" if it may, after waiting for a person if policy requires one."""
    return _decided(door, call, door.consult)


def _decided(door: Door, call: Call, ask: Callable[[Call], T]) -> T:
    while True:
        try:
            return ask(call)
        except ApprovalNeeded as needed:
            wait_for(door, call.delivery, needed.approval)


def wait_for(door: Door, delivery: str, approval: Approval) -> None:
    """Interrupt until the approval is answered, and record the answer."""
    payload = {"kind": "approval"} | approval.model_dump(mode="json")
    answered = ""
    while answered != approval.id:
        # When a node runs again, LangGraph first repeats the replies to its earlier interrupts, which may have been
        # about something else.
        reply = Reply.model_validate(interrupt(payload))
        answered = reply.to
        approved = None if reply.kind == "superseded" else reply.kind == "approve"
        door.answer(delivery, answered, approved, reply.by, reply.text)
