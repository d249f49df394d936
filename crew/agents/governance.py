"""The governance agent, which scans and reviews a change."""

from __future__ import annotations

from collections.abc import Mapping

from crew.agents.answers import AnyAnswer, Review
from crew.agents.role import Role
from tools.catalogue.registry import tools_of
from tools.result import ToolResult

LOOKS = ("scan_code", "scan_secrets", "check_dependencies", "check_contract")
"""Tools that every review of a change must run."""


def _check(done: Mapping[str, ToolResult], answer: Review) -> str:
    if left := [each for each in LOOKS if each not in done]:
        return f"The review is not complete: call {', '.join(left)} first."
    grave = [name for name in LOOKS if not done[name].ok or _blocks(done[name])]
    if grave and not answer.blocking:
        return f"{', '.join(grave)} found something that blocks a merge: report it as blocking findings."
    return ""


def _blocks(result: ToolResult) -> bool:
    return bool(AnyAnswer.model_validate(result.data).blocking)


ROLE = Role(
    name="governance",
    purpose="Checks the change for anything that a rule or a careful reviewer would object to.",
    tools=tools_of("governance", last=("list_files", "search_files", "read_file")),
    answer=Review,
    facts=lambda state: {"tree": state["tree"], "base": state.get("base", "")},
    check=_check,
    by_hand=("show_diff", "list_files", "search_files", "read_file"),
)
