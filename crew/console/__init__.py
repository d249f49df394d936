"""Output of a run, live and at the end: for a terminal, a pipe or a program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crew.app import AppContext
from crew.console.ending import exit_code, report_text, run_finished
from crew.console.lines import Line, line_of
from crew.printable import printable
from crew.records.ledger import Row
from crew.report import DeliveryReport, delivery_report
from crew.report.html import write_report

if TYPE_CHECKING:
    from rich.text import Text

    from tools.redaction import Redactor


class Printer(Protocol):
    """Prints ledger rows as they are written, and the reports at the end."""

    def show(self, row: Row) -> None:
        """Print a row."""

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print the summary of the deliveries; `report` is the HTML file."""

    @contextmanager
    def live(self) -> Iterator[None]:
        """Own the terminal within the block."""


class RunDisplay:
    """Follows the deliveries of an app and prints their progress."""

    def __init__(self, app: AppContext, printer: Printer) -> None:
        self._app = app
        self._printer = printer
        app.bus.subscribe(printer.show)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Print rows as they are written within the block."""
        with self._printer.live():
            yield

    def finish(self, deliveries: list[str]) -> int:
        """Write the HTML report, print the summary, and return the exit code."""
        reports = [delivery_report(self._app.ledger, self._app.artifacts, each) for each in deliveries]
        path = write_report(self._app.settings.home, reports, self._app.redact)
        self._printer.end(reports, path)
        return exit_code(reports)


def console_for(app: AppContext, as_json: bool) -> RunDisplay:
    """Return a display that prints JSON lines or text, styled if stdout is a terminal."""
    if as_json:
        return RunDisplay(app, JsonLines(app.redact))
    return RunDisplay(app, RichLines(app.settings.home, app.redact))


class JsonLines:
    """Prints one JSON object per line to stdout."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def show(self, row: Row) -> None:
        """Print the row as an event."""
        _print(run_event(row), self._redact)

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print the `run.finished` event."""
        _print(run_finished(reports, report), self._redact)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Do nothing: JSON lines need no setup."""
        yield


class RichLines:
    """Prints one line per event: who, what, why; in colour on a terminal."""

    def __init__(self, home: Path, redact: Redactor) -> None:
        from rich.console import Console  # noqa: PLC0415  60 ms, needed by few commands

        class PipeTolerantConsole(Console):
            def on_broken_pipe(self) -> None:
                _discard_output()

        self._home = home
        self._redact = redact
        self._console = PipeTolerantConsole(highlight=False, soft_wrap=True)
        self._status = self._console.status("[dim]working[/]")

    def show(self, row: Row) -> None:
        """Print the row unless it only repeats another one."""
        from rich.text import Text  # noqa: PLC0415  as below

        line = line_of(row)
        if line is None:
            return
        if row.kind == "intent":
            self._status.update(Text(self._shown(f"{line.who}: {line.what}"), style="dim"))
        self._console.print(self._styled(line))

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print each delivery with its criteria, and the path of the report."""
        self._console.print(self._shown(report_text(reports, report, self._home)), markup=False)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show a spinner with the current action on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with self._status:
            yield

    def _shown(self, text: str) -> str:
        return printable(self._redact.text(text))

    def _styled(self, line: Line) -> Text:
        from rich.text import Text  # noqa: PLC0415

        text = Text()
        text.append(f"{self._shown(line.who):>12} ", style="bold cyan")
        tone = {"denied": "red", "failed": "red", "asked": "yellow"}.get(line.tone, "")
        text.append(self._shown(line.what), style=tone)
        if line.why:
            text.append(f"\n{'':>13}{self._shown(line.why)}", style="dim")
        return text


def _print(text: str, redact: Redactor) -> None:
    try:
        print(redact.text(text), flush=True)
    except BrokenPipeError:
        _discard_output()


def _discard_output() -> None:
    """Continue without output: a closed pipe must not leave the work half done."""
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
