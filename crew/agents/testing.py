"""The testing agent: finds out whether the change does what the story asks."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue

from crew.agents.role import Answer, Finding, Role, objects
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of
from tools.result import ToolResult


class TestingAnswer(Answer):
    """What the tests say of the tree."""

    __test__ = False  # pytest would take it for a test class

    findings: list[Finding] = Field(default=[])


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {"tree": state["tree"], "base": state.get("base", "")}


def _floor(done: Mapping[str, ToolResult], answer: Answer) -> str:
    if objects(answer):
        return ""
    if "run_tests" not in done:
        return "Nobody ran the tests: run_tests first, or say in a blocking finding why they cannot be run."
    return "" if done["run_tests"].ok else "The tests failed: name what fails in a blocking finding."


ROLE = Role(
    name="testing",
    purpose="Finds out whether the change does what the story asks, and whether the tests would notice if not.",
    tools=tools_of("testing", last=("read_file",)),
    answer=TestingAnswer,
    facts=_facts,
    floor=_floor,
    by_hand=("list_files", "search_files", "read_file"),
)
