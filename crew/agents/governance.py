"""The governance agent: looks at the change for what a rule or a reviewer would object to."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue

from crew.agents.role import Answer, Finding, Role, objects
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of
from tools.result import ToolResult

LOOKS = ("scan_code", "scan_secrets", "check_dependencies", "check_contract")
"""What is looked at of every change, whoever reviews it."""


class GovernanceAnswer(Answer):
    """What a review of the tree found."""

    findings: list[Finding] = Field(default=[])


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {"tree": state["tree"], "base": state.get("base", "")}


def _floor(done: Mapping[str, ToolResult], answer: Answer) -> str:
    if left := [each for each in LOOKS if each not in done]:
        return f"The review is not complete: {', '.join(left)} first."
    grave = [name for name in LOOKS if not done[name].ok or _blocks(done[name])]
    if grave and not objects(answer):
        return f"{', '.join(grave)} found what blocks a merge: pass it on as blocking findings."
    return ""


def _blocks(result: ToolResult) -> bool:
    findings = result.data.get("findings")
    listed = findings if isinstance(findings, list) else []
    return any(isinstance(each, dict) and each.get("severity") == "blocking" for each in listed)


ROLE = Role(
    name="governance",
    purpose="Looks at the change for what a rule or a careful reviewer would object to.",
    tools=tools_of("governance", last=("list_files", "search_files", "read_file")),
    answer=GovernanceAnswer,
    facts=_facts,
    floor=_floor,
    by_hand=("show_diff", "list_files", "search_files", "read_file"),
)
