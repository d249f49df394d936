"""A reply counts for the approval that it names, and for no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from crew.door.call import Approval
from crew.records.rows import Answered
from graphs.approval import Reply, wait_for
from tests.crew.doors import DELIVERY, policies, setting


class Held(TypedDict, total=False):
    """State of the graph."""

    done: bool


def approval(name: str) -> Approval:
    return Approval(id=name, action="a-1", tool="merge", approves=name, reasons=("Look.",), answerable=True)


@pytest.mark.attack
def test_an_approval_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    policy = policies()
    place = setting(tmp_path, policy)
    door = place.door()

    def node(state: Held) -> Held:
        for name in ("p-1", "p-2"):
            # Like the door, ask only for what is not answered yet.
            if place.ledger.find(DELIVERY, Answered, name) is None:
                wait_for(door, DELIVERY, approval(name))
        return {"done": True}

    graph = StateGraph(Held)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    compiled = graph.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": DELIVERY}}
    (asked,) = compiled.invoke({}, thread, version="v2").interrupts
    assert asked.value["id"] == "p-1"

    def reply(kind: Any, to: str) -> Any:
        said = Reply(kind=kind, by="Ada", to=to).model_dump(mode="json")
        return compiled.invoke(Command(resume={asked.id: said}), thread, version="v2")

    (again,) = reply("approve", "p-1").interrupts
    assert again.value["id"] == "p-2"
    assert reply("reject", "p-2").value["done"]
    answers = {row.key: row.body.approved for row in place.ledger.rows(DELIVERY, Answered)}
    assert answers == {"p-1": True, "p-2": False}
    place.ledger.close()
    policy.close()
