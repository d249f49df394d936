"""The reliability agent. It has no tools yet: the delivery graph passes it by, and the report says so."""

from __future__ import annotations

from crew.agents.answers import Answer
from crew.agents.role import Facts, Role
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of


def _facts(state: DeliveryState) -> Facts:
    return {"version": state["version"]}


ROLE = Role(
    name="reliability",
    purpose="Watches the new version and takes it back when it does harm.",
    tools=tools_of("reliability"),
    answer=Answer,
    facts=_facts,
)
