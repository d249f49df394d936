"""The deployment agent: brings a merged version into production."""

from __future__ import annotations

from crew.agents.answers import Answer
from crew.agents.role import Facts, Role
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of


def _facts(state: DeliveryState) -> Facts:
    return {"version": state["version"], "environment": "production"}


ROLE = Role(
    name="deployment",
    purpose="Brings a merged version into production, and keeps the one before it if the new one is not ready.",
    tools=tools_of("deployment"),
    answer=Answer,
    facts=_facts,
)
