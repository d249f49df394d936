"""Printers of the progress and the summary of a run, for a terminal, a pipe or another program."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.text import Text

from crew.app import AppContext
from crew.console.ending import exit_code, report_text, run_finished
from crew.console.lines import Line, line_of
from crew.printable import as_typed, printable
from crew.records.ledger import Row
from crew.report import DeliveryReport, delivery_report
from crew.report.html import write_report
from tools.redaction import Redactor


class Printer(ABC):
    """Base class of printers for ledger rows, as they are written, and for the summary at the end."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    @abstractmethod
    def show(self, row: Row) -> None:
        """Print a row when it is written to the ledger."""

    @abstractmethod
    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print the summary of the deliveries; `report` is the HTML file."""

    def live(self) -> AbstractContextManager[object]:
        """Return a context manager for the live display, which does nothing by default."""
        return nullcontext()


def finish(app: AppContext, printer: Printer, deliveries: list[str]) -> int:
    """Write the HTML report of a run, print the summary, and return the exit code."""
    reports = [delivery_report(app.ledger, app.artifacts, each) for each in deliveries]
    printer.end(reports, write_report(app.settings.home, reports, app.redact))
    return exit_code(reports)


def printer_for(app: AppContext, as_json: bool) -> Printer:
    """Return a printer subscribed to the rows of an app, for JSON lines or for text that is styled on a terminal."""
    printer = JsonLines(app.redact) if as_json else RichLines(app.settings.home, app.redact)
    app.bus.subscribe(printer.show)
    return printer


class JsonLines(Printer):
    """A printer of JSON lines, with one object per event, to stdout."""

    def show(self, row: Row) -> None:
        """Print the row as a JSON event."""
        _print(run_event(row), self._redact)

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print the `run.finished` event."""
        _print(run_finished(reports, report), self._redact)


class _PipeTolerantConsole(Console):
    def on_broken_pipe(self) -> None:
        _discard_output()


class RichLines(Printer):
    """A printer of text that says who did what and why for each event, in colour on a terminal."""

    def __init__(self, home: Path, redact: Redactor) -> None:
        super().__init__(redact)
        self._home = home
        self._console = _PipeTolerantConsole(highlight=False, soft_wrap=True)
        self._status = self._console.status("[dim]working[/]")

    def show(self, row: Row) -> None:
        """Print the row, unless it would tell the reader nothing new."""
        line = line_of(row)
        if line is None:
            return
        if row.kind == "intent":
            self._status.update(Text(self._shown(f"{line.who}: {line.what}"), style="dim"))
        self._console.print(self._styled(line))

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print each delivery with its criteria, and the path of the report."""
        self._console.print(self._shown(report_text(reports, report, self._home)), markup=False)

    def live(self) -> AbstractContextManager[object]:
        """Return a context manager that shows a spinner with the current action on a terminal."""
        return self._status if self._console.is_terminal else nullcontext()

    def _shown(self, text: str) -> str:
        return printable(self._redact.text(as_typed(text)))

    def _styled(self, line: Line) -> Text:
        text = Text()
        text.append(f"{self._shown(line.who):>12} ", style="bold cyan")
        tone = {"denied": "red", "failed": "red", "asked": "yellow"}.get(line.tone, "")
        text.append(self._shown(line.what), style=tone)
        if line.why:
            text.append(f"\n{'':>13}{self._shown(line.why)}", style="dim")
        return text


def _print(text: str, redact: Redactor) -> None:
    try:
        print(printable(redact.text(text)), flush=True)
    except BrokenPipeError:
        _discard_output()


def _discard_output() -> None:
    """Redirect stdout to /dev/null, so that a closed pipe does not interrupt the work."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def run_event(row: Row) -> str:
    """Return a ledger row as one JSON event."""
    names = {"opened": "delivery.opened", "closed": "delivery.closed", "model": "model.called"}
    name = names.get(row.kind, f"action.{row.kind}" if row.kind in _ACTIONS else f"delivery.{row.kind}")
    event = {"event": name, "delivery": row.delivery, "id": row.key, "at": row.at, "body": row.body.stored()}
    return json.dumps(event)


_ACTIONS = ("intent", "outcome", "denied")
