"""The status of all services and deliveries of a home."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from crew.models.spending import Spent, by_role, spending_lines
from crew.records.deliveries import Waiting, ending_of, load_delivery, refusal, waiting
from crew.records.home_ledger import open_ledger
from crew.records.lease import owner_of
from crew.records.ledger import Ledger
from crew.report import open_reason
from tools.runtimes import ServiceStatus
from tools.runtimes.open import open_runtime


class DeliveryStatus(BaseModel, frozen=True):
    """The current status of a delivery."""

    id: str
    story: str
    title: str
    service: str
    status: str
    """"running", "waiting", or how the delivery ended."""
    reason: str
    waits_for: tuple[Waiting, ...]
    pull_request: str
    version: str
    spent: dict[str, Spent]
    """Maps each role to the cost of its model calls."""


def status_json(home: Path) -> str:
    """Return the status of all services and deliveries as JSON."""
    services = [each.model_dump(mode="json") for each in open_runtime(home).status()]
    deliveries = [each.model_dump(mode="json") for each in _deliveries(home)]
    return json.dumps({"services": services, "deliveries": deliveries}, indent=2)


def status_text(home: Path) -> str:
    """Return the status of all services and deliveries as readable text."""
    services = [_service(each) for each in open_runtime(home).status()] or ["  none"]
    deliveries = [_delivery(each) for each in _deliveries(home)] or ["  none"]
    return "\n".join(["Services", *services, "", "Deliveries", *deliveries])


def _deliveries(home: Path) -> list[DeliveryStatus]:
    with open_ledger(home) as ledger:
        return [_status(home, ledger, each) for each in ledger.deliveries()]


def _status(home: Path, ledger: Ledger, delivery: str) -> DeliveryStatus:
    about, ended = load_delivery(ledger, delivery), ending_of(ledger, delivery)
    owner = None if ended else owner_of(home / "leases", delivery)
    status, reason = "waiting", "" if ended else open_reason(ledger, about)
    if ended:
        status, reason = ended.status, ended.reason
    elif owner is not None:
        status, reason = "running", f"Process {owner} is working on it."
    open_for_replies = not ended and not refusal(ledger, about)
    return DeliveryStatus(
        id=delivery,
        story=about.story,
        title=about.title,
        service=about.service,
        status=status,
        reason=reason,
        waits_for=tuple(waiting(ledger, delivery)) if open_for_replies else (),
        pull_request=ended.pull_request if ended else "",
        version=ended.version if ended else "",
        spent=by_role(ledger.rows(delivery)),
    )


def _service(service: ServiceStatus) -> str:
    line = f"  {service.name} ({service.environment})  {service.state}  {service.url}  {service.version[:12]}"
    return f"{line}\n    {service.detail}" if service.detail else line


def _delivery(delivery: DeliveryStatus) -> str:
    line = f"  {delivery.id}  {delivery.story} {delivery.title}: {delivery.status}"
    line += f". {delivery.reason}" if delivery.reason else ""
    return "\n".join([line, *spending_lines(delivery.spent)])
