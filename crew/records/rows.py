"""Frozen models for the bodies of all kinds of ledger rows.

Members that are not set explicitly are not stored. `crew.records.row_versions` describes how to change a member.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from crew.records.cost import Cost
from crew.settings.terms import Terms
from crew.state import Status

Kind = Literal[
    "opened", "intent", "outcome", "denied", "asked", "answered", "calling", "model", "fault", "fallback",
    "concluded", "paused", "resumed", "note", "closed",
]  # fmt: skip
Arguments = dict[str, JsonValue]
"""Arguments of a tool call, by the names in the tool's schema."""


class RowBody(BaseModel):
    """Base class of the bodies of ledger rows."""

    model_config = ConfigDict(
        frozen=True, serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    row_kind: ClassVar[Kind]

    role: str = ""
    """Name of the role that the row is about; "" for none."""
    artifacts: tuple[str, ...] = ()
    """Digests of the artifacts that belong to the row."""

    def stored(self) -> dict[str, JsonValue]:
        """Return the body as the JSON object that is written to the ledger."""
        return self.model_dump(mode="json", exclude_unset=True)


class Opening(Terms, RowBody):
    """The first row of a delivery: what was requested, by whom, and with which settings."""

    row_kind = "opened"

    story: str
    """Id of the story; the story itself is the row's only artifact."""
    title: str
    service: str
    repository: Path
    stack: str
    origin: str
    """"person", or the agent that requested it."""
    parent: str = ""
    """Id of the delivery that this one is part of; "" for none."""
    run: str
    """Id of the run that the delivery belongs to."""
    strict: bool
    ask: bool = False
    """Whether agents may ask a person."""
    test_command: str = ""
    """The repository's own test command; "" to detect it."""
    shape: str
    """Digest of the delivery graph's shape in the version that opened the delivery."""


class Resumed(RowBody):
    """Settings that a person changed on resume; None for unchanged ones."""

    row_kind = "resumed"

    text: str
    model: str | None = None
    settings: str | None = None
    policies: str | None = None
    budget: str | None = None
    run_budget: str | None = None
    sandbox: str | None = None
    policy_engine: str | None = None
    record: str | None = None

    @property
    def changed(self) -> dict[str, str]:
        """Maps the names of the changed settings to their new values."""
        return self.model_dump(include=set(Terms.model_fields), exclude_none=True)


class Closed(RowBody):
    """How a delivery ended; the last row of its chain."""

    row_kind = "closed"

    status: Status
    reason: str
    pull_request: str = ""
    version: str = ""
    url: str = ""


class PolicyDecision(BaseModel):
    """The policies' decision about a call, with the engine that made it."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["allow", "deny", "ask"]
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    engine: str
    digest: str
    """Digest of the policies."""


class CallBody(RowBody):
    """A call that was submitted to the door, with its rationale and evidence."""

    visit: int = 1
    step: int = 1
    index: int = 0
    tool: str
    arguments: Arguments
    rationale: str
    evidence: tuple[str, ...]


class Intent(CallBody):
    """An action that policy allowed, recorded before it is executed."""

    row_kind = "intent"

    effect: str = ""
    policy: PolicyDecision
    approval: str = ""
    """Id of the approval that it depends on; "" for none."""


class Denied(CallBody):
    """A call that was not executed, and why."""

    row_kind = "denied"

    reasons: tuple[str, ...]
    rules: tuple[str, ...] = ()
    policy: PolicyDecision | None = None
    """Decision of the policies; None if they were not consulted."""


class Concluded(CallBody):
    """A role's answer, given as the arguments of its last call."""

    row_kind = "concluded"

    tool: str = "answer"


class Outcome(RowBody):
    """The result of an action."""

    row_kind = "outcome"

    tool: str
    ok: bool
    code: str
    summary: str
    result: str
    """Digest of the complete result."""
    seconds: float = 0.0
    found_after_a_crash: bool = False


class Asked(RowBody):
    """A question or approval request that awaits a person's decision."""

    row_kind = "asked"

    kind: Literal["approval", "question"] = "approval"
    text: str = ""
    """The question; "" for an approval."""
    reasons: tuple[str, ...] = ()
    """Reasons why a person has to approve; empty for a question."""
    id: str = ""
    action: str = ""
    tool: str = ""
    approves: str = ""
    answerable: bool = False

    @property
    def what(self) -> str:
        """The text of the question, or the reasons for requiring an approval."""
        return self.text if self.kind == "question" else " ".join(self.reasons)


class Answered(RowBody):
    """A person's reply to a question or approval request."""

    row_kind = "answered"

    by: str
    text: str = ""
    approved: bool | None = None
    """Whether the person approved; None for the answer to a question, or if the approval is no longer needed."""

    @property
    def verdict(self) -> str:
        """ "approved" or "rejected"; "" for the answer to a question."""
        return "" if self.approved is None else "approved" if self.approved else "rejected"


class ModelBody(RowBody):
    """Base class of rows about a role's requests to its chat model."""

    visit: int = 1
    step: int = 1
    model: str


class Calling(ModelBody):
    """A request to a chat model, recorded before it is sent."""

    row_kind = "calling"

    request: str = ""
    """Digest of everything that the messages are built from."""
    bytes: int
    shrunk: int = 0
    """Number of times the messages were halved."""
    again: bool = False
    """Whether this repeats a request that was in flight when the process was interrupted."""


class ModelResult(ModelBody, Cost):
    """The result of a request, and its cost."""

    reply: str = ""
    """Digest of the reply; "" for none."""
    seconds: float = 0.0
    served_by: str = ""


class ModelReply(ModelResult):
    """A usable reply to a request, with its cost."""

    row_kind = "model"

    call: str = ""
    """Key of the request's row."""


class ModelFault(ModelResult):
    """An unusable reply, or a request that got no reply."""

    row_kind = "fault"

    fault: dict[str, JsonValue]
    """A serialized `crew.models.faults.Fault`."""
    text: str
    waits_seconds: float | None = None
    """Seconds until the request is sent again."""


class Fallback(RowBody):
    """A change of a role's model, because the previous one gave up or a person replaced it."""

    row_kind = "fallback"

    visit: int
    played: str = Field(validation_alias=AliasChoices("from", "played"), serialization_alias="from")
    to: str
    """The next model; "" if none is left."""
    gave_up: bool = False
    text: str


class Paused(RowBody):
    """The reason why a delivery cannot continue until a person resumes it."""

    row_kind = "paused"

    text: str


class Note(RowBody):
    """A remark by the state machine, for example that a role had nothing to do."""

    row_kind = "note"

    node: str
    text: str


BODIES: dict[str, type[RowBody]] = {
    body.row_kind: body
    for body in (
        Opening, Intent, Outcome, Denied, Asked, Answered, Calling, ModelReply, ModelFault, Fallback, Concluded,
        Paused, Resumed, Note, Closed,
    )
}  # fmt: skip
"""Maps each kind of row to the class of its body."""
