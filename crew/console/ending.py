"""The summary at the end of a run, as text and JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from crew.evidence.criteria import CriterionReport
from crew.models.spending import Spent, spent_text
from crew.report import DeliveryReport
from crew.report.why import questions_of
from tools.blueprint.api_outline import operations, roles, route
from tools.blueprint.blueprint_yaml import from_yaml
from tools.counting import counted
from tools.errors import ToolError
from tools.git import attach_repository


def exit_code(reports: list[DeliveryReport]) -> int:
    """Return 1 if a delivery stopped or failed, else 3 if one waits for a person, else 0."""
    states = {each.status for each in reports}
    if states & {"stopped", "failed"}:
        return 1
    return 3 if "waiting" in states else 0


def run_finished(reports: list[DeliveryReport], report: Path) -> str:
    """Return the `run.finished` event, the last line of `--json`."""
    deliveries: list[JsonValue] = [
        {
            "id": each.delivery,
            "story": each.story,
            "service": each.service,
            "status": each.status,
            "criteria": {"covered": each.covered, "not_covered": each.not_covered},
            "pull_request": each.pull_request,
            "version": each.version,
            "reason": each.reason,
        }
        for each in reports
    ]
    return json.dumps({"event": "run.finished", "deliveries": deliveries, "report": str(report)})


def report_text(reports: list[DeliveryReport], report: Path, home: Path) -> str:
    """Return the summary: each story's result, what covers each criterion, and how to reach the service."""
    parts = [_delivery(each, home) for each in reports]
    serving = next((each for each in reversed(reports) if each.url), None)
    if serving:
        guarded = _guarded(serving)
        parts.append(
            f"{serving.service} is running at {serving.url}. Try:\n  curl -i {serving.url}{_path(serving, guarded)}"
        )
        if guarded:
            secret = home / "secrets" / f"{serving.service}.json"
            parts.append(
                f"{counted(len(guarded), 'operation requires', 'operations require')} a role: "
                "send a bearer token (JWT, HS256) with a `roles` claim,\n"
                f"  signed with AUTH_JWT_SECRET; if your environment does not set it, the secret is in {secret}."
            )
    parts.append(f"Report: {report}")
    return "\n\n".join(["", *parts])


def _delivery(report: DeliveryReport, home: Path) -> str:
    lines = [
        f"{report.story} {report.title}: {report.status}" + (f". {report.reason}" if report.reason else "")
    ]
    if report.designed:
        lines += [line for each in report.criteria for line in _criterion(each)]
    else:
        lines.append(f"  {counted(len(report.criteria), 'criterion', 'criteria')}, not analysed yet")
    lines += [f"  Assumed: {each}" for each in report.assumptions]
    raised = [each for each in report.findings if each.severity != "note"]
    lines += [f"  {each.role} objects: {each.text}" for each in raised]
    if notes := len(report.findings) - len(raised):
        lines.append(f"  {counted(notes, 'further note')} in the report")
    if report.tests:
        lines.append(f"  Tests: {report.tests}")
    if report.pull_request:
        lines.append(f"  Pull request: {report.pull_request}")
    if report.version:
        lines.append(f"  Version: {report.version[:12]} on {_base(report, home)} of {report.repository}")
    if report.status != "waiting":
        everything = sum(report.spent.values(), Spent())
        lines += [f"  Models: {spent_text(everything)}"] if everything.tokens else []
    where = f"--home {shlex.quote(str(home))}"
    lines += [f"  Decide: crew resume {report.delivery} {each} {where}" for each in _replies(report)]
    lines.append(f"  Reasons: crew why {report.delivery} {where}")
    return "\n".join(lines)


def _base(report: DeliveryReport, home: Path) -> str:
    """Return the branch that a delivery was merged into."""
    try:
        return attach_repository(Path(report.repository), home, reads=True).base
    except (OSError, ToolError):
        return "main"


def _replies(report: DeliveryReport) -> Iterator[str]:
    """Yield the `crew resume` options that answer the requests still waiting for a person."""
    for each in questions_of(report.rows) if report.status == "waiting" else ():
        if not each.by:
            yield from (
                [f"--answer {each.id} TEXT"]
                if each.kind == "question"
                else [f"--approve {each.id}", f"--reject {each.id}"]
            )


def _criterion(criterion: CriterionReport) -> list[str]:
    if not criterion.covered:
        return [f"  [ ] {criterion.id} {criterion.text}", f"      not covered: {criterion.why}"]
    lines = [f"  [x] {criterion.id} {criterion.text}"]
    if criterion.operations:
        lines.append(f"      by {', '.join(criterion.operations)}")
    if criterion.tests:
        lines.append(f"      test {criterion.tested_by}")
    else:
        lines.append("      covered by the change itself; the repository's tests passed on it")
    return lines


def _guarded(report: DeliveryReport) -> set[str]:
    """Return the operations, such as "GET /orders", that require a role."""
    try:
        blueprint = from_yaml((Path(report.repository) / "blueprint.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, ToolError):
        return set()
    return {
        " ".join(route(entity, each))
        for entity in blueprint.entities
        for each in operations(entity)
        if roles(entity, each)
    }


def _path(report: DeliveryReport, guarded: set[str]) -> str:
    """Return the path of an unguarded list operation of the story, or the readiness endpoint."""
    touched = [each for criterion in report.criteria for each in criterion.operations if each not in guarded]
    lists = [each.removeprefix("GET ") for each in touched if each.startswith("GET ") and "{" not in each]
    return lists[0] if lists else "/readyz"
