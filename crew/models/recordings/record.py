"""Recording of the requests to a chat model and its replies, for crew/models/recordings/replay.py."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import cast

from langchain_core.messages import AIMessage, BaseMessage

from crew.errors import BadInput
from crew.models.recordings.format import (
    ABOUT,
    About,
    RecordedCall,
    RecordedDelivery,
    RecordedRole,
    Usage,
    key_of,
    read,
    remove_call,
    write_about,
    write_call,
)
from crew.models.recordings.mismatch import prompt_of, tool_digests
from crew.models.recordings.normalise import Json, Normalised, Place, Tools, normalised
from crew.records.canonical_json import canonical, digest_of
from crew.settings.config import Price
from tools.redaction import Redactor


class Recorder:
    """A recorder that writes calls to a folder; a process uses one for all its threads.

    A resumed delivery repeats only requests whose replies are not in its ledger. A request that an earlier
    process has already recorded therefore replaces that recorded call, and all later ones of the same
    attempt."""

    def __init__(
        self,
        folder: Path,
        *,
        title: str,
        model: str,
        made: str,
        today: date,
        prices: Mapping[str, Price] | None = None,
        redact: Redactor,
        home: Path | None = None,
        context_bytes: int = 0,
    ) -> None:
        """Start a recording, or continue an existing one.

        `made` describes in one sentence how it was made. Raises BadInput
        if the folder cannot be written, or contains anything else or a recording of another model."""
        self._folder, self._redact, self._home = folder, redact, home
        self._lock = threading.Lock()
        self._samples: Counter[tuple[str, str]] = Counter()
        self._calls: dict[int, RecordedCall] = {}
        if (folder / ABOUT).exists():
            found = read(folder)
            if found.about.model != model:
                raise BadInput(
                    f"{folder} is a recording of {found.about.model}, not of {model}. Record into another folder."
                )
            self._about = found.about
            self._calls = {each.sequence: each for each in found.calls}
            return
        if folder.exists() and (not folder.is_dir() or any(each.name[0] != "." for each in folder.iterdir())):
            raise BadInput(f"{folder} is neither empty nor a recording. Record into a new folder.")
        self._about = About(
            title=title,
            model=model,
            made=made,
            date=today.isoformat(),
            shipcrew=version("shipcrew"),
            context_bytes=context_bytes,
            prices=dict(prices) if prices else None,
        )
        try:
            self._save_about(self._about)
        except OSError as error:
            raise BadInput(
                f"{folder} cannot be written to: {error.strerror}. Record into another folder."
            ) from error

    def check(self, service: str, story: str) -> None:
        """Raise BadInput if the folder already contains a delivery of the story, since both would be mixed up."""
        for each in self._about.deliveries:
            if (each.service, each.story) == (service, story):
                raise BadInput(
                    f"{self._folder} records the delivery {each.delivery} of {story}. Record into another folder, or "
                    "remove this one."
                )

    def begin(self, service: str, story: str, delivery: str) -> None:
        """Add a delivery before its first call.

        Raises BadInput if the folder already contains another delivery of the story."""
        with self._lock:
            self._begin(RecordedDelivery(service=service, story=story, delivery=delivery))

    def keep(
        self,
        messages: Sequence[BaseMessage],
        tools: Tools,
        parameters: Json,
        reply: AIMessage,
        seconds: float,
    ) -> None:
        """Record a call and its reply.

        `tools` and `parameters` are those bound to the call, which a replay compares, not options of the model.
        `model_name`, `finish_reason` and `estimated` are read from `reply.response_metadata`."""
        asked = normalised(messages, redact=self._redact, home=self._home)
        used = reply.usage_metadata
        about = reply.response_metadata
        usage = used and Usage(
            input_tokens=used["input_tokens"],
            output_tokens=used["output_tokens"],
            estimated=bool(about.get("estimated")),
        )
        reported = str(about.get("model_name") or "")
        said = {"reply": asked.reply(reply), "usage": usage, "model": reported}
        self._keep(asked, tools, parameters, said, seconds)

    def keep_error(
        self,
        messages: Sequence[BaseMessage],
        tools: Tools,
        parameters: Json,
        error: str,
        seconds: float,
    ) -> None:
        """Record a failed call, with the name of the failure, on which the rest of the conversation depends."""
        asked = normalised(messages, redact=self._redact, home=self._home)
        self._keep(asked, tools, parameters, {"error": error}, seconds)

    def _keep(
        self,
        asked: Normalised,
        tools: Tools,
        parameters: Json,
        said: Mapping[str, object],
        seconds: float,
    ) -> None:
        parameters = cast(Json, self._redact(parameters))
        place, offered = asked.place, digest_of(list(tools))
        key = key_of(asked.digest, offered, parameters)
        with self._lock:
            delivery = RecordedDelivery(service=place.service, story=place.story, delivery=place.delivery)
            self._begin(delivery)
            self._samples[place.delivery, key] += 1
            sample = self._samples[place.delivery, key]
            call = RecordedCall.model_validate(
                {
                    "sequence": self._sequence(key, sample),
                    **{name: value for name, value in vars(place).items() if name != "delivery"},
                    "sample": sample,
                    "request": asked.digest,
                    "messages": asked.messages,
                    "tools": offered,
                    "parameters": parameters,
                    "size": len(canonical([asked.messages, list(tools)])),
                    "seconds": round(seconds, 3),
                    **said,
                }
            )
            self._save(call)
            self._describe(place, asked, tools, call.model)

    def _sequence(self, key: str, sample: int) -> int:
        earlier = [each for each in self._calls.values() if each.key == key and each.sample == sample]
        if not earlier:
            return max(self._calls, default=0) + 1
        call = earlier[0]
        for each in list(self._calls.values()):
            if each.thread == call.thread and each.sequence > call.sequence:
                remove_call(self._folder, self._calls.pop(each.sequence))
        return call.sequence

    def _save(self, call: RecordedCall) -> None:
        before = [
            each
            for each in self._calls.values()
            if each.thread == call.thread and each.sequence < call.sequence
        ]
        latest = max(before, key=lambda each: each.sequence, default=None)
        write_call(self._folder, call, latest)
        self._calls[call.sequence] = call

    def _begin(self, wanted: RecordedDelivery) -> None:
        for each in self._about.deliveries:
            if each == wanted:
                return
        self.check(wanted.service, wanted.story)
        self._save_about(self._about.model_copy(update={"deliveries": [*self._about.deliveries, wanted]}))

    def _describe(self, place: Place, asked: Normalised, tools: Tools, reported: str) -> None:
        role = RecordedRole(prompt=prompt_of(asked.messages), tools=tool_digests(tools))
        names = sorted({*self._about.reported, reported} - {""})
        told = self._about.model_copy(
            update={"roles": self._about.roles | {place.role: role}, "reported": names}
        )
        if told != self._about:
            self._save_about(told)

    def _save_about(self, about: About) -> None:
        clean = self._redact(about.model_dump(mode="json"))
        self._about = About.model_validate(clean)
        write_about(self._folder, self._about)
