"""What a run did, for a person: put together from the ledger and the artifact store, nothing else."""

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
    """What an agent objected to."""

    role: str


class DeliveryReport(BaseModel, frozen=True):
    """What one delivery did, and where it stands."""

    delivery: str
    story: str
    title: str
    service: str
    repository: str
    status: Status
    reason: str
    designed: bool
    """Whether the design agent has answered; before, nothing is known of the criteria."""
    criteria: tuple[CriterionReport, ...]
    changes: tuple[str, ...]
    assumptions: tuple[str, ...]
    """What the story does not say, and the design took for given."""
    spent: dict[str, Spent]
    """Role to what its model calls took."""
    findings: tuple[FindingReport, ...]
    tests: str
    """What the tools said of the tests of the code as it is now; "" if there is no new code."""
    notes: tuple[str, ...]
    """What passed by without work, and the like."""
    pull_request: str
    version: str
    url: str
    diff: str
    """Unified diff of the change; "" if there is none."""
    rows: tuple[Row, ...]

    @property
    def covered(self) -> int:
        """How many criteria are covered."""
        return sum(each.covered for each in self.criteria)

    @property
    def not_covered(self) -> int:
        """How many are not; none before they were read."""
        return len(self.criteria) - self.covered if self.designed else 0


def delivery_report(ledger: Ledger, artifacts: ArtifactStore, delivery: str) -> DeliveryReport:
    """Return the report of a delivery, whether it has ended or not."""
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
    """Return why a delivery that has not ended does not continue."""
    if why := refusal(ledger, about):
        return why
    asked = waiting(ledger, about.delivery)
    if asked:
        return " ".join(f"{each.id}: {each.what}" for each in asked)
    blocker = blocked_by(ledger, about)
    if blocker:
        return f"It waits for the story before it, {blocker}: resume that one, or abandon it."
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
