"""The performance, reliability and cost agents, which have no tools yet and are skipped by the delivery graph."""

from __future__ import annotations

from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.state import RoleName
from tools.catalogue.registry import tools_of


def _role(name: RoleName, purpose: str) -> Role:
    return Role(
        name=name,
        purpose=purpose,
        tools=tools_of(name),
        answer=Answer,
        facts=lambda state: {"version": state["version"]},
    )


PERFORMANCE = _role("performance", "Measures the new version under load before it meets real traffic.")
RELIABILITY = _role("reliability", "Monitors the new version and rolls it back if it does harm.")
COST = _role("cost", "Finds what the service spends unnecessarily.")
