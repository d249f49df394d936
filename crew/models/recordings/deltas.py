"""The compact encoding of messages in a recording's files, designed to be readable in a diff."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import cast

from pydantic import JsonValue

from crew.models.recordings.normalise import Json
from crew.records.canonical_json import canonical


def changes(messages: Sequence[Json], before: Sequence[Json]) -> JsonValue:
    """Return the messages, with ranges taken from `before` encoded as `{"as_before": [first, end]}`."""
    here, there = [canonical(each) for each in messages], [canonical(each) for each in before]
    delta: list[JsonValue] = []
    for tag, low, high, start, end in SequenceMatcher(None, there, here, autojunk=False).get_opcodes():
        if tag == "equal":
            delta.append({"as_before": [low, high]})
        else:
            delta += messages[start:end]
    return delta


def applied(delta: Sequence[Json], before: Sequence[Json]) -> list[Json]:
    """Return the original messages; the inverse of `changes`."""
    messages: list[Json] = []
    for each in delta:
        if "as_before" in each:
            low, high = cast(list[int], each["as_before"])
            messages += before[low:high]
        else:
            messages.append(each)
    return messages


def split(value: JsonValue) -> JsonValue:
    """Return a value with multi-line strings encoded as `{"lines": [...]}`."""
    if isinstance(value, str):
        return {"lines": [*value.split("\n")]} if "\n" in value else value
    if isinstance(value, list):
        return [split(each) for each in value]
    if isinstance(value, dict):
        done: JsonValue = {name: split(each) for name, each in value.items()}
        return {"as_is": done} if value.keys() in ({"lines"}, {"as_is"}) else done
    return value


def joined(value: JsonValue) -> JsonValue:
    """Return the original value; the inverse of `split`."""
    if isinstance(value, list):
        return [joined(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"lines"}:
        return "\n".join(cast(list[str], value["lines"]))
    inner = value["as_is"] if value.keys() == {"as_is"} else value
    return {name: joined(each) for name, each in cast(Json, inner).items()}
