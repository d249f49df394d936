"""What can be wrong with a reply, as it comes over the wire, and what it is called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.crew.models.forms import Say
from tests.crew.models.server import Raw, Reset, Silence, Status, Step, say
from tests.crew.models.wired import MODES

STREAMED = ("chat streamed",)
STREAMS = ("chat streamed", "responses streamed")
BOTH = ("chat", "chat streamed")
ALL = tuple(MODES)
REASONED = {"rationale": "To see what is there.", "evidence": []}
NEXT_WEEK = format_datetime(datetime.now(UTC) + timedelta(days=7), usegmt=True)
SOON = format_datetime(datetime.now(UTC) - timedelta(seconds=1), usegmt=True)
SAYS_TOO_LONG = "This model's maximum context length is 8192 tokens."


@dataclass(frozen=True)
class Case:
    """A fault as the server shows it, its name, and what is done about it."""

    name: str
    step: Step
    fault: str
    remedy: str
    modes: tuple[str, ...] = STREAMED
    told: str = ""
    """Part of what the model is told."""


def arguments(text: str) -> Say:
    """Return a call with arguments as they stand on the wire."""
    return say("list_files", text)


def given(**changes: Any) -> Say:
    """Return a call that is in order, but for the changes."""
    return say("list_files", REASONED | changes)


def ended(**how: Any) -> Say:
    """Return a call that is in order, in a reply that is not."""
    return say("list_files", REASONED, **how)


TWICE = Say(calls=(("c1", "list_files", json.dumps(REASONED)), ("c2", "write_file", '{"path": ')))
DEEP = "[" * 90 + "]" * 90
WHOLE = '"rationale": "Why.", "evidence": []'

CASES = [
    Case("429", Status(429, "slow down"), "rate_limited", "wait", ALL),
    Case("429 with seconds", Status(429, "slow down", {"Retry-After": "0.01"}), "rate_limited", "wait"),
    Case("429 with a date", Status(429, "slow down", {"Retry-After": SOON}), "rate_limited", "wait"),
    Case("429 next week", Status(429, "slow down", {"Retry-After": NEXT_WEEK}), "rate_limited", "give_up"),
    Case("429 for ages", Status(429, "slow down", {"Retry-After": "86400"}), "rate_limited", "give_up"),
    Case("no quota", Status(429, "insufficient_quota: check your plan"), "no_quota", "give_up", BOTH),
    Case("500", Status(500, "oops"), "server_error", "wait", BOTH),
    Case("502 as a page", Raw(b"<html>bad gateway"), "unreadable", "wait", ALL),
    Case("503", Status(503, "overloaded"), "server_error", "wait"),
    Case("401", Status(401, "who are you"), "unauthorised", "give_up", ALL),
    Case("403", Status(403, "not yours"), "unauthorised", "give_up"),
    Case("404", Status(404, "The model `m` does not exist"), "unknown_model", "give_up"),
    Case("overflow", Status(400, SAYS_TOO_LONG, kind="context_length_exceeded"), "context_overflow", "shrink", ALL),
    Case("overflow by its code", Status(400, "no", kind="context_length_exceeded"), "context_overflow", "shrink"),
    Case("overflow in a stream", ended(ends=SAYS_TOO_LONG), "context_overflow", "shrink", STREAMS),
    Case("error in a stream", ended(ends="the GPU fell over"), "server_error", "wait", STREAMS),
    Case("413", Status(413, "Request Entity Too Large"), "context_overflow", "shrink"),
    Case("402", Status(402, "Insufficient Balance"), "no_quota", "give_up"),
    Case("no tools", Status(400, "m does not support tools"), "no_tool_calling", "give_up", ALL),
    Case("another 400", Status(400, "temperature is out of bounds"), "bad_request", "give_up"),
    Case("reset", Reset(), "disconnected", "wait", ALL),
    Case("reset on the way", ended(ends="reset"), "disconnected", "wait", ALL),
    Case("end without a reason", ended(ends="silent"), "disconnected", "wait", STREAMS),
    Case("silence", Silence(), "disconnected", "wait", BOTH),
    Case("a page", Raw(b"<html><h1>Welcome</h1></html>", "text/html"), "unreadable", "wait", ALL),
    Case("no choices", Raw(b'{"id": "c", "object": "chat.completion"}'), "unreadable", "wait", BOTH),
    Case("choices null", Raw(b'{"id": "c", "choices": null}'), "unreadable", "wait", BOTH),
    Case("choices empty", Raw(b'{"id": "c", "choices": []}'), "unreadable", "wait", BOTH),
    Case("deep reply", Raw(b"[" * 100_000), "unreadable", "wait", BOTH),
    Case("compressed", Raw(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), "unreadable", "give_up"),
    Case("broken arguments", arguments('{"rationale": "Why'), "malformed_arguments", "tell", ALL, "could not be read"),
    Case("half arguments", arguments("{" + WHOLE), "malformed_arguments", "tell", ALL, "could not be read"),
    Case("list of arguments", arguments("[1]"), "malformed_arguments", "tell", BOTH, "list instead of an object"),
    Case("list in responses", arguments("[1]"), "unreadable", "wait", ("responses", "responses streamed")),
    Case("NaN", arguments('{"n": NaN, ' + WHOLE + "}"), "malformed_arguments", "tell", ALL, ""),
    Case("infinity", arguments('{"n": 1e400, ' + WHOLE + "}"), "malformed_arguments", "tell", ALL, "out of range"),
    Case("huge", arguments('{"n": 1' + "0" * 400 + ", " + WHOLE + "}"), "malformed_arguments", "tell", ALL, "range"),
    Case("surrogate", arguments('{"path": "\\ud800", ' + WHOLE + "}"), "malformed_arguments", "tell", ALL, "surrogate"),
    Case("deep", arguments('{"n": ' + DEEP + ", " + WHOLE + "}"), "malformed_arguments", "tell", ALL, "40 deep"),
    Case("one bad of two", TWICE, "malformed_arguments", "tell", ALL, "None of your calls was executed"),
    Case("unknown tool", say("rm_rf", REASONED), "unknown_tool", "tell", ALL, "Unknown tool 'rm_rf'; yours are list"),
    Case("no name", say("", REASONED), "unknown_tool", "tell"),
    Case("no rationale", arguments("{}"), "no_rationale", "tell", ALL, "had no rationale"),
    Case("no arguments", arguments(""), "no_rationale", "tell", STREAMED),
    Case("empty rationale", given(rationale=" ... "), "no_rationale", "tell"),
    Case("rationale of numbers", given(rationale=7), "no_rationale", "tell"),
    Case("nested rationale", given(rationale={"why": "Why."}), "no_rationale", "tell", ALL),
    Case("refusal", Say(refusal="I cannot help with that."), "refusal", "tell", ALL, "You refused"),
    Case("content filter", Say(text="I", finish="content_filter"), "refusal", "tell", ALL, "You refused"),
    Case("cut off", ended(finish="length"), "truncated", "tell", ALL, "cut off"),
    Case("empty", Say(), "empty", "tell", ALL, "Your reply was empty"),
    Case("text only", Say(text="I would look."), "no_call", "tell", ALL, "which has no effect"),
]  # fmt: skip
