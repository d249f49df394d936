"""Compaction of the conversation: requests contain the newest steps in full and older ones shortened.

This keeps the size of requests roughly constant however long a role works. A shortened result keeps its digest, with
which the tool `read_result` can read it again. Roles receive only facts from the state, never other roles'
conversations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pydantic import JsonValue

from crew.records.canonical_json import unmistakable

MOST_STEPS = 10
"""Maximum number of steps in the conversation; the newest is complete, the others only if there is room."""
MOST_LINES = 12
"""Maximum number of earlier steps that are summarized in one line each."""
LONGEST_ARGUMENT = 400
"""Maximum length of an argument in a compacted call, in characters."""
LONGEST_CALL = 2_000
"""Maximum length of all arguments in a compacted call together, in characters."""
LONGEST_SUMMARY = 120


@dataclass(frozen=True)
class Result:
    """The result of one call, as the model sees it."""

    message: ToolMessage
    digest: str
    """Digest of the complete result in the artifact store."""


@dataclass(frozen=True)
class Exchange:
    """One step: the model's message and the results of its calls."""

    said: AIMessage
    results: tuple[Result, ...]
    size: int
    """Approximate size of the message and the results, in bytes."""

    @property
    def messages(self) -> list[BaseMessage]:
        """The messages of the complete step."""
        return [self.said, *(each.message for each in self.results)]


@dataclass(frozen=True)
class Conversation:
    """The messages of a request, with their size."""

    messages: list[BaseMessage]
    size: int
    """Approximate size of the messages, in bytes."""
    compacted: bool
    """Whether anything was shortened or left out, so that `read_result` may be needed."""


def exchange(said: AIMessage, results: Sequence[Result]) -> Exchange:
    """Combine a model's message and the results of its calls into a step, and compute its size."""
    return Exchange(said, tuple(results), size_of([said, *(each.message for each in results)]))


def size_of(messages: Sequence[BaseMessage]) -> int:
    """Return the approximate size of messages in a request, in bytes."""
    calls = sum(len(json.dumps(each.tool_calls)) for each in messages if isinstance(each, AIMessage))
    return calls + sum(len(str(each.content).encode()) for each in messages)


def conversation(first: Sequence[BaseMessage], steps: Sequence[Exchange], limit: int) -> Conversation:
    """Return the messages of the next request, compacted to about `limit` bytes; 0 means no limit.

    The newest step is always complete, since the model has to act on it."""
    size = size_of(first)
    if not limit:
        whole = [message for step in steps for message in step.messages]
        return Conversation([*first, *whole], size + sum(step.size for step in steps), compacted=False)
    shown: list[list[BaseMessage]] = []
    compacted = len(steps) > MOST_STEPS
    for place, step in enumerate(reversed(steps[-MOST_STEPS:])):
        kept, takes = step.messages, step.size
        if place and size + takes > limit:
            kept, compacted = _compact(step), True
            takes = size_of(kept)
        if place and size + takes > limit:
            break
        shown.append(kept)
        size += takes
    earlier = _earlier_steps(steps[: len(steps) - len(shown)], limit - size)
    messages = [message for step_messages in reversed(shown) for message in step_messages]
    return Conversation([*first, *earlier, *messages], size + size_of(earlier), compacted)


def _compact(step: Exchange) -> list[BaseMessage]:
    calls = [call | {"args": _short_arguments(call["args"])} for call in step.said.tool_calls]
    said = step.said.model_copy(update={"tool_calls": calls, "content": _short(step.said.text)})
    stubs = [
        ToolMessage(unmistakable(json.dumps(_stub(each))), tool_call_id=each.message.tool_call_id)
        for each in step.results
    ]
    return [said, *stubs]


def _short_arguments(arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
    kept = {name: _short(value) for name, value in arguments.items()}
    return kept if len(json.dumps(kept)) <= LONGEST_CALL else {"arguments": _short(json.dumps(kept))}


def _earlier_steps(older: Sequence[Exchange], room: int) -> list[BaseMessage]:
    """Return a message with one line for each recent earlier step that fits, and the number of further ones."""
    if not older:
        return []
    lines: list[JsonValue] = []
    for step in reversed(older[-MOST_LINES:]):
        line = _line(step)
        room -= len(json.dumps(line))
        if room < 0:
            break
        lines.insert(0, line)
    said: JsonValue = {"earlier_steps": lines, "steps_before_these": len(older) - len(lines)}
    return [HumanMessage(f"```json earlier\n{unmistakable(json.dumps(said))}\n```")]


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
