"""The decision about a call, from the output of an engine; anything invalid means deny."""

from __future__ import annotations

import json
import secrets
import time
from abc import ABC, abstractmethod
from typing import Literal

from pydantic import AliasChoices, BaseModel, Field, JsonValue, ValidationError

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
    fix: str | list[JsonValue] = Field("", validation_alias=AliasChoices("fix", "mend"))
    """How to fix it; policies written for the first version call it `mend`."""

    @property
    def sentence(self) -> str:
        return plain_text(f"{_text(self.reason)} {_text(self.fix)}".strip()).translate(_READABLE)


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


class Decision(BaseModel, frozen=True):
    """The decision of the policies about one call."""

    outcome: Literal["allow", "deny", "ask"]
    """`ask` means that a person must approve; the caller stores approvals and asks for every call."""
    reasons: tuple[str, ...]
    """Plain sentences: what is wrong and how to fix it. Empty for `allow`."""
    rules: tuple[str, ...]
    """Ids of the rules that led to the outcome, in the order of the reasons; empty without an answer."""
    answerable: bool
    """Whether `--yes` may approve on behalf of the person. False unless the outcome is `ask`."""
    engine: str
    policy_digest: str
    """Digest of all policies and data, "sha256:..."."""
    seconds: float


class PolicyEngine(ABC):
    """An engine that evaluates the policies."""

    name: str
    """"regopy" or "opa"."""
    digest: str
    """Digest of all policy and data files, sorted by name: "sha256:..."."""

    def decide(self, document: dict[str, JsonValue]) -> Decision:
        """Decide about one call. Never raises: errors lead to a denial. Thread-safe."""
        started = time.perf_counter()
        outcome: Literal["allow", "deny", "ask"] = "deny"
        reasons: tuple[str, ...]
        rules: tuple[str, ...] = ()
        answerable = False
        try:
            reply = self._ask(document)
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
            engine=self.name,
            policy_digest=self.digest,
            seconds=time.perf_counter() - started,
        )

    @abstractmethod
    def close(self) -> None:
        """Release its resources. A closed engine denies everything."""

    @abstractmethod
    def _exchange(self, document: dict[str, JsonValue]) -> JsonValue:
        """Return the engine's output for an input document; raises Unanswered or ValueError."""

    def _ask(self, document: dict[str, JsonValue]) -> _Answer:
        # A unique number, which the answer must repeat, so that an answer to an earlier question is not accepted.
        number = secrets.randbelow(2**48)
        try:
            reply = _Answer.model_validate(self._exchange({**visible(document), "call": number}))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "its top"
            raise Unanswered(f"The answer is malformed at {place}: {first['msg']}.") from error
        if reply.form != FORM or reply.call != number:
            raise Unanswered("The answer is not about this call.")
        return reply
