"""The testing agent, which checks whether the change does what the story asks."""

from __future__ import annotations

from collections.abc import Mapping

from crew.agents.answers import Review
from crew.agents.role import Role
from tools.catalogue.registry import tools_of
from tools.result import ToolResult


def _check(done: Mapping[str, ToolResult], answer: Review) -> str:
    if answer.blocking:
        return ""
    if "run_tests" not in done:
        return "The tests have not been run: call run_tests first, or say in a blocking finding why they cannot be run."
    return "" if done["run_tests"].ok else "The tests failed: name what fails in a blocking finding."


ROLE = Role(
    name="testing",
    purpose="Finds out whether the change does what the story asks, and whether the tests would notice if it did not.",
    tools=tools_of("testing", last=("read_file",)),
    answer=Review,
    facts=lambda state: {"tree": state["tree"], "base": state.get("base", "")},
    check=_check,
    by_hand=("list_files", "search_files", "read_file"),
)
