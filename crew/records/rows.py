"""The body of every kind of ledger row: a frozen model, made by its writer and handed to every reader.

Members that a writer leaves out are not stored. `crew.records.row_versions` says how a member is changed."""

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
"""Arguments of a tool call, as its schema names them."""


class RowBody(BaseModel):
    """What a row holds."""

    model_config = ConfigDict(
        frozen=True, serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    row_kind: ClassVar[Kind]

    role: str = ""
    """The role that the row concerns; "" for none."""
    artifacts: tuple[str, ...] = ()
    """Digests of the artifacts that belong to the row."""

    def stored(self) -> dict[str, JsonValue]:
        """Return the JSON object that is written."""
        return self.model_dump(mode="json", exclude_unset=True)


class Opening(Terms, RowBody):
    """What was requested, by whom, and with which settings: the first row of a delivery."""

    row_kind = "opened"

    story: str
    """Id of the story, which is the only artifact of the row."""
    title: str
    service: str
    repository: Path
    stack: str
    origin: str
    """"person", or the agent that requested it."""
    parent: str = ""
    """The delivery that this one is a part of; "" for none."""
    run: str
    """The run that it belongs to."""
    strict: bool
    ask: bool = False
    """Whether agents may ask a person."""
    test_command: str = ""
    """The repository's own test command; "" to detect it."""
    shape: str
    """Shape of the delivery graph that opened it."""


class Resumed(RowBody):
    """Settings that a person changed on resume; None for those that stay."""

    row_kind = "resumed"

    text: str
    model: str | None = None
    policies: str | None = None
    budget: str | None = None
    run_budget: str | None = None
    sandbox: str | None = None
    policy_engine: str | None = None
    record: str | None = None

    @property
    def changed(self) -> dict[str, str]:
        """The changed settings."""
        return self.model_dump(include=set(Terms.model_fields), exclude_none=True)


class Closed(RowBody):
    """How a delivery ended: its last row."""

    row_kind = "closed"

    status: Status
    reason: str
    pull_request: str = ""
    version: str = ""
    url: str = ""


class PolicyDecision(BaseModel):
    """What policy decided about a call."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["allow", "deny", "ask"]
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    engine: str
    digest: str
    """Digest of the policies."""


class CallBody(RowBody):
    """A call at the door, with its reasons."""

    visit: int = 1
    step: int = 1
    index: int = 0
    tool: str
    arguments: Arguments
    rationale: str
    evidence: tuple[str, ...]


class Intent(CallBody):
    """An action that policy allowed, before it is done."""

    row_kind = "intent"

    effect: str = ""
    policy: PolicyDecision
    approval: str = ""
    """Id of the approval that it rests on; "" for none."""


class Denied(CallBody):
    """A call that was not executed, and why."""

    row_kind = "denied"

    reasons: tuple[str, ...]
    rules: tuple[str, ...] = ()
    policy: PolicyDecision | None = None
    """None if policy was not asked."""


class Concluded(CallBody):
    """The answer of a role: the arguments of its last call."""

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
    """Digest of the whole result."""
    seconds: float = 0.0
    found_after_a_crash: bool = False


class Asked(RowBody):
    """A question or an approval that waits for a person."""

    row_kind = "asked"

    kind: Literal["approval", "question"] = "approval"
    text: str = ""
    """The question; "" for an approval."""
    reasons: tuple[str, ...] = ()
    """Why a person has to approve; none for a question."""
    id: str = ""
    action: str = ""
    tool: str = ""
    approves: str = ""
    answerable: bool = False

    @property
    def what(self) -> str:
        """What a person has to answer or approve."""
        return self.text if self.kind == "question" else " ".join(self.reasons)


class Answered(RowBody):
    """What a person said, and who."""

    row_kind = "answered"

    by: str
    text: str = ""
    approved: bool | None = None
    """None for the answer to a question."""

    @property
    def verdict(self) -> str:
        """ "approved" or "rejected"; "" for the answer to a question."""
        return "" if self.approved is None else "approved" if self.approved else "rejected"


class ModelBody(RowBody):
    """A row about a request of a role to its chat model."""

    visit: int = 1
    step: int = 1
    model: str


class Calling(ModelBody):
    """A request that goes out to a chat model."""

    row_kind = "calling"

    request: str = ""
    """Digest of everything that the messages are made of."""
    bytes: int
    shrunk: int = 0
    """How often the messages were halved."""
    again: bool = False
    """Whether the request was on its way when the crew was interrupted."""


class ModelResult(ModelBody, Cost):
    """What came back for a request, and what it took."""

    reply: str = ""
    """Digest of the reply; "" for none."""
    seconds: float = 0.0
    served_by: str = ""


class ModelReply(ModelResult):
    """A reply that can be acted on."""

    row_kind = "model"

    call: str = ""
    """Key of the request's row."""


class ModelFault(ModelResult):
    """A reply that cannot be used, or a request that got none."""

    row_kind = "fault"

    fault: dict[str, JsonValue]
    """A `crew.models.faults.Fault`."""
    text: str
    waits_seconds: float | None = None
    """Seconds until the request is sent again."""


class Fallback(RowBody):
    """A model gave up, or was replaced by a person; another one plays the role next."""

    row_kind = "fallback"

    visit: int
    played: str = Field(validation_alias=AliasChoices("from", "played"), serialization_alias="from")
    to: str
    """"" if no model is left."""
    gave_up: bool = False
    text: str


class Paused(RowBody):
    """Why a delivery cannot continue until a person resumes it."""

    row_kind = "paused"

    text: str


class Note(RowBody):
    """Something a reader should know, such as a role that had nothing to do."""

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
"""Kind to its body."""
