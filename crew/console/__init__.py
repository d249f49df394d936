"""What a run shows while it works, and what it says at the end: for a terminal, for a pipe, for machines."""

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


class Printer(Protocol):
    """One way of showing rows as they are written, and the reports at the end."""

    def show(self, row: Row) -> None:
        """Show a row."""

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Show how the deliveries ended; `report` is the HTML file."""

    @contextmanager
    def live(self) -> Iterator[None]:
        """Hold the terminal for the time of the block."""


class Shown:
    """Follows an app's deliveries and prints what happens."""

    def __init__(self, app: AppContext, printer: Printer) -> None:
        self._app = app
        self._printer = printer
        app.bus.subscribe(printer.show)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show rows as they come for the time of the block."""
        with self._printer.live():
            yield

    def finish(self, deliveries: list[str]) -> int:
        """Write the HTML report, print the ending, and return the exit code."""
        reports = [delivery_report(self._app.ledger, self._app.artifacts, each) for each in deliveries]
        path = write_report(self._app.settings.home, reports)
        self._printer.end(reports, path)
        return exit_code(reports)


def console_for(app: AppContext, as_json: bool) -> Shown:
    """Return the console that fits: JSON lines, Rich on a terminal, plain lines otherwise."""
    if as_json:
        return Shown(app, JsonLines())
    return Shown(app, RichLines(app.settings.home))


class JsonLines:
    """One JSON object a line on stdout."""

    def show(self, row: Row) -> None:
        """Print the row as an event."""
        _print(run_event(row))

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print the last line."""
        _print(run_finished(reports, report))

    @contextmanager
    def live(self) -> Iterator[None]:
        """Do nothing: lines need no preparation."""
        yield


class RichLines:
    """A line for each thing that happens: who, what, why; in colour on a terminal."""

    def __init__(self, home: Path) -> None:
        from rich.console import Console  # noqa: PLC0415  60 ms, needed by few commands

        class Lasting(Console):
            def on_broken_pipe(self) -> None:
                _read_no_more()

        self._home = home
        self._console = Lasting(highlight=False, soft_wrap=True)
        self._status = self._console.status("[dim]at work[/]")

    def show(self, row: Row) -> None:
        """Print the row, unless it only says again what another one said."""
        from rich.text import Text  # noqa: PLC0415  as below

        line = line_of(row)
        if line is None:
            return
        if row.kind == "intent":
            self._status.update(Text(printable(f"{line.who}: {line.what}"), style="dim"))
        self._console.print(self._styled(line))

    def end(self, reports: list[DeliveryReport], report: Path) -> None:
        """Print each delivery with its criteria, and where the report lies."""
        self._console.print(printable(report_text(reports, report, self._home)), markup=False)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show a spinner with what is going on, on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with self._status:
            yield

    def _styled(self, line: Line) -> Text:
        from rich.text import Text  # noqa: PLC0415

        text = Text()
        text.append(f"{printable(line.who):>12} ", style="bold cyan")
        tone = {"denied": "red", "failed": "red", "asked": "yellow"}.get(line.tone, "")
        text.append(printable(line.what), style=tone)
        if line.why:
            text.append(f"\n{'':>13}{printable(line.why)}", style="dim")
        return text


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _read_no_more()


def _read_no_more() -> None:
    """Go on quietly: that nobody reads any more is no reason to leave the work half done."""
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
