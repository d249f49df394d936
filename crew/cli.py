"""The `crew` command, and the composition root of the application.

Heavy imports are inside the commands, to keep `crew --help` fast.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crew.commands.options import FILE, HOME, JSON, Given, delivery_options
from crew.commands.policy import policy
from crew.commands.records import impact, knowledge, ledger, why
from crew.commands.shared import (
    config_for,
    delivery_to_resume,
    existing_home,
    leave,
    open_run,
    person,
    run_deliveries,
    same_terms,
    settings_for,
)
from crew.commands.tests import tests
from crew.errors import BadInput, CrewError, Interrupted
from crew.printable import say
from crew.redaction import HOME_USED

if TYPE_CHECKING:
    from crew.app import AppContext
    from crew.records.deliveries import Opened
    from graphs.approval import Reply

EXIT_CODES = """Exit codes: 0 all delivered; 1 some stopped or failed; 2 invalid input; 3 waiting for a
person; 4 the machine lacks a requirement."""


class Commands(click.Group):
    """A command group that turns errors into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; print expected errors without a traceback, and exit with their code."""
        from tools.errors import ToolError  # noqa: PLC0415  keeps `--help` quick

        try:
            return super().invoke(ctx)
        except (CrewError, ToolError) as error:
            leave(error)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            leave(Interrupted("Interrupted."))
        except Exception as error:  # noqa: BLE001  unexpected errors are saved, not printed as a traceback
            from crew.commands.crash_report import crash_error  # noqa: PLC0415

            leave(
                crash_error(error, ctx.meta.get(HOME_USED), "Nothing is lost; continue with `crew resume`.")
            )


@click.group(cls=Commands, epilog=EXIT_CODES)
@click.version_option(package_name="shipcrew", prog_name="crew")
def main() -> None:
    """Turn user stories into a tested, running service, with a reason for every step."""
    for descriptor in range(3):
        # If one is closed at start, a file opened later would take its number and become standard output.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@main.command()
@FILE
@delivery_options
@click.option("--repo", type=click.Path(path_type=Path, file_okay=False), help="Repository to work on.")
@click.option("--test-command", help="Test command of the repository.  [default: detected]")
@click.option(
    "--ask", is_flag=True, help="Let agents ask questions; otherwise they make assumptions and state them."
)
@click.option("--strict", is_flag=True, help="Stop a story at the first criterion that is not covered.")
def run(
    file: Path, given: Given, repo: Path | None, test_command: str | None, ask: bool, strict: bool
) -> None:
    """Deliver the stories in FILE, one after another."""
    from crew.stories import load  # noqa: PLC0415

    stories = load(file)
    if repo is not None:
        stories = stories.model_copy(update={"repository": repo.resolve()})
    config = config_for(file, given, test_command=test_command)
    home = given.home or file.resolve().parent / ".crew"
    settings = settings_for(home, config, given, strict=strict, ask=ask)
    with open_run(config, given, settings) as (app, printer):
        from graphs.run import begin, deliver  # noqa: PLC0415

        deliveries = begin(app, stories)
        run_deliveries(app, printer, deliveries, lambda each: deliver(app, each))


@main.command()
@click.argument("delivery", required=False)
@click.option("--approve", metavar="ID", help="Approve the request with this id.")
@click.option("--reject", metavar="ID", help="Reject the request with this id.")
@click.option("--reason", help="Reason for --approve or --reject, kept in the ledger.")
@click.option("--answer", nargs=2, metavar="ID TEXT", help="Answer the question with this id.")
@delivery_options
def resume(
    delivery: str | None,
    approve: str | None,
    reject: str | None,
    reason: str | None,
    answer: tuple[str, str] | None,
    given: Given,
) -> None:
    """Continue DELIVERY, or every unfinished delivery.

    The model, budgets, sandbox and policies of the delivery are kept unless overridden."""
    folder = existing_home(given.home)
    reply = _reply(approve, reject, answer, reason)
    begun = delivery_to_resume(folder, delivery, reply[0] if reply else "")
    config = config_for(folder, given, begun)
    settings = settings_for(folder, config, given, begun)
    with open_run(config, given, settings) as (app, printer):
        from graphs.run import deliver, take_up  # noqa: PLC0415

        named = begun.delivery if begun and (delivery or reply) else ""
        waiting = _deliveries_to_resume(app, named, begun, given)
        if not waiting and not given.as_json:
            say("Every delivery has ended; there is nothing to resume.")
            return
        take_up(app, waiting)
        run_deliveries(
            app, printer, waiting, lambda each: deliver(app, each, reply if each == named else None)
        )


def _deliveries_to_resume(app: AppContext, named: str, begun: Opened | None, given: Given) -> list[str]:
    """Return the deliveries to continue: all, or the named one and those that follow it in its run.

    Deliveries started with other options than the first need a command of their own, which is printed."""
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
        and not same_terms(load_delivery(app.ledger, each).terms, begun.terms, given)
    ]
    for each in others:
        say(
            f"{each} was started with other options; resume it separately: crew resume {each}",
            err=True,
        )
    return [each for each in waiting if each not in others]


@main.command()
@click.argument("delivery")
@HOME
def abandon(delivery: str, home: Path | None) -> None:
    """End DELIVERY without finishing it; merged changes stay merged."""
    from crew.app import Settings, open_app  # noqa: PLC0415
    from crew.models import role_models  # noqa: PLC0415
    from crew.settings.config import Config  # noqa: PLC0415

    settings = Settings(home=existing_home(home).resolve())
    with open_app(settings, role_models(Config(), settings.home)) as app:
        from graphs.run import abandon as give_up  # noqa: PLC0415

        ended = give_up(app, delivery, person())
        say(f"{delivery}: {ended.status}. {ended.reason}")


@main.command()
@FILE
@JSON
@click.option("--strict", is_flag=True, help="Exit with code 1 if a criterion is not covered.")
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

    planned = plan_of(load(file))
    say(planned.model_dump_json(indent=2) if as_json else show_plan(planned))
    sys.exit(1 if strict and planned.not_covered else 0)


@main.command()
@JSON
@HOME
def status(as_json: bool, home: Path | None) -> None:
    """Show running services and the state of each delivery."""
    from crew.report.status import status_json, status_text  # noqa: PLC0415

    folder = existing_home(home)
    say(status_json(folder) if as_json else status_text(folder))


@main.command()
@HOME
def down(home: Path | None) -> None:
    """Stop all services; `crew run` starts them again."""
    from tools.runtimes.open import open_runtime  # noqa: PLC0415

    stopped = open_runtime("local", existing_home(home)).down()
    for service in stopped:
        say(f"Stopped {service.name} ({service.environment}).")
    if not stopped:
        say("Nothing was running.")


for _command in (why, policy, tests, ledger, impact, knowledge):
    main.add_command(_command)


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
            say(f"{'ok  ' if each.ok else 'LACK'}  {each.name}: {each.detail}")
            if not each.ok:
                say(f"      {each.mend}")
    sys.exit(0 if all(each.ok for each in checks) else 4)


def _reply(
    approve: str | None, reject: str | None, answer: tuple[str, str] | None, reason: str | None
) -> tuple[str, Reply] | None:
    from graphs.approval import Reply  # noqa: PLC0415

    given = [each for each in (approve, reject, answer) if each]
    if len(given) > 1:
        raise BadInput("--approve, --reject and --answer exclude each other; give one at a time.")
    if reason and not (approve or reject):
        raise BadInput("--reason requires --approve ID or --reject ID.")
    if not given:
        return None
    by = person()
    if answer:
        return answer[0], Reply(kind="answer", by=by, text=answer[1])
    if approve:
        return approve, Reply(kind="approve", by=by, text=reason or "")
    return str(reject), Reply(kind="reject", by=by, text=reason or "")
