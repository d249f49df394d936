"""The decision about a call, derived from the output of an engine; any invalid output means deny."""

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
"""Maximum number of characters of each part of a reason, such as a path or a name."""
NO_ANSWER = "The policy gave no answer, which counts as a denial."


_READABLE = str.maketrans({"\uff02": '"'})
"""Translation table that restores the quotes for people; engines get a full-width character instead."""


class _Strict(BaseModel, extra="forbid", strict=True, frozen=True):
    """Base class for the parts of an engine's answer, which must have exactly the expected form."""


class _Finding(_Strict, frozen=True):
    rule: str
    reason: str | list[JsonValue]
    """A string or a list of its parts, as joining strings is slow in Rego and regopy's `sprintf` is faulty."""
    fix: str | list[JsonValue] = Field("", validation_alias=AliasChoices("fix", "mend"))
    """How to fix the problem; policies written for the first version call this `mend`."""

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
    """Raised when an engine gives no usable answer; the message says why."""


class Decision(BaseModel, frozen=True):
    """The decision of the policies about one call."""

    outcome: Literal["allow", "deny", "ask"]
    """`ask` means that a person must approve; the caller stores approvals and asks the engine about every call."""
    reasons: tuple[str, ...]
    """Plain sentences: what is wrong and how to fix it. Empty for `allow`."""
    rules: tuple[str, ...]
    """Ids of the rules that led to the outcome, in the order of the reasons; empty if there was no answer."""
    answerable: bool
    """Whether `--yes` may approve on behalf of a person. False unless the outcome is `ask`."""
    engine: str
    policy_digest: str
    """Digest of all policies and data, "sha256:..."."""
    seconds: float


class PolicyEngine(ABC):
    """An engine that evaluates the policies."""

    name: str
    """Name of the engine: "regopy" or "opa"."""
    digest: str
    """Digest of all policy and data files, sorted by name: "sha256:..."."""

    def decide(self, document: dict[str, JsonValue]) -> Decision:
        """Return the decision about one call. Never raises: errors lead to a denial. Thread-safe."""
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
        """Release the engine's resources. A closed engine denies every call."""

    @abstractmethod
    def _exchange(self, document: dict[str, JsonValue]) -> JsonValue:
        """Return the engine's output for an input document; raises Unanswered or ValueError."""

    def _ask(self, document: dict[str, JsonValue]) -> _Answer:
        # The answer must repeat this random number, so that the answer to an earlier question is not accepted.
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
