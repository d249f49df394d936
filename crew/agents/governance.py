"""The governance agent: looks at the change for what a rule or a reviewer would object to."""

from __future__ import annotations

from pydantic import Field, JsonValue

from crew.agents.role import Answer, Finding, Role
from crew.state import DeliveryState


class GovernanceAnswer(Answer):
    """What a review of one tree found."""

    tree: str = Field(default="", description="Git tree that was looked at.")
    findings: list[Finding] = Field(default=[])


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {"tree": state["tree"], "base": state.get("base", "")}


ROLE = Role(
    name="governance",
    purpose="Looks at the change for what a rule or a careful reviewer would object to.",
    tools=(
        "scan_code",
        "scan_secrets",
        "check_dependencies",
        "check_contract",
        "show_diff",
        "list_files",
        "search_files",
        "read_file",
    ),
    answer=GovernanceAnswer,
    facts=_facts,
)
