"""The code agent, which implements the blueprint or the plan of the design."""

from __future__ import annotations

from collections.abc import Mapping

from crew.agents.answers import Review, design_of
from crew.agents.role import Facts, Role
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of
from tools.result import ToolResult


def _facts(state: DeliveryState) -> Facts:
    design = design_of(state)
    facts: Facts = {"branch": state["branch"]}
    if design.blueprint:
        facts |= {"blueprint": design.blueprint, "contract": design.contract}
    else:
        facts["plan"] = design.plan or design.summary
    if state.get("examples"):
        facts["examples"] = state["examples"]
    if state.get("repairs"):
        # The answers of the agents that rejected the last attempt.
        judges = ("testing", "governance", "linters")
        facts["repair"] = {name: state["answers"][name] for name in judges if name in state["answers"]}
    return facts


def _check(done: Mapping[str, ToolResult], answer: Review) -> str:
    linted = done.get("run_linters")
    if linted and linted.data.get("count") and not answer.findings:
        return f"{linted.summary} Fix that and commit again, or name it in a finding."
    if answer.blocking or ((committed := done.get("commit")) and committed.ok):
        return ""
    return "Nothing is committed: commit the change, or report a blocking finding that says what prevents it."


BY_HAND = (
    "list_files",
    "search_files",
    "read_file",
    "write_file",
    "edit_file",
    "delete_file",
    "show_diff",
    "run_command",
    "run_tests",
)

ROLE = Role(
    name="code",
    purpose="Implements what the blueprint says, and commits the change with its reason.",
    tools=tools_of("code", last=(*BY_HAND, "install_dependencies", "run_linters", "commit")),
    answer=Review,
    facts=_facts,
    check=_check,
    by_blueprint=("generate_service",),
    by_hand=BY_HAND,
)
