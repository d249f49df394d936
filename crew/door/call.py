"""Tool calls as they are submitted to the door, and the approvals that it requests for them."""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from crew.errors import CrewError
from crew.records.canonical_json import digest_of
from crew.records.rows import Arguments


class Call(BaseModel, frozen=True):
    """A request to run a tool, with its rationale."""

    delivery: str
    role: str
    """The agent's role, or "crew" for the state machine itself."""
    visit: int
    """Number of the role's attempt in this delivery, from 1."""
    step: int
    """Number of the role's step within the attempt, from 1."""
    index: int
    """Position among the calls of the step, from 0."""
    tool: str
    arguments: Arguments
    rationale: str
    """What was observed, chosen and rejected, in plain language."""
    evidence: tuple[str, ...] = ()
    """Ids of earlier actions or digests of artifacts in this delivery."""
    allowed_evidence: frozenset[str] | None = None
    """Evidence that the caller was given and may cite besides the results of its role's own calls; None for the state
    machine, which may cite anything in the delivery. Agents that run in parallel cannot cite each other's results, so
    that the validity of a rationale does not depend on timing."""

    @property
    def key(self) -> str:
        """Id of the action; repeating the same call at the same position yields the same id."""
        place: list[JsonValue] = [self.delivery, self.role, self.visit, self.step, self.index]
        said: list[JsonValue] = [self.tool, self.arguments, self.rationale, list(self.evidence)]
        return "a-" + digest_of([*place, *said]).removeprefix("sha256:")[:16]


class Approval(BaseModel, frozen=True):
    """A decision that a person has to make about a call."""

    id: str
    action: str
    """Id of the action that awaits approval."""
    tool: str
    approves: str
    """Digest of what is approved, such as a git tree or a plan; if that changes, a new approval is needed."""
    reasons: tuple[str, ...]
    answerable: bool
    """Whether `--yes` may approve it."""


class ApprovalNeeded(CrewError):  # noqa: N818
    """A person has to approve a call; raised before it has any effect, and turned into an interrupt by the graph."""

    exit_code = 3

    def __init__(self, approval: Approval) -> None:
        super().__init__(f"{approval.tool} needs a person's approval: {' '.join(approval.reasons)}")
        self.approval = approval
