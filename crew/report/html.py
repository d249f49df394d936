"""The report of a run as one self-contained HTML file, without external scripts, fonts or images."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from crew.printable import printable
from crew.report import DeliveryReport
from crew.report.why import Reason, questions_of, reasons_of
from tools.counting import counted
from tools.redaction import Redactor


def write_report(home: Path, reports: list[DeliveryReport], redact: Redactor) -> Path:
    """Write a new report under `<home>/reports` and return its absolute path; earlier reports are kept."""
    folder = home.resolve() / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.html"
    path.write_text(render(reports, redact), encoding="utf-8")
    return path


def render(reports: list[DeliveryReport], redact: Redactor) -> str:
    """Return the report as HTML; all text is redacted and escaped, and non-printable characters are made visible."""
    environment = Environment(
        loader=PackageLoader("crew.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: _finalized(value, redact),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    reasons: dict[str, list[Reason]] = {each.delivery: reasons_of(each.rows) for each in reports}
    questions = {each.delivery: questions_of(each.rows) for each in reports}
    return template.render(
        reports=reports, reasons=reasons, questions=questions, diff_lines=diff_lines, counted=counted
    )


def _finalized(value: object, redact: Redactor) -> object:
    # Keep the type: text that a filter has already escaped is Markup, and must not be escaped again.
    return type(value)(printable(redact.text(value))) if isinstance(value, str) else value


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """Return each line of a unified diff with its kind: "add", "del", "file", "hunk" or ""."""
    return [(_kind(line), line) for line in diff.splitlines()]


def _kind(line: str) -> str:
    if line.startswith(("diff ", "index ", "--- ", "+++ ", "new file", "deleted file")):
        return "file"
    if line.startswith("@@"):
        return "hunk"
    return {"+": "add", "-": "del"}.get(line[:1], "")
