"""Reports on deliveries, compiled solely from the ledger and the artifact store."""

from __future__ import annotations

from pydantic import BaseModel

from crew.agents.answers import AnyAnswer, Design, Finding
from crew.evidence.criteria import CriterionReport, criteria_of
from crew.evidence.design import design_result, questions_assumed
from crew.evidence.evidence import Evidence, last
from crew.evidence.tests import said_of_tests
from crew.models.spending import Spent, by_role
from crew.records.artifacts import ArtifactStore
from crew.records.deliveries import Opened, blocked_by, ending_of, load_delivery, refusal, waiting
from crew.records.ledger import Ledger, Row
from crew.records.rows import Concluded, Fallback, Note, Paused
from crew.state import Status


class FindingReport(Finding, frozen=True):
    """A finding, with the role that raised it."""

    role: str


class DeliveryReport(BaseModel, frozen=True):
    """The results and current state of one delivery."""

    delivery: str
    story: str
    title: str
    service: str
    repository: str
    status: Status
    reason: str
    designed: bool
    """Whether the design agent has answered; until then, nothing is known about the criteria."""
    criteria: tuple[CriterionReport, ...]
    changes: tuple[str, ...]
    assumptions: tuple[str, ...]
    """Assumptions that the design makes because the story leaves something open."""
    spent: dict[str, Spent]
    """Maps each role to the cost of its model calls."""
    findings: tuple[FindingReport, ...]
    tests: str
    """The tools' summary of the test results for the current code; "" if there is no new code."""
    notes: tuple[str, ...]
    """Remarks by the state machine, for example about steps that were skipped."""
    pull_request: str
    version: str
    url: str
    diff: str
    """Unified diff of the change; "" if there is none."""
    rows: tuple[Row, ...]

    @property
    def covered(self) -> int:
        """Number of covered criteria."""
        return sum(each.covered for each in self.criteria)

    @property
    def not_covered(self) -> int:
        """Number of criteria that are not covered; 0 until the design agent has answered."""
        return len(self.criteria) - self.covered if self.designed else 0


def delivery_report(ledger: Ledger, artifacts: ArtifactStore, delivery: str) -> DeliveryReport:
    """Return the report on a delivery, whether or not it has ended."""
    about = load_delivery(ledger, delivery)
    ended = ending_of(ledger, delivery)
    rows = tuple(ledger.rows(delivery))
    answers = {row.body.role: row.body.arguments for row in rows if isinstance(row.body, Concluded)}
    design = Design.model_validate(answers.get("design", {}))
    if "design" in answers:
        design = design_result(
            ledger, artifacts, delivery, design if about.ask else questions_assumed(design)
        )
    request = last(ledger, artifacts, delivery, "open_pull_request")
    # A delivery that has not ended may still be merged.
    on_main = ended is None or bool(ended.version)
    return DeliveryReport(
        delivery=delivery,
        story=about.story,
        title=about.title,
        service=about.service,
        repository=str(about.repository),
        status=ended.status if ended else "waiting",
        reason=ended.reason if ended else open_reason(ledger, about),
        designed="design" in answers,
        criteria=tuple(
            each if on_main else each.unmerged() for each in criteria_of(ledger, artifacts, delivery, design)
        ),
        changes=tuple(design.changes),
        assumptions=tuple(design.assumptions),
        spent=by_role(rows),
        findings=tuple(
            FindingReport(role=role, **finding.model_dump())
            for role, answer in answers.items()
            for finding in AnyAnswer.model_validate(answer).findings
        ),
        tests=said_of_tests(ledger, artifacts, about),
        notes=tuple(row.body.text for row in rows if isinstance(row.body, Note)),
        pull_request=ended.pull_request if ended else "",
        version=ended.version if ended else "",
        url=ended.url if ended else "",
        diff=_diff(artifacts, request),
        rows=rows,
    )


def open_reason(ledger: Ledger, about: Opened) -> str:
    """Return why an unfinished delivery is not continuing, and how to continue it."""
    if why := refusal(ledger, about):
        return why
    asked = waiting(ledger, about.delivery)
    if asked:
        return " ".join(f"{each.id}: {each.what}" for each in asked)
    blocker = blocked_by(ledger, about)
    if blocker:
        return f"It is waiting for the previous story, {blocker}: resume that one, or abandon it."
    head = ledger.head(about.delivery)
    if head and isinstance(head.body, Paused):
        return head.body.text
    if head and isinstance(head.body, Fallback):
        return f"{head.body.text} `crew resume` tries again."
    return "It was interrupted, or is under way; `crew resume` continues it."


def _diff(artifacts: ArtifactStore, request: Evidence | None) -> str:
    return (
        artifacts.get(request.artifacts["diff"]).decode("utf-8", "replace") if request and request.ok else ""
    )
