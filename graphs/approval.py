"""A door call that may have to wait for a person: a LangGraph interrupt, and nothing done before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from langgraph.types import interrupt
from pydantic import BaseModel

from crew.door.call import ApprovalNeeded, Call
from crew.door.door import Door
from tools.result import ToolResult

T = TypeVar("T")


class Reply(BaseModel, frozen=True, extra="forbid"):
    """What a person says to an interrupt."""

    kind: Literal["approve", "reject", "answer"]
    by: str
    text: str = ""


def through(door: Door, call: Call) -> ToolResult:
    """Do a call, waiting for a person where policy asks for one."""
    return _decided(door, call, door.act)


def permitted(door: Door, call: Call) -> str:
    """Return why a call may not be done, "" if it may, waiting for a person where policy asks for one."""
    return _decided(door, call, door.consult)


def _decided(door: Door, call: Call, ask: Callable[[Call], T]) -> T:
    while True:
        try:
            return ask(call)
        except ApprovalNeeded as needed:
            _wait_for(door, call, needed)


def _wait_for(door: Door, call: Call, needed: ApprovalNeeded) -> None:
    """Interrupt until the approval is answered, and write the answer down."""
    payload = {"kind": "approval"} | needed.approval.model_dump(mode="json")
    said = Reply.model_validate(interrupt(payload))
    door.answer(call.delivery, needed.approval.id, said.kind == "approve", said.by, said.text)
