"""What somebody wants done, and what a person is asked of it, before the door has looked at either."""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from crew.errors import CrewError
from crew.records.canonical_json import digest_of
from crew.records.rows import Arguments


class Call(BaseModel, frozen=True):
    """What somebody wants done, and why."""

    delivery: str
    role: str
    """The agent's role, or "crew" for the state machine itself."""
    visit: int
    """Which time the role is at work in this delivery, from 1."""
    step: int
    """The role's own step within the visit, from 1."""
    index: int
    """Place among the calls of that step, from 0."""
    tool: str
    arguments: Arguments
    rationale: str
    """What was seen, what was chosen, what was rejected, in plain language."""
    evidence: tuple[str, ...] = ()
    """Ids of earlier actions, or digests of artifacts, of this delivery."""
    allowed_evidence: frozenset[str] | None = None
    """Evidence that the caller was given: besides the results of its role's own calls, all that its reasons can rest
    on. None for the state machine, which knows the whole delivery. Agents that work side by side see nothing of each
    other, so that what binds is the same however fast each of them is."""

    @property
    def key(self) -> str:
        """Id of the action: the same call at the same place is the same action, whoever asks again."""
        place: list[JsonValue] = [self.delivery, self.role, self.visit, self.step, self.index]
        said: list[JsonValue] = [self.tool, self.arguments, self.rationale, list(self.evidence)]
        return "a-" + digest_of([*place, *said]).removeprefix("sha256:")[:16]


class Approval(BaseModel, frozen=True):
    """What a person has to decide."""

    id: str
    action: str
    """Id of the action that waits."""
    tool: str
    approves: str
    """Digest of what is approved: a git tree, a plan. A change since then needs a new approval."""
    reasons: tuple[str, ...]
    answerable: bool
    """Whether `--yes` may answer it."""


class ApprovalNeeded(CrewError):  # noqa: N818
    """Raised before anything was done; the graph turns it into an interrupt."""

    exit_code = 3

    def __init__(self, approval: Approval) -> None:
        super().__init__(f"{approval.tool} needs a person: {' '.join(approval.reasons)}")
        self.approval = approval
