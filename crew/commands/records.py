"""Commands that only read what the crew keeps: reasons, the ledger, the knowledge graph."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crew.commands.options import HOME, JSON
from crew.commands.shared import existing
from crew.printable import say
from tools.counting import counted


@click.command()
@click.argument("subject", metavar="DELIVERY|ACTION")
@JSON
@HOME
def why(subject: str, as_json: bool, home: Path | None) -> None:
    """Walk the reasons of a delivery, or of one action back to the story."""
    from crew.report.why import why_json, why_text  # noqa: PLC0415

    folder = existing(home)
    say(why_json(folder, subject) if as_json else why_text(folder, subject))


@click.group()
def ledger() -> None:
    """Show, check and export the record of everything that was done."""


@ledger.command("verify")
@click.argument("delivery", required=False)
@click.option(
    "--repo",
    "moved",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Where the repository of this name is now, if it was moved or cloned; may be repeated.",
)
@HOME
def ledger_verify(delivery: str | None, moved: tuple[Path, ...], home: Path | None) -> None:
    """Recompute every chain and compare it with what the repositories hold; exit 1 if anything differs."""
    from crew.records.verify import verify  # noqa: PLC0415

    damages, checked = verify(existing(home), delivery, moved)
    for damage in damages:
        say(f"{damage.delivery}: {damage.what}", err=True)
    if damages:
        sys.exit(1)
    say(f"{counted(checked, 'delivery', 'deliveries')}: every row is as it was written, and none is missing.")


@ledger.command("show")
@click.argument("delivery")
@HOME
def ledger_show(delivery: str, home: Path | None) -> None:
    """Print the rows of DELIVERY, a line each."""
    from crew.report.why import ledger_text  # noqa: PLC0415

    say(ledger_text(existing(home), delivery))


@ledger.command("export")
@click.argument("delivery", required=False)
@HOME
def ledger_export(delivery: str | None, home: Path | None) -> None:
    """Print rows as JSON, one object a line: of DELIVERY, or of all."""
    from crew.report.why import ledger_export_lines  # noqa: PLC0415

    for line in ledger_export_lines(existing(home), delivery):
        say(line)


@click.command()
@click.argument("subject", metavar="SERVICE[.OPERATION]")
@JSON
@HOME
def impact(subject: str, as_json: bool, home: Path | None) -> None:
    """Show what a change to a service, or to one of its operations, would touch."""
    from crew.knowledge.impact import impact_json, impact_text  # noqa: PLC0415

    folder = existing(home)
    say(impact_json(folder, subject) if as_json else impact_text(folder, subject))


@click.group()
def knowledge() -> None:
    """The graph of services, stories, operations, files and tests: a projection of the ledger."""


@knowledge.command("rebuild")
@HOME
def knowledge_rebuild(home: Path | None) -> None:
    """Make the knowledge graph anew from the ledger."""
    from crew.knowledge.project import rebuild  # noqa: PLC0415

    say(rebuild(existing(home)))
