"""The normal form of requests, which is the same in every run: JSON with placeholders for values that vary."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, cast

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    ToolCall,
    ToolMessage,
)
from pydantic import JsonValue

from crew.models.recordings.placeholders import Placeholders, Reading
from crew.records.canonical_json import digest_of
from tools.redaction import Redactor

Json = dict[str, JsonValue]
Tools = Sequence[Mapping[str, object]]
"""Schemas of the tools that a request offers."""

_FENCED = re.compile(r"^```json[ ]*([^\n`]*)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Place:
    """The position of a request in a delivery."""

    delivery: str
    """Id of the delivery; "", like service and story, if the messages contain no brief."""
    service: str
    story: str
    """Id of the story."""
    role: str
    visit: int
    step: int
    """Number of replies in the request, plus one."""


@dataclass
class Normalised:
    """A request in normal form, with the placeholders needed to convert its reply."""

    redact: Redactor
    messages: list[Json] = field(default_factory=list)
    place: Place = Place("", "", "", "other", 1, 1)
    placeholders: Placeholders = field(default_factory=Placeholders)
    calls: dict[str, str] = field(default_factory=dict)
    """Maps each tool call's id to its number, such as "call-3"."""

    @property
    def digest(self) -> str:
        """Digest of the messages."""
        return digest_of(self.messages)

    def reply(self, message: AIMessage) -> Json:
        """Return a reply to this request in normal form, with placeholders for ids.

        Its members are `content` and `tool_calls` and, if present, `invalid_tool_calls`, `refusal`, `finish_reason` and
        `calls_with_secrets`, the numbers of the calls whose arguments contained a secret that was redacted."""
        said = _said(self, message, "reply", dict(self.calls))
        held: list[JsonValue] = [
            left["id"]
            for call, left in zip(message.tool_calls, _objects(said["tool_calls"]), strict=True)
            if self.redact(cast(JsonValue, call["args"])) != call["args"]
        ]
        ended = _there(finish_reason=message.response_metadata.get("finish_reason"))
        return said | ended | _there(calls_with_secrets=held)

    def restored(self, reply: Json, fresh: str) -> Json:
        """Return a reply in normal form with the ids of this run; ids of new tool calls begin with `fresh`."""
        numbers = {number: given for given, number in self.calls.items()}

        def call_id(number: JsonValue) -> str:
            return numbers.get(str(number), f"{fresh}{str(number).removeprefix('call-')}") if number else ""

        restored = cast(Json, self.placeholders.restore(reply))
        for kind in ("tool_calls", "invalid_tool_calls"):
            for each in _objects(restored.get(kind)):
                each["id"] = call_id(each["id"])
        held = restored.get("calls_with_secrets")
        if isinstance(held, list):
            restored["calls_with_secrets"] = [call_id(each) for each in held]
        return restored


def normalised(messages: Sequence[BaseMessage], *, redact: Redactor, home: Path | None = None) -> Normalised:
    """Return the normal form of a request.

    The form of a message depends only on that message and earlier ones, so it stays the same as the
    conversation continues. If `home` is None, it is inferred from the paths in the messages."""
    done = Normalised(redact, placeholders=Placeholders(home))
    count = {"result": 0, "note": 0}
    for message in messages:
        if isinstance(message, AIMessage):
            form: Json = {"type": "ai", **_said(done, message, "said", done.calls)}
        elif isinstance(message, ToolMessage):
            count["result"] += 1
            content = _read(message.content, done.redact)
            called = done.calls.setdefault(message.tool_call_id, f"call-{len(done.calls) + 1}")
            form = {
                "type": "tool",
                "call": called,
                "content": _seen(done, content, f"result-{count['result']}"),
            }
        elif isinstance(message, HumanMessage):
            form = {"type": "human", "content": _human(done, message, count)}
        else:
            fixed = done.placeholders.put(done.redact(cast(JsonValue, message.content)), "fixed")
            form = {"type": message.type, "content": fixed}
        done.messages.append(cast(Json, redact(form)))
    replies = sum(isinstance(message, AIMessage) for message in messages)
    done.place = Place(**(vars(done.place) | {"step": replies + 1}))
    return done


def said_as_message(reply: Json) -> Json:
    """Return the normal form of a reply as a message in later requests."""
    own = ("content", "tool_calls", "invalid_tool_calls", "refusal")
    return {"type": "ai"} | {name: reply[name] for name in own if name in reply}


def _said(done: Normalised, message: AIMessage, reading: Reading, calls: dict[str, str]) -> Json:
    def form(call: ToolCall | InvalidToolCall) -> JsonValue:
        number = calls.setdefault(call["id"], f"call-{len(calls) + 1}") if call["id"] else ""
        error = {"error": cast(JsonValue, call.get("error"))} if "error" in call else {}
        kept = cast(Json, {"name": call["name"], "args": call["args"]}) | error
        return cast(Json, done.placeholders.put(done.redact(kept), reading)) | {"id": number}

    refusal = message.additional_kwargs.get("refusal")
    said: Json = {
        "content": cast(JsonValue, message.content),
        **_there(refusal=refusal),
    }
    return {
        **cast(Json, done.placeholders.put(done.redact(said), reading)),
        "tool_calls": [form(call) for call in message.tool_calls],
        **_there(invalid_tool_calls=[form(call) for call in message.invalid_tool_calls]),
    }


def _human(done: Normalised, message: HumanMessage, count: dict[str, int]) -> JsonValue:
    content = _read(message.content, done.redact)
    brief = next((each["json"] for each in _objects(content) if _is_brief(each.get("json"))), None)
    if isinstance(brief, dict) and not done.place.delivery:
        done.place = _place(brief)
        return _briefed(done, content)
    count["note"] += 1
    return _seen(done, content, f"note-{count['note']}")


def _briefed(done: Normalised, content: JsonValue) -> JsonValue:
    """Return the normal form of the message with the brief, in which the text of the story is unchanged."""
    parts: list[JsonValue] = []
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, dict) or not _is_brief(part.get("json")):
            parts.append(_seen(done, part, "brief"))
            continue
        brief = cast(Json, part["json"])
        story = brief.get("story")
        rest = _seen(done, {name: value for name, value in brief.items() if name != "story"}, "brief")
        parts.append(part | {"json": cast(Json, rest) | {"story": done.placeholders.put(story, "fixed")}})
    return parts


def _seen(done: Normalised, content: JsonValue, path: str) -> JsonValue:
    # Fenced JSON is the source of ids; the prose around it only mentions them, so it is learned second.
    parts = content if isinstance(content, list) else []
    fenced = [each["json"] for each in _objects(parts) if each.keys() == {"fence", "json"}]
    for each in fenced:
        done.placeholders.learn(each, path)
    done.placeholders.learn([each for each in parts if isinstance(each, str)] if fenced else content, path)
    return done.placeholders.put(content, "seen")


def _place(brief: Json) -> Place:
    story = brief.get("story")
    visit = brief.get("visit")
    return Place(
        delivery=str(brief["delivery"]),
        service=str(brief.get("service", "")),
        story=str(story.get("id", "")) if isinstance(story, dict) else "",
        role=str(brief["role"]),
        visit=visit if isinstance(visit, int) else 1,
        step=1,
    )


def _is_brief(value: JsonValue) -> bool:
    return isinstance(value, dict) and {"delivery", "role", "visit"} <= value.keys()


def _read(content: object, redact: Redactor) -> JsonValue:
    """Return a message's redacted content: JSON as its value, and text with fenced JSON as a list of parts."""
    if not isinstance(content, str):
        return redact(cast(JsonValue, content))
    if content.lstrip()[:1] in ("{", "["):
        value, ok = _parsed(content)
        return redact(value) if ok else redact(content)
    parts: list[JsonValue] = []
    end = 0
    for match in _FENCED.finditer(content):
        value, ok = _parsed(match[2])
        if ok:
            parts += [content[end : match.start()], {"fence": match[1].strip(), "json": value}]
            end = match.end()
    parts = [each for each in [*parts, content[end:]] if each != ""]
    return redact(parts) if end else redact(content)


def _parsed(text: str) -> tuple[JsonValue, bool]:
    def refuse(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=refuse), True
    except (ValueError, RecursionError):
        return None, False


def _there(**members: JsonValue) -> Json:
    return {name: value for name, value in members.items() if value}


def _objects(value: JsonValue) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
