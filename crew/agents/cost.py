"""The cost agent. It has no tools yet: the delivery graph passes it by, and the report says so."""

from __future__ import annotations

from pydantic import JsonValue

from crew.agents.role import Answer, Role
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {"version": state["version"]}


ROLE = Role(
    name="cost",
    purpose="Finds what the service spends without need.",
    tools=tools_of("cost"),
    answer=Answer,
    facts=_facts,
)
