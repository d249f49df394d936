"""The testing agent's first task: writing example tests for the criteria before the code is changed."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from crew.agents.answers import Answer
from crew.agents.role import Role
from tools.catalogue.registry import tools_of
from tools.result import ToolResult


class ExamplesAnswer(Answer):
    """The answer that ends the writing of example tests."""

    none: str = Field(default="", description="Only if you write no test: why none is possible.")


def _check(done: Mapping[str, ToolResult], answer: ExamplesAnswer) -> str:
    if answer.none or ((written := done.get("write_examples")) and written.ok):
        return ""
    return "No test has been written: call write_examples, or say in `none` why none is possible."


ROLE = Role(
    name="testing",
    purpose="Turns the criteria into example tests before anybody has seen the code that will have to pass them.",
    tools=tools_of("testing/examples", last=("read_file", "write_examples")),
    answer=ExamplesAnswer,
    facts=lambda state: {"task": "examples"} | state["test_context"],
    check=_check,
    prompt="examples",
    most_steps=12,
)
