"""The deployment agent, which deploys a merged version to production."""

from __future__ import annotations

from crew.agents.answers import Answer
from crew.agents.role import Role
from tools.catalogue.registry import tools_of

ROLE = Role(
    name="deployment",
    purpose="Deploys a merged version to production, and keeps the previous one if the new one is not ready.",
    tools=tools_of("deployment"),
    answer=Answer,
    facts=lambda state: {"version": state["version"], "environment": "production"},
)
