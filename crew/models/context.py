"""What of a visit goes out with the next request: the newest steps whole, older ones put away.

A request's size stays flat however long a role works. What is put away keeps its digest, by which `recall` gives it
again; between roles nothing of this is handed on, only the state's facts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pydantic import JsonValue

MOST_STEPS = 10
"""Steps that stay in the conversation as they were."""
MOST_LINES = 12
"""Steps before those of which a line says what came of them."""
LONGEST_ARGUMENT = 400
"""Characters of an argument that stay when a call is put away."""
LONGEST_SUMMARY = 120


@dataclass(frozen=True)
class Result:
    """What came of one call, as the model is told."""

    message: ToolMessage
    digest: str
    """Of the whole result in the artifact store."""


@dataclass(frozen=True)
class Exchange:
    """One step: what the model said, and what came of its calls."""

    said: AIMessage
    results: tuple[Result, ...]
    size: int
    """Bytes of it all."""

    @property
    def messages(self) -> list[BaseMessage]:
        """The step as it was."""
        return [self.said, *(each.message for each in self.results)]


@dataclass(frozen=True)
class Conversation:
    """The messages of a request."""

    messages: list[BaseMessage]
    size: int
    """About how many bytes they take."""
    put_away: bool
    """Whether something was left out that `recall` gives again."""


def exchange(said: AIMessage, results: Sequence[Result]) -> Exchange:
    """Return one step with its size."""
    return Exchange(said, tuple(results), size_of([said, *(each.message for each in results)]))


def size_of(messages: Sequence[BaseMessage]) -> int:
    """Return about how many bytes messages take on the wire."""
    calls = sum(len(json.dumps(each.tool_calls)) for each in messages if isinstance(each, AIMessage))
    return calls + sum(len(str(each.content).encode()) for each in messages)


def conversation(
    first: Sequence[BaseMessage], first_size: int, steps: Sequence[Exchange], limit: int
) -> Conversation:
    """Return the messages of the next request within `limit` bytes, 0 for no bound.

    The newest step is always whole: it is what the model has to act on."""
    if not limit:
        whole = [message for step in steps for message in step.messages]
        return Conversation([*first, *whole], first_size + sum(step.size for step in steps), put_away=False)
    older, recent = steps[:-MOST_STEPS], steps[-MOST_STEPS:]
    told = _told(older)
    size = first_size + size_of(told)
    shown: list[list[BaseMessage]] = []
    away = bool(older)
    for place, step in enumerate(reversed(recent)):
        kept = step.messages
        if place and size + step.size > limit:
            kept, away = _put_away(step), True
        shown.append(kept)
        size += step.size if kept == step.messages else size_of(kept)
    messages = [message for step_messages in reversed(shown) for message in step_messages]
    return Conversation([*first, *told, *messages], size, away)


def _put_away(step: Exchange) -> list[BaseMessage]:
    calls = [
        call | {"args": {name: _short(value) for name, value in call["args"].items()}}
        for call in step.said.tool_calls
    ]
    said = step.said.model_copy(update={"tool_calls": calls})
    stubs = [
        ToolMessage(json.dumps(_stub(each)), tool_call_id=each.message.tool_call_id) for each in step.results
    ]
    return [said, *stubs]


def _told(older: Sequence[Exchange]) -> list[BaseMessage]:
    if not older:
        return []
    lines = [_line(step) for step in older[-MOST_LINES:]]
    unlisted = max(0, len(older) - MOST_LINES)
    data = json.dumps({"earlier_steps": lines, "steps_before_these": unlisted}).replace("`", "\\u0060")
    return [HumanMessage(f"```json earlier\n{data}\n```")]


def _line(step: Exchange) -> list[JsonValue]:
    said: list[JsonValue] = []
    for call, result in zip(step.said.tool_calls, step.results, strict=False):
        stub = _stub(result)
        where = call["args"].get("path") or call["args"].get("folder") or ""
        named: dict[str, JsonValue] = {"tool": call["name"]}
        if where:
            named["on"] = _short(where)
        said.append(named | stub)
    return said


def _stub(result: Result) -> dict[str, JsonValue]:
    held = json.loads(str(result.message.content))
    summary = str(held["summary"])
    short = summary if len(summary) <= LONGEST_SUMMARY else f"{summary[:LONGEST_SUMMARY]}..."
    return {"action": held["action"], "ok": held["ok"], "summary": short, "put_away": result.digest}


def _short(value: JsonValue) -> JsonValue:
    text = value if isinstance(value, str) else json.dumps(value)
    return value if len(text) <= LONGEST_ARGUMENT else f"({len(text)} characters, put away)"
