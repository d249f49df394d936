"""Further property tests, read by a language model from docstrings and hints: one request a module."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from crew.canonical import unmistakable
from prompts import render

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

LONGEST_SOURCE = 12_000
"""Characters of a module's functions; what is longer is cut."""
MOST_TESTS = 8
TOOL = "hand_in_tests"


class HandedIn(BaseModel):
    """The tests of one module."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: str = Field(max_length=20_000, description="One Python file.")


class NoTests(Exception):  # noqa: N818  names what there is
    """A model handed in nothing that can be used; says why."""


def draft_tests(
    model: BaseChatModel, module: str, source: str, objections: Callable[[str], list[str]]
) -> str:
    """Return a file of tests to which `objections` finds none; what is wrong is sent back once. Raises NoTests."""
    first = _messages(module, source)
    messages, wrong = first, ["nothing was handed in"]
    for _ in range(2):
        said = _ask(model, messages)
        content, wrong = _read(said)
        wrong = wrong or objections(content)
        if not wrong:
            return content
        messages = [*first, *_correction(content, wrong)]
    raise NoTests(f"the model's tests cannot be used: {wrong[0][:300]}")


def hand_in_tool() -> dict[str, JsonValue]:
    """Return the schema of the one tool that the model must call, as an OpenAI function."""
    function: dict[str, JsonValue] = {
        "name": TOOL,
        "description": "Hand in the tests.",
        "parameters": HandedIn.model_json_schema(),
    }
    return {"type": "function", "function": function}


def _messages(module: str, source: str) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415  most of a second

    from tools.scanners import redact  # noqa: PLC0415  as above

    shown = str(redact(source[:LONGEST_SOURCE]))
    fenced = unmistakable(json.dumps({"module": module, "source": shown}, ensure_ascii=False))
    return [
        SystemMessage(render("_property_tests", most=MOST_TESTS)),
        HumanMessage(f"```json module\n{fenced}\n```"),
    ]


def _correction(content: str, wrong: list[str]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage  # noqa: PLC0415  as above

    listed = "\n".join(f"- {each[:300]}" for each in wrong[:8])
    return [
        AIMessage(f"```python\n{content[:20_000]}\n```"),
        HumanMessage(
            f"These tests were refused:\n{listed}\nCall `{TOOL}` again with the whole file, mended."
        ),
    ]


def _ask(model: BaseChatModel, messages: list[BaseMessage]) -> AIMessage:
    from openai import OpenAIError  # noqa: PLC0415  as above

    try:
        return model.bind_tools([hand_in_tool()], tool_choice=TOOL).invoke(messages)
    except OpenAIError as error:
        raise NoTests(f"the model gave no answer: {error}") from error


def _read(said: AIMessage) -> tuple[str, list[str]]:
    """Return the file that a reply holds, and what is wrong with the reply."""
    if not said.tool_calls:
        return "", [f"this hands in nothing: call {TOOL} with the file as `content`"]
    try:
        return HandedIn.model_validate(said.tool_calls[0]["args"]).content, []
    except ValidationError as error:
        return "", [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
