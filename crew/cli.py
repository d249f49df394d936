"""The command `crew`: the one place that knows every part and puts them together.

Heavy imports stand inside the commands, so that `crew --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crew.commands.options import FILE, HOME, JSON, Given, working
from crew.commands.policy import policy
from crew.commands.records import impact, knowledge, ledger, why
from crew.commands.shared import (
    HOME_USED,
    alike,
    begun_with,
    configured,
    existing,
    keeper_of,
    leave,
    person,
    say_where,
    settings_of,
    work,
)
from crew.commands.tests import tests
from crew.errors import BadInput, CrewError, Interrupted
from crew.printable import say

if TYPE_CHECKING:
    from crew.app import AppContext
    from crew.records.deliveries import Opened
    from graphs.approval import Reply

EXIT_CODES = r"""\ Exit codes: 0 all delivered; 1 some stopped or failed; 2 bad input; 3 waiting for a
person; 4 the machine lacks something."""


class Commands(click.Group):
    """Ends every command with the exit code that its error stands for."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours is a message and its exit code, not a traceback."""
        from tools.errors import ToolError  # noqa: PLC0415  keeps `--help` quick

        try:
            return super().invoke(ctx)
        except (CrewError, ToolError) as error:
            leave(error)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            leave(Interrupted("Interrupted."))
        except Exception as error:  # noqa: BLE001  what nobody foresaw is still no traceback on a terminal
            from crew.commands.crash_report import unexpected  # noqa: PLC0415

            leave(unexpected(error, ctx.meta.get(HOME_USED), "Nothing is lost; `crew resume` goes on."))


@click.group(cls=Commands, epilog=EXIT_CODES)
@click.version_option(package_name="shipcrew", prog_name="crew")
def main() -> None:
    """Take a user story to a running, watched service, with a reason for every step."""
    for descriptor in range(3):
        # Started with one of them closed: a file opened later must not become standard output.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@main.command()
@FILE
@working
@click.option("--repo", type=click.Path(path_type=Path, file_okay=False), help="Repository to work on.")
@click.option("--test-command", help="The repository's own test command.  [default: found]")
@click.option("--ask", is_flag=True, help="Let the agents ask you; without it they assume, and say what.")
@click.option("--strict", is_flag=True, help="Stop a story at the first criterion that is not covered.")
def run(
    file: Path, given: Given, repo: Path | None, test_command: str | None, ask: bool, strict: bool
) -> None:
    """Deliver the stories of FILE, one after another."""
    from crew.stories import load  # noqa: PLC0415

    stories = load(file)
    if repo is not None:
        stories = stories.model_copy(update={"repository": repo.resolve()})
    config = configured(file, given, test_command=test_command)
    home = given.home or file.resolve().parent / ".crew"
    settings = settings_of(home, config, given, strict=strict, ask=ask)
    from crew.app import open_app  # noqa: PLC0415
    from crew.console import console_for  # noqa: PLC0415
    from crew.models import role_models  # noqa: PLC0415

    say_where(config)
    recorder = keeper_of(given, config, settings)
    with open_app(settings, role_models(config, settings.home, recorder), recorder) as app:
        from graphs.run import begin, deliver  # noqa: PLC0415

        shown = console_for(app, given.as_json)
        deliveries = begin(app, stories)
        work(shown, deliveries, lambda each: deliver(app, each))


@main.command()
@click.argument("delivery", required=False)
@click.option("--approve", metavar="ID", help="Approve what waits under this id.")
@click.option("--reject", metavar="ID", help="Reject what waits under this id.")
@click.option("--reason", help="Why, with --approve or --reject; it is kept.")
@click.option("--answer", nargs=2, metavar="ID TEXT", help="Answer the question of this id.")
@working
def resume(
    delivery: str | None,
    approve: str | None,
    reject: str | None,
    reason: str | None,
    answer: tuple[str, str] | None,
    given: Given,
) -> None:
    """Go on with DELIVERY, or with everything that has not ended: with the model, the budgets, the sandbox and the
    policies that it began with, but for those that you give."""
    folder = existing(given.home)
    reply = _reply(approve, reject, answer, reason)
    begun = begun_with(folder, delivery, reply[0] if reply else "")
    config = configured(folder, given, begun)
    settings = settings_of(folder, config, given, begun)
    from crew.app import open_app  # noqa: PLC0415
    from crew.console import console_for  # noqa: PLC0415
    from crew.models import role_models  # noqa: PLC0415

    say_where(config)
    recorder = keeper_of(given, config, settings)
    with open_app(settings, role_models(config, settings.home, recorder), recorder) as app:
        from graphs.run import deliver, take_up  # noqa: PLC0415

        shown = console_for(app, given.as_json)
        named = begun.delivery if begun and (delivery or reply) else ""
        waiting = _left(app, named, begun, given)
        if not waiting and not given.as_json:
            say("Every delivery has ended; there is nothing to go on with.")
            return
        take_up(app, waiting)
        work(shown, waiting, lambda each: deliver(app, each, reply if each == named else None))


def _left(app: AppContext, named: str, begun: Opened | None, given: Given) -> list[str]:
    """Return the deliveries to go on with: all, or the named one and what follows it in its run.

    Those that began with other options than the first are for another command, which is said."""
    from crew.records.deliveries import ending_of, load_delivery, unfinished  # noqa: PLC0415
    from graphs.run import open_ends  # noqa: PLC0415

    waiting = open_ends(app)
    if named and begun:
        later = [each.delivery for each in unfinished(app.ledger) if each.run == begun.run]
        waiting = [named, *(each for each in later if each != named)]
    if begun is None:
        return waiting
    others = [
        each
        for each in waiting
        if ending_of(app.ledger, each) is None
        and not alike(load_delivery(app.ledger, each).terms, begun.terms, given)
    ]
    for each in others:
        say(
            f"{each} began with other options, so it is left for a command of its own: crew resume {each}",
            err=True,
        )
    return [each for each in waiting if each not in others]


@main.command()
@click.argument("delivery")
@HOME
def abandon(delivery: str, home: Path | None) -> None:
    """Give DELIVERY up; what it has merged stays merged."""
    from crew.app import Settings, open_app  # noqa: PLC0415
    from crew.models import role_models  # noqa: PLC0415
    from crew.settings.config import Config  # noqa: PLC0415

    settings = Settings(home=existing(home).resolve())
    with open_app(settings, role_models(Config(), settings.home)) as app:
        from graphs.run import abandon as give_up  # noqa: PLC0415

        ended = give_up(app, delivery, person())
        say(f"{delivery}: {ended.status}. {ended.reason}")


@main.command()
@FILE
@JSON
@click.option("--strict", is_flag=True, help="Exit with 1 if a criterion is not covered.")
@click.option("--model", hidden=True)
def plan(file: Path, as_json: bool, strict: bool, model: str | None) -> None:
    """Show how each criterion of FILE is read and what follows, without doing anything."""
    if model not in (None, "offline"):
        raise BadInput(
            "crew plan reads the story with the sentence forms only and asks no model; leave --model out. "
            "What a model makes of the other sentences, crew run says."
        )
    from crew.report.plan import plan_of, show_plan  # noqa: PLC0415
    from crew.stories import load  # noqa: PLC0415

    planned = plan_of(load(file))
    say(planned.model_dump_json(indent=2) if as_json else show_plan(planned))
    sys.exit(1 if strict and planned.not_covered else 0)


@main.command()
@JSON
@HOME
def status(as_json: bool, home: Path | None) -> None:
    """Show what runs, and where each delivery stands."""
    from crew.report.status import status_json, status_text  # noqa: PLC0415

    folder = existing(home)
    say(status_json(folder) if as_json else status_text(folder))


@main.command()
@HOME
def down(home: Path | None) -> None:
    """End all services of a home; `crew run` starts them again."""
    from tools.runtimes.local import LocalRuntime  # noqa: PLC0415

    ended = LocalRuntime(existing(home).resolve()).down()
    for each in ended:
        say(f"{each.name} ({each.environment}) is ended.")
    if not ended:
        say("Nothing was running.")


for _each in (why, policy, tests, ledger, impact, knowledge):
    main.add_command(_each)


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Say what this machine has, what it lacks, and what mends that."""
    from crew.commands.doctor import doctor_json, doctor_text, healthy  # noqa: PLC0415

    say(doctor_json() if as_json else doctor_text())
    sys.exit(0 if healthy() else 4)


def _reply(
    approve: str | None, reject: str | None, answer: tuple[str, str] | None, reason: str | None
) -> tuple[str, Reply] | None:
    from graphs.approval import Reply  # noqa: PLC0415

    given = [each for each in (approve, reject, answer) if each]
    if len(given) > 1:
        raise BadInput("Give one of --approve, --reject and --answer at a time.")
    if reason and not (approve or reject):
        raise BadInput("--reason goes with --approve ID or --reject ID: it says why.")
    if not given:
        return None
    by = person()
    if answer:
        return answer[0], Reply(kind="answer", by=by, text=answer[1])
    if approve:
        return approve, Reply(kind="approve", by=by, text=reason or "")
    return str(reject), Reply(kind="reject", by=by, text=reason or "")
