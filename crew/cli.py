"""The `crew` command.

Commands are imported when they are used, to keep `crew --help` fast.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crew.commands.options import FILE, HOME, JSON, delivery_options
from crew.commands.shared import existing_home, leave
from crew.errors import BadInput, CrewError, Interrupted
from crew.known_secrets import HOME_USED
from crew.printable import as_typed, displayable, say, warnings_displayed_safely

EXIT_CODES = """Exit codes: 0 all delivered; 1 some stopped or failed; 2 invalid input; 3 waiting for a
person; 4 the machine lacks a requirement."""


IMPORTED = {
    "policy": ("policy", "Draft, check and approve policies."),
    "tests": ("tests", "Generate property tests for the Python code in REPO."),
    "why": ("records", "Explain a delivery, or trace one action back to its story."),
    "ledger": ("records", "Show, verify and export the record of all actions."),
    "impact": ("records", "Show what a change to a service or operation affects."),
    "knowledge": ("records", "Manage the knowledge graph, a projection of the ledger."),
}
"""Module in `crew.commands`, imported when the command is used, and short help of each command, by name."""


class Commands(click.Group):
    """A command group that imports commands when they are used, and turns errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*self.commands, *IMPORTED])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name; None for an unknown one."""
        if cmd_name not in IMPORTED:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f"crew.commands.{IMPORTED[cmd_name][0]}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        shown = {name: click.Command(name, short_help=text) for name, (_, text) in IMPORTED.items()}
        click.Group(commands={**self.commands, **shown}).format_commands(ctx, formatter)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line, making everything that it prints safe to display."""
        with warnings_displayed_safely():
            return super().main(*args, **extra)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the options before the command's name, redacting secrets in errors that quote them."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            _redact_message(error)
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; print expected errors without a traceback, and exit with their code."""
        from tools.errors import ToolError  # noqa: PLC0415  keeps `--help` fast

        try:
            return super().invoke(ctx)
        except (CrewError, ToolError) as error:
            leave(error)
        except click.ClickException as error:
            _redact_message(error)
            raise
        except (click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            leave(Interrupted("Interrupted."))
        except Exception as error:  # noqa: BLE001  unexpected errors are saved, not printed as a traceback
            from crew.commands.crash_report import crash_error  # noqa: PLC0415

            leave(crash_error(error, ctx.meta.get(HOME_USED), "crew resume"))


def _redact_message(error: click.ClickException) -> None:
    """Make the text of an error safe to display, since it quotes the user's input."""
    vars(error)["message"] = displayable(error.message)


@click.group(cls=Commands, epilog=EXIT_CODES)
@click.version_option(package_name="shipcrew", prog_name="crew")
def main() -> None:
    """Turn user stories into a tested, running service, with a reason for every step."""
    for descriptor in range(3):
        # If a standard stream is closed at startup, the next file to be opened would take its place.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@main.command()
@FILE
@JSON
@click.option(
    "--strict", is_flag=True, help="Exit with code 1 if a criterion is not covered, or `crew run` would stop."
)
@click.option("--model", hidden=True)
def plan(file: Path, as_json: bool, strict: bool, model: str | None) -> None:
    """Show how each criterion in FILE is read and what would change.

    Changes nothing and calls no language model."""
    if model not in (None, "offline"):
        raise BadInput(
            "crew plan reads stories with the sentence forms only and calls no model; leave --model out. "
            "crew run shows how a model reads the other sentences."
        )
    from crew.report.plan import plan_of, show_plan  # noqa: PLC0415
    from crew.stories import load  # noqa: PLC0415

    click.get_current_context().meta[HOME_USED] = file.resolve().parent / ".crew"
    planned = plan_of(load(file))
    say(planned.model_dump_json(indent=2) if as_json else as_typed(show_plan(planned)))
    sys.exit(1 if strict and (planned.problem or planned.not_covered) else 0)


@main.command()
@FILE
@delivery_options
@click.option("--repo", type=click.Path(path_type=Path, file_okay=False), help="Repository to work on.")
@click.option("--test-command", help="Test command of the repository.  [default: detected]")
@click.option(
    "--ask", is_flag=True, help="Let agents ask questions; otherwise they make assumptions and state them."
)
@click.option("--strict", is_flag=True, help="Stop a story at the first criterion that is not covered.")
def run(**arguments: object) -> None:
    """Deliver the stories in FILE, one after another."""
    _deliver("run", arguments)


@main.command()
@click.argument("delivery", required=False)
@click.option("--approve", metavar="ID", help="Approve the request with this id.")
@click.option("--reject", metavar="ID", help="Reject the request with this id.")
@click.option("--reason", help="Reason for --approve or --reject, kept in the ledger.")
@click.option("--answer", nargs=2, metavar="ID TEXT", help="Answer the question with this id.")
@delivery_options
def resume(**arguments: object) -> None:
    """Continue DELIVERY, or every unfinished delivery.

    The model, budgets, sandbox and policies of the delivery are kept unless overridden."""
    _deliver("resume", arguments)


@main.command()
@click.argument("delivery")
@HOME
def abandon(**arguments: object) -> None:
    """End DELIVERY without finishing it; merged changes stay merged."""
    _deliver("abandon", arguments)


def _deliver(command: str, arguments: dict[str, object]) -> None:
    """Call a function of `crew.commands.delivery`, whose imports take too long for `--help`."""
    getattr(import_module("crew.commands.delivery"), command)(**arguments)


@main.command()
@JSON
@HOME
def status(as_json: bool, home: Path | None) -> None:
    """Show running services and the state of each delivery."""
    from crew.report.status import status_json, status_text  # noqa: PLC0415

    folder = existing_home(home)
    say(status_json(folder) if as_json else as_typed(status_text(folder)))


@main.command()
@HOME
def down(home: Path | None) -> None:
    """Stop all services; `crew run` starts them again."""
    from tools.runtimes.open import open_runtime  # noqa: PLC0415

    stopped = open_runtime(existing_home(home)).down()
    for service in stopped:
        say(f"Stopped {service.name} ({service.environment}).")
    if not stopped:
        say("Nothing was running.")


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Check the requirements of this machine, with a fix for each."""
    from tools.environments.machine import check_machine  # noqa: PLC0415

    checks = check_machine()
    if as_json:
        say(json.dumps([each.model_dump(mode="json") for each in checks], indent=2))
    else:
        for each in checks:
            say(f"{'ok  ' if each.ok else 'FAIL'}  {each.name}: {each.detail}")
            if not each.ok:
                say(f"      {each.fix}")
    sys.exit(0 if all(each.ok for each in checks) else 4)
