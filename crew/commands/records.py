"""Commands that read the records: reasons, the ledger, the knowledge graph."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crew.commands.options import HOME, JSON
from crew.commands.shared import existing_home
from crew.knowledge.impact import impact_json, impact_text
from crew.knowledge.project import rebuild
from crew.printable import say
from crew.records.verify import verify
from crew.report.why import ledger_export_lines, ledger_text, why_json, why_text
from tools.counting import counted


@click.command()
@click.argument("subject", metavar="DELIVERY|STORY|ACTION")
@JSON
@HOME
def why(subject: str, as_json: bool, home: Path | None) -> None:
    """Explain a delivery, or the latest delivery of a story, or trace one action back to its story."""
    folder = existing_home(home)
    say(why_json(folder, subject) if as_json else why_text(folder, subject))


@click.group()
def ledger() -> None:
    """Show, verify and export the record of all actions."""


@ledger.command("verify")
@click.argument("delivery", required=False)
@click.option(
    "--repo",
    "moved",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Current location of a repository that was moved or cloned; may be repeated.",
)
@HOME
def ledger_verify(delivery: str | None, moved: tuple[Path, ...], home: Path | None) -> None:
    """Verify the hash chains.

    Recomputes every chain and compares it with the repositories; exits with code 1 on any difference."""
    damages, checked = verify(existing_home(home), delivery, moved)
    for damage in damages:
        say(f"{damage.delivery}: {damage.what}", err=True)
    if damages:
        sys.exit(1)
    say(f"{counted(checked, 'delivery', 'deliveries')} verified: no row was changed or removed.")


@ledger.command("show")
@click.argument("delivery")
@HOME
def ledger_show(delivery: str, home: Path | None) -> None:
    """Print the rows of DELIVERY, one per line."""
    say(ledger_text(existing_home(home), delivery))


@ledger.command("export")
@click.argument("delivery", required=False)
@HOME
def ledger_export(delivery: str | None, home: Path | None) -> None:
    """Print the rows of DELIVERY, or of all deliveries, as JSON lines."""
    for line in ledger_export_lines(existing_home(home), delivery):
        say(line)


@click.command()
@click.argument("subject", metavar="SERVICE[.OPERATION]")
@JSON
@HOME
def impact(subject: str, as_json: bool, home: Path | None) -> None:
    """Show what a change to a service or operation affects."""
    folder = existing_home(home)
    say(impact_json(folder, subject) if as_json else impact_text(folder, subject))


@click.group()
def knowledge() -> None:
    """Manage the knowledge graph, a projection of the ledger."""


@knowledge.command("rebuild")
@HOME
def knowledge_rebuild(home: Path | None) -> None:
    """Rebuild the knowledge graph from the ledger."""
    say(rebuild(existing_home(home)))
