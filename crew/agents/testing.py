"""The testing agent: finds out whether the change does what the story asks."""

from __future__ import annotations

from pydantic import Field, JsonValue

from crew.agents.role import Answer, Finding, Role
from crew.state import DeliveryState


class TestingAnswer(Answer):
    """What the tests said of one tree."""

    __test__ = False  # pytest would take it for a test class

    tree: str = Field(default="", description="Git tree that was tested.")
    passed: int = 0
    failed: list[str] = Field(default=[], description="Names of tests that failed.")
    flaky: list[str] = Field(default=[], description="Names of tests that changed their mind.")
    survivors: list[str] = Field(default=[], description="Mutants of changed lines that no test noticed.")
    findings: list[Finding] = Field(default=[])


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {"tree": state["tree"], "base": state.get("base", "")}


ROLE = Role(
    name="testing",
    purpose="Finds out whether the change does what the story asks, and whether the tests would notice if not.",
    tools=("install_dependencies", "run_tests", "run_mutants", "list_files", "search_files", "read_file"),
    answer=TestingAnswer,
    facts=_facts,
)
