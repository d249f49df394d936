"""The format of a recording on disk: `recording.json`, and one file per call under `calls/`, readable in a diff.

A call's file contains only the messages that are new since the previous call in the same attempt of the role, with
multi-line strings encoded as `{"lines": [...]}`. Reading a recording reverses both and checks every digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ValidationError

from crew.errors import BadInput, problems_in
from crew.models.recordings.deltas import applied, changes, joined, split
from crew.models.recordings.normalise import Json, Place, said_as_message
from crew.records.canonical_json import digest_of
from crew.settings.config import Price
from tools.workspace.atomic_write import write_atomically

FORMAT = 1
ABOUT = "recording.json"


class Usage(BaseModel, frozen=True):
    """The token usage of a call."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False
    """Whether the counts are estimates because the server did not report them."""


class RecordedRole(BaseModel, frozen=True):
    """The prompt and tools of a role in its last attempt."""

    prompt: str
    """Digest of the rendered prompt."""
    tools: dict[str, str]
    """Digests of the tools' schemas, by tool name."""


class RecordedDelivery(BaseModel, frozen=True):
    """A delivery that the recording contains."""

    service: str
    story: str
    delivery: str
    """The delivery's id at the time of recording."""


class About(BaseModel, frozen=True):
    """Metadata of a recording: its contents and how it was made."""

    format: int = FORMAT
    title: str
    model: str
    """URL of the model, as the user gave it."""
    reported: list[str] = []
    """Model names that the servers reported."""
    made: str
    """How the recording was made, in one sentence."""
    date: str
    shipcrew: str
    """Version of Shipcrew."""
    context_bytes: int = 0
    """Size of a request's messages, in bytes, above which the conversation was compacted; 0 means no limit."""
    prices: dict[str, Price] | None = None
    """Prices by model; None if unknown."""
    deliveries: list[RecordedDelivery] = []
    roles: dict[str, RecordedRole] = {}


class RecordedCall(BaseModel, frozen=True):
    """A recorded request to a model, with its reply or error."""

    sequence: int
    """Position in the recording, from 1."""
    service: str
    story: str
    role: str
    visit: int
    step: int
    sample: int
    """Number of times that the same request has been made, including this one."""
    request: str
    """Digest of the messages."""
    messages: list[Json]
    """All messages of the request, in normal form."""
    tools: str
    """Digest of the tools' schemas."""
    parameters: Json
    size: int
    """Size of the messages and tools as canonical JSON, in bytes."""
    reply: Json | None = None
    """The reply in normal form; None for a call that failed."""
    error: str = ""
    """Name of the failure; "" for a successful call."""
    model: str = ""
    """Name of the model, as the server reported it."""
    usage: Usage | None = None
    """Token usage; None if unknown."""
    seconds: float

    @property
    def thread(self) -> tuple[str, str, str, int]:
        """Service, story, role and attempt, which identify the conversation that the call belongs to."""
        return self.service, self.story, self.role, self.visit

    @property
    def key(self) -> str:
        """Key of the request, which is the same for equal requests."""
        return key_of(self.request, self.tools, self.parameters)

    @property
    def name(self) -> str:
        """Name of the call's file."""
        return f"{self.sequence:04}-{self.role}-{self.visit}-{self.step}.json"


class Recording(BaseModel, frozen=True):
    """A recording that was read from disk."""

    about: About
    calls: list[RecordedCall]
    """All calls, ordered by sequence."""

    def at(self, place: Place) -> list[RecordedCall]:
        """Return the recorded calls of the step at `place`."""
        return [each for each in self.of(place) if each.step == place.step]

    def of(self, place: Place) -> list[RecordedCall]:
        """Return the recorded calls of the attempt at `place`."""
        thread = (place.service, place.story, place.role, place.visit)
        return [each for each in self.calls if each.thread == thread]


def key_of(request: str, tools: str, parameters: Json) -> str:
    """Return the key of a request: the digest of its messages, tools and parameters."""
    return digest_of([request, tools, parameters])


def read(folder: Path) -> Recording:
    """Read the recording in a folder; raises BadInput if it is invalid."""
    about = _about(folder)
    try:
        calls: dict[int, RecordedCall] = {}
        for path in sorted((folder / "calls").glob("*.json")):
            found = _call(path, calls)
            calls[found.sequence] = found
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise BadInput(f"{path} is not a call of a recording: {_short(error)}. {_FIX}") from error
    return Recording(about=about, calls=list(calls.values()))


def write_about(folder: Path, about: About) -> None:
    """Write the metadata of a recording to `recording.json`."""
    _write(folder / ABOUT, about.model_dump(mode="json"))


def write_call(folder: Path, call: RecordedCall, before: RecordedCall | None) -> None:
    """Write a call's file as changes relative to `before`, the previous call of the conversation."""
    body = call.model_dump(mode="json", exclude={"messages"})
    body = {name: value for name, value in body.items() if value not in (None, "")}
    body["base"] = before.sequence if before else 0
    body["messages"] = changes(call.messages, _continued(before))
    _write(folder / "calls" / call.name, body)


def remove_call(folder: Path, call: RecordedCall) -> None:
    """Delete the file of a call, if it exists."""
    (folder / "calls" / call.name).unlink(missing_ok=True)


_FIX = "Record it again with --record."


def _about(folder: Path) -> About:
    path = folder / ABOUT
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a recording: no such folder. Name a folder that --record made.")
    try:
        found = json.loads(path.read_text())
        version = found["format"] if isinstance(found, dict) else None
        if version != FORMAT:
            raise BadInput(
                f"The recording {folder} has format {version!r}; this version of the crew reads {FORMAT}. {_FIX}"
            )
        return About.model_validate(found)
    except FileNotFoundError as error:
        raise BadInput(
            f"{folder} is not a recording: it has no {ABOUT}. Name one that --record made."
        ) from error
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read: {_short(error)}. {_FIX}") from error


def _call(path: Path, calls: dict[int, RecordedCall]) -> RecordedCall:
    body = joined(json.loads(path.read_text()))
    if not isinstance(body, dict):
        raise TypeError("it does not contain an object")
    number = cast(int, body.pop("base"))
    base = calls[number] if number else None
    delta = cast(list[Json], body["messages"])
    messages = applied(delta, _continued(base))
    call = RecordedCall.model_validate({**body, "messages": messages})
    if digest_of(messages) != call.request:
        raise ValueError("its messages do not match its digest; the file was changed")
    if call.sequence in calls or call.name != path.name:
        raise ValueError(f"its number, {call.sequence}, is that of another file")
    return call


def _continued(call: RecordedCall | None) -> list[Json]:
    """Return the conversation after a call: the messages of the request, followed by the reply."""
    if call is None:
        return []
    return [*call.messages, *([said_as_message(call.reply)] if call.reply else [])]


def _write(path: Path, body: Json) -> None:
    text = json.dumps(split(body), indent=1, sort_keys=True, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text, mode=0o644)


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return problems_in(error)[0]
    return f"{error!r}" if isinstance(error, KeyError | TypeError | IndexError) else str(error)
