"""Turns the output of an engine into a decision; anything invalid means deny."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, JsonValue, ValidationError

from tools.policy import Decision
from tools.policy.question import plain_text, visible

FORM = "crew/1"
LONGEST_PART = 300
"""Maximum length of a path, a name or the like within a reason."""
NO_ANSWER = "The policy gave no answer, which counts as a no."


_READABLE = str.maketrans({"\uff02": '"'})
"""Restores quotes for people, which engines must not see."""


class _Strict(BaseModel, extra="forbid", strict=True, frozen=True):
    """Part of an answer, in exactly the expected form."""


class _Finding(_Strict, frozen=True):
    rule: str
    reason: str | list[JsonValue]
    """A text, or its parts: joining texts in Rego is slow, and sprintf is wrong in regopy."""
    mend: str | list[JsonValue] = ""

    @property
    def sentence(self) -> str:
        return plain_text(f"{_text(self.reason)} {_text(self.mend)}".strip()).translate(_READABLE)


class _Question(_Finding, frozen=True):
    answerable: bool = False


class _Answer(_Strict, frozen=True):
    form: str
    call: int
    deny: list[_Finding]
    ask: list[_Question]


def _text(part: JsonValue) -> str:
    """Join the parts of a text, with long parts truncated and nested lists separated by commas."""
    if isinstance(part, list):
        return "".join(
            ", ".join(map(_text, each)) if isinstance(each, list) else _text(each) for each in part
        )
    text = part if isinstance(part, str) else json.dumps(part)
    return text if len(text) <= LONGEST_PART else f"{text[:LONGEST_PART]}…"


class Unanswered(Exception):  # noqa: N818  an event, not a fault
    """An engine gave no usable answer; the message says why."""


def answer(
    call: dict[str, JsonValue],
    exchange: Callable[[dict[str, JsonValue]], JsonValue],
    engine: str,
    digest: str,
) -> Decision:
    """Ask about one call through `exchange` (raises Unanswered or ValueError), and return the decision.

    Every question has a unique number that the answer must repeat, so that an answer to an earlier question is not
    accepted.
    """
    started = time.perf_counter()
    outcome: Literal["allow", "deny", "ask"] = "deny"
    reasons: tuple[str, ...]
    rules: tuple[str, ...] = ()
    answerable = False
    try:
        reply = _ask(call, exchange)
    except (Unanswered, ValueError) as error:
        reasons = (NO_ANSWER, plain_text(str(error)))
    else:
        outcome = "deny" if reply.deny else "ask" if reply.ask else "allow"
        answerable = outcome == "ask" and all(question.answerable for question in reply.ask)
        findings: list[_Finding] = [*reply.deny] or [*reply.ask]
        ordered = sorted({(finding.rule, finding.sentence) for finding in findings})
        reasons, rules = tuple(sentence for _, sentence in ordered), tuple(rule for rule, _ in ordered)
    return Decision(
        outcome=outcome,
        reasons=reasons,
        rules=rules,
        answerable=answerable,
        engine=engine,
        policy_digest=digest,
        seconds=time.perf_counter() - started,
    )


def _ask(call: dict[str, JsonValue], exchange: Callable[[dict[str, JsonValue]], JsonValue]) -> _Answer:
    number = secrets.randbelow(2**48)
    try:
        reply = _Answer.model_validate(exchange({**visible(call), "call": number}))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its top"
        raise Unanswered(f"The answer is malformed at {place}: {first['msg']}.") from error
    if reply.form != FORM or reply.call != number:
        raise Unanswered("The answer is not about this call.")
    return reply
