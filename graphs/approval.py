"""Door calls that may have to wait for a person: a LangGraph interrupt, before which nothing is done."""

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
    """"superseded" is the state machine's own reply to an approval that nobody has to give any more."""
    by: str
    text: str = ""
    to: str = ""
    """Id of the approval or question that it replies to."""


def through(door: Door, call: Call) -> ToolResult:
    """Make a call, waiting for a person where policy asks for one."""
    return _decided(door, call, door.act)


def permitted(door: Door, call: Call) -> str:
    """Return why a call may not be made, or "" if it may, waiting for a person where policy asks for one."""
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
        # A node that runs again is first given the replies to its earlier interrupts, perhaps about something else.
        reply = Reply.model_validate(interrupt(payload))
        answered = reply.to
        approved = None if reply.kind == "superseded" else reply.kind == "approve"
        door.answer(delivery, answered, approved, reply.by, reply.text)
