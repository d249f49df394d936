"""The deployment agent: brings a merged version into production."""

from __future__ import annotations

from crew.agents.answers import Answer
from crew.agents.role import Facts, Role
from crew.state import DeliveryState


def _facts(state: DeliveryState) -> Facts:
    return {"version": state["version"], "environment": "production"}


ROLE = Role(
    name="deployment",
    purpose="Brings a merged version into production, and keeps the one before it if the new one is not ready.",
    tools=("install_dependencies", "start_service"),
    answer=Answer,
    facts=_facts,
)
