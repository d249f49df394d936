"""What runs, and where each delivery stands."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from pydantic import JsonValue

from crew.models.spending import Spent, by_role, spending_lines
from crew.records.deliveries import closed, opened, refusal, waiting
from crew.records.lease import owner_of
from crew.records.ledger import Ledger
from crew.redaction import redactor_of
from crew.report import open_reason
from tools.runtimes import ServiceStatus
from tools.runtimes.open import open_runtime


def status_json(home: Path) -> str:
    """Return the services and the deliveries as JSON."""
    services: list[JsonValue] = [
        each.model_dump(mode="json") for each in open_runtime("local", home).status()
    ]
    return json.dumps({"services": services, "deliveries": [*_deliveries(home)]}, indent=2)


def status_text(home: Path) -> str:
    """Return the same for a person."""
    services = [_service(each) for each in open_runtime("local", home).status()] or ["  none"]
    deliveries = [_delivery(each) for each in _deliveries(home)] or ["  none"]
    return "\n".join(["Services", *services, "", "Deliveries", *deliveries])


def _deliveries(home: Path) -> list[dict[str, JsonValue]]:
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        return [_record(home, ledger, each) for each in ledger.deliveries()]


def _record(home: Path, ledger: Ledger, delivery: str) -> dict[str, JsonValue]:
    about, ended = opened(ledger, delivery), closed(ledger, delivery)
    owner = None if ended else owner_of(home / "leases", delivery)
    standing, reason = "waiting", "" if ended else open_reason(ledger, about)
    if ended:
        standing, reason = ended.status, ended.reason
    elif owner is not None:
        standing, reason = "running", f"Process {owner} is at work on it."
    open_for_replies = not ended and not refusal(ledger, about)
    asked: list[JsonValue] = (
        [each.model_dump() for each in waiting(ledger, delivery)] if open_for_replies else []
    )
    return {
        "id": delivery,
        "story": about.story,
        "title": about.title,
        "service": about.service,
        "status": standing,
        "reason": reason,
        "waits_for": asked,
        "pull_request": ended.pull_request if ended else "",
        "version": ended.version if ended else "",
        "spent": {
            role: spent.model_dump(mode="json") for role, spent in by_role(ledger.rows(delivery)).items()
        },
    }


def _service(service: ServiceStatus) -> str:
    said = f"  {service.name} ({service.environment})  {service.state}  {service.url}  {service.version[:12]}"
    return f"{said}\n    {service.detail}" if service.detail else said


def _delivery(record: dict[str, JsonValue]) -> str:
    said = f"  {record['id']}  {record['story']} {record['title']}: {record['status']}"
    said = f"{said}. {record['reason']}" if record["reason"] else said
    spent = {role: Spent.model_validate(each) for role, each in _members(record["spent"])}
    return "\n".join([said, *spending_lines(spent)])


def _members(value: JsonValue) -> list[tuple[str, JsonValue]]:
    return list(value.items()) if isinstance(value, dict) else []
