"""The error for a request that is not in a recording, which says what has changed and how to fix it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

from crew.errors import ReplayMismatch
from crew.models.recordings.deltas import split
from crew.models.recordings.format import RecordedCall, Recording
from crew.models.recordings.normalise import Json, Normalised, Place, Tools
from crew.records.canonical_json import canonical, digest, digest_of
from tools.counting import counted

MOST_LINES = 60
LONGEST_LINE = 240
"""Maximum length of a line of the diff, in characters."""


def mismatch(
    folder: Path, recording: Recording, asked: Normalised, tools: Tools, parameters: Json, made: int
) -> ReplayMismatch:
    """Return the error for a request that was never recorded or, if `made` is not 0, only recorded `made` times."""
    place = asked.place
    said = [
        f"The recording {folder} does not contain this request of the {place.role} agent (visit {place.visit}, "
        f"step {place.step}) for {place.story or 'no story'}."
    ]
    if made:
        said.append(f"It was recorded {counted(made, 'time')} but is requested once more.")
    else:
        said += _changes(recording, asked, tools, parameters)
    said.append(
        "Record it again (--record); if only a prompt was edited, "
        f"--model 'replay:{folder}?match=place' --record NEW_FOLDER carries the replies over."
    )
    lines = [] if made else _difference(closest(recording, asked), asked)
    return ReplayMismatch("\n".join([" ".join(said), *lines]))


def closest(recording: Recording, asked: Normalised) -> RecordedCall | None:
    """Return the recorded call of the same step that is most similar to the request, or None."""
    here = [canonical(each) for each in asked.messages]

    def likeness(call: RecordedCall) -> float:
        return SequenceMatcher(
            None, [canonical(each) for each in call.messages], here, autojunk=False
        ).ratio()

    return max(recording.at(asked.place), key=likeness, default=None)


def prompt_of(messages: Sequence[Json]) -> str:
    """Return the digest of a request's system prompt, or "" if it has none."""
    first = messages[0] if messages else {}
    return digest(str(first["content"])) if first.get("type") == "system" else ""


def tool_digests(tools: Tools) -> dict[str, str]:
    """Return the digests of the tools' schemas, by tool name."""
    return {_name(each): digest_of(each) for each in tools}


def _name(tool: Mapping[str, object]) -> str:
    function = tool.get("function")
    return str(function.get("name") if isinstance(function, dict) else tool.get("name", "?"))


def _changes(recording: Recording, asked: Normalised, tools: Tools, parameters: Json) -> list[str]:
    place = asked.place
    role, near = recording.about.roles.get(place.role), closest(recording, asked)
    if role is None:
        return [f"It contains no call of the {place.role} agent."]
    said = []
    if prompt_of(asked.messages) != (prompt_of(near.messages) if near else role.prompt):
        said.append(f"The prompt of the {place.role} agent changed since it was recorded.")
    now = tool_digests(tools)
    changed = sorted(name for name, _ in now.items() ^ role.tools.items())
    if near is None or near.tools != digest_of(list(tools)):
        if changed:
            said.append(f"The tools of the {place.role} agent changed: {', '.join(dict.fromkeys(changed))}.")
        elif near:
            said.append(f"The tools of the {place.role} agent are offered in a different order or selection.")
    if near and near.parameters != parameters:
        said.append(
            f"Its parameters are {canonical(parameters)}; previously, they were {canonical(near.parameters)}."
        )
    return said if near else [*said, _unknown(recording, place)]


def _unknown(recording: Recording, place: Place) -> str:
    visit = recording.of(place)
    if visit:
        return f"That visit was recorded up to step {max(each.step for each in visit)}."
    stories = sorted({each.story for each in recording.calls})
    if place.story not in stories:
        return f"It was recorded for {', '.join(stories) or 'no story'}."
    return "That visit was not recorded."


def _difference(near: RecordedCall | None, asked: Normalised) -> list[str]:
    if near is None or near.request == asked.digest:
        return []
    before, now = _lines(near.messages), _lines(asked.messages)
    lines = list(unified_diff(before, now, f"recorded, {near.name}", "now", n=2, lineterm=""))
    left_out = len(lines) - MOST_LINES
    shown = [
        line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..." for line in lines[:MOST_LINES]
    ]
    return [*shown, *([f"({counted(left_out, 'more line')})"] if left_out > 0 else [])]


def _lines(messages: Sequence[Json]) -> list[str]:
    return json.dumps(split([*messages]), indent=1, sort_keys=True, ensure_ascii=False).splitlines()
