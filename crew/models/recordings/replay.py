"""A chat model whose replies come from a recording.

A replayed delivery runs the real tools; its requests have to equal the recorded ones, apart from values that vary
between runs (see crew/models/recordings/normalise.py)."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import PrivateAttr

from crew.errors import BadInput, Stopped
from crew.models.faults import GAVE_UP, Fault, Faulty
from crew.models.local import LocalModel
from crew.models.recordings.format import RecordedCall, Recording, key_of, read
from crew.models.recordings.mismatch import mismatch, prompt_of
from crew.models.recordings.normalise import Json, Normalised, Tools, normalised
from crew.records.canonical_json import digest_of
from tools.redaction import Redactor

SECRET_CALLS = "calls_with_secrets"  # noqa: S105  the same key as in crew/model_calls.py


class ReplayModel(LocalModel):
    """A chat model that replies from a recording; a process uses one model for all roles."""

    folder: Path
    redact: Redactor
    """Redactor for requests, which has to know the same secrets as the one used for recording."""
    by_place: bool = False
    """Whether replies are chosen by role, attempt and step only, for recording again after a prompt was edited."""
    home: Path | None = None
    """Home of the replayed delivery."""

    _recording: Recording = PrivateAttr()
    _asked: Counter[tuple[str, ...]] = PrivateAttr(default_factory=Counter)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        """Read the recording; raises BadInput if it cannot be read."""
        super().model_post_init(context)
        self._recording = read(self.folder)

    @property
    def recording(self) -> Recording:
        """The recording that replies are taken from."""
        return self._recording

    def visits(self, role: str) -> int:
        """Return the highest number of attempts of a role in a recorded delivery; 1 for an unrecorded role."""
        return max((each.visit for each in self._recording.calls if each.role == role), default=1)

    def taken_over(self, role: str, visit: int) -> bool:
        """Return whether the next attempt has the same prompt, as for a fallback model or a repair."""
        prompts = {
            (each.role, each.visit): prompt_of(each.messages) for each in reversed(self._recording.calls)
        }
        prompt = prompts.get((role, visit), "")
        return "" != prompt == prompts.get((role, visit + 1))

    def answer(self, messages: list[BaseMessage], bound: dict[str, Any]) -> AIMessage:
        """Return the recorded reply to a request with the same messages, tools and parameters."""
        tools = bound.pop("tools", [])
        parameters = cast(Json, self.redact(bound))
        asked = normalised(messages, redact=self.redact, home=self.home)
        call = self._find(asked, tools, parameters)
        if call.reply is None:
            raise self._error(call)
        return _message(call, asked.restored(call.reply, f"call-{call.sequence:04}-"))

    def _find(self, asked: Normalised, tools: Tools, parameters: Json) -> RecordedCall:
        place, key = asked.place, key_of(asked.digest, digest_of(list(tools)), parameters)
        if self.by_place:
            there = self._recording.at(place)
            counted: tuple[str, ...] = tuple(map(str, vars(place).values()))
        else:
            there = [each for each in self._recording.calls if each.key == key]
            counted = (place.delivery, key)
        with self._lock:
            made = self._asked[counted]
            if made < len(there):
                self._asked[counted] += 1
                return there[made]
        raise mismatch(self.folder, self._recording, asked, tools, parameters, made)

    def _error(self, call: RecordedCall) -> Exception:
        what = f"{call.error}, as it was recorded in {call.name}."
        if call.error == "context_overflow":
            return Faulty(Fault(name="context_overflow", remedy="shrink", what=what))
        if call.error == GAVE_UP:
            return Faulty(Fault(name=GAVE_UP, remedy="give_up", what=what))
        return Stopped(
            f"The call {call.name} of {self.folder} failed with {call.error}, which this version cannot reproduce. "
            "Record it again with --record."
        )


def replay_model(url: str, *, redact: Redactor, home: Path | None = None) -> ReplayModel:
    """Return the model for the URL `replay:<folder>` or `replay:<folder>?match=place`.

    The caller has to ensure that `match=place` is only used with a Recorder. Raises BadInput if the URL is invalid."""
    folder, asked, match = url.removeprefix("replay:").partition("?match=")
    if not folder or (asked and match not in ("request", "place")):
        raise BadInput(f"{url!r} names no recording; write replay:FOLDER, or replay:FOLDER?match=place.")
    return ReplayModel(folder=Path(folder).expanduser(), by_place=match == "place", redact=redact, home=home)


def carried_over(model: ReplayModel) -> str:
    """Return the `made` sentence for a recording whose replies are carried over by place from another one."""
    about = model.recording.about
    return f"Replies carried over by place from {about.title!r} ({about.date}, {about.model}), of which: {about.made}"


def _message(call: RecordedCall, reply: Json) -> AIMessage:
    extra = {"refusal": reply.get("refusal"), SECRET_CALLS: reply.get("calls_with_secrets")}
    usage = call.usage
    metadata: dict[str, Any] = {"recorded": True, "estimated": bool(usage and usage.estimated)}
    told = {"finish_reason": reply.get("finish_reason"), "model_name": call.model}
    return AIMessage(
        content=cast(Any, reply["content"]),
        tool_calls=cast(Any, reply["tool_calls"]),
        invalid_tool_calls=cast(Any, reply.get("invalid_tool_calls", [])),
        additional_kwargs={name: value for name, value in extra.items() if value},
        response_metadata=metadata | {name: value for name, value in told.items() if value},
        usage_metadata=usage
        and {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
        },
    )
