"""The command `crew`: the one place that knows every part and puts them together.

Heavy imports stand inside the commands, so that `crew --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from crew.errors import BadInput, CrewError, Interrupted, LeaseTaken, Stopped, Unexpected
from crew.policy_commands import policy
from crew.printable import say
from crew.tests_command import tests

if TYPE_CHECKING:
    from collections.abc import Callable

    from crew.config import Config
    from crew.console import Shown
    from crew.deliveries import Opened
    from crew.models.player import Keeper
    from crew.office import Settings
    from graphs.approval import Reply

EXIT_CODES = r"""\ Exit codes: 0 all delivered; 1 some stopped or failed; 2 bad input; 3 waiting for a
person; 4 the machine lacks something."""

_HOME_USED = "crew.home"
"""Where a command leaves the folder it works on, for the account of what goes wrong."""

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CREW_HOME",
    help="Folder with everything the crew keeps.  [default: .crew, beside the story file where there is one]",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
_FILE = click.argument("file", type=click.Path(path_type=Path))
_MODEL = click.option(
    "--model",
    metavar="URL",
    help="offline, openai:NAME or replay:FOLDER.  [default: crew.toml's, else offline]",
)
_RECORD = click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that every model call is kept in.",
)
_LABEL = click.option("--label", default="", help="How the recording is made, in a sentence.")
_BUDGET = click.option("--budget", help="Bounds of a delivery: tokens=20000,money=0.5,steps=40,minutes=10.")
_RUN_BUDGET = click.option("--run-budget", help="The same for all deliveries of the run together.")
_YES = click.option("--yes", is_flag=True, help="Answer the approvals that policy lets a flag answer.")
_SANDBOX = click.option("--sandbox", help="Sandbox to use.  [default: the best that works here]")
_ENGINE = click.option(
    "--policy-engine", "engine", default="auto", show_default=True, help="auto, opa or regopy."
)
_POLICIES = click.option(
    "--policies", type=click.Path(path_type=Path, exists=True), help="Folder of your own Rego policies."
)


class Commands(click.Group):
    """Ends every command with the exit code that its error stands for."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours is a message and its exit code, not a traceback."""
        from tools.errors import ToolError  # noqa: PLC0415  keeps `--help` quick

        try:
            return super().invoke(ctx)
        except (CrewError, ToolError) as error:
            _leave(error)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            _leave(Interrupted("Interrupted."))
        except Exception as error:  # noqa: BLE001  what nobody foresaw is still no traceback on a terminal
            from crew.accidents import unexpected  # noqa: PLC0415

            _leave(unexpected(error, ctx.meta.get(_HOME_USED), "Nothing is lost; `crew resume` goes on."))


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
@_FILE
@_JSON
@_HOME
@_MODEL
@_RECORD
@_LABEL
@_BUDGET
@_RUN_BUDGET
@click.option("--repo", type=click.Path(path_type=Path, file_okay=False), help="Repository to work on.")
@click.option("--test-command", help="The repository's own test command.  [default: found]")
@click.option("--ask", is_flag=True, help="Let the agents ask you; without it they assume, and say what.")
@click.option("--strict", is_flag=True, help="Stop a story at the first criterion that is not covered.")
@_YES
@_SANDBOX
@_ENGINE
@_POLICIES
def run(
    file: Path,
    as_json: bool,
    home: Path | None,
    model: str | None,
    record: Path | None,
    label: str,
    budget: str | None,
    run_budget: str | None,
    repo: Path | None,
    test_command: str | None,
    ask: bool,
    strict: bool,
    yes: bool,
    sandbox: str | None,
    engine: str,
    policies: Path | None,
) -> None:
    """Deliver the stories of FILE, one after another."""
    from crew.stories import load  # noqa: PLC0415

    stories = load(file)
    if repo is not None:
        stories = stories.model_copy(update={"repository": repo.resolve()})
    config = _config(file, model, budget, run_budget, test_command)
    settings = _settings(
        home or file.resolve().parent / ".crew",
        config,
        yes=yes,
        strict=strict,
        ask=ask,
        sandbox=sandbox,
        engine=engine,
        policies=policies,
    )
    from crew.console import console_for  # noqa: PLC0415
    from crew.models import players  # noqa: PLC0415
    from crew.office import open_office  # noqa: PLC0415

    _say_where(config)
    keeper = _keeper(record, config, settings.home, label)
    with open_office(settings, players(config, settings.home, keeper), keeper) as office:
        from graphs.run import begin, deliver  # noqa: PLC0415

        shown = console_for(office, as_json)
        deliveries = begin(office, stories)
        _work(shown, deliveries, lambda each: deliver(office, each))


@main.command()
@click.argument("delivery", required=False)
@click.option("--approve", metavar="ID", help="Approve what waits under this id.")
@click.option("--reject", metavar="ID", help="Reject what waits under this id.")
@click.option("--answer", nargs=2, metavar="ID TEXT", help="Answer the question of this id.")
@_JSON
@_HOME
@_MODEL
@_RECORD
@_LABEL
@_BUDGET
@_RUN_BUDGET
@_YES
@_SANDBOX
@_ENGINE
@_POLICIES
def resume(
    delivery: str | None,
    approve: str | None,
    reject: str | None,
    answer: tuple[str, str] | None,
    as_json: bool,
    home: Path | None,
    model: str | None,
    record: Path | None,
    label: str,
    budget: str | None,
    run_budget: str | None,
    yes: bool,
    sandbox: str | None,
    engine: str,
    policies: Path | None,
) -> None:
    """Go on with DELIVERY, or with everything that has not ended."""
    folder = _existing(home)
    named = next(
        (each[0] if isinstance(each, tuple) else each for each in (approve, reject, answer) if each), ""
    )
    begun = _begun(folder, delivery, named)
    config = _config(folder, model, budget, run_budget, None)
    if begun and model is None and begun.model != config.model.url:
        # Who began it goes on with it, unless a person says otherwise.
        config = _config(folder, begun.model, budget, run_budget, None)
    if begun and begun.policies and policies is None:
        policies = Path(begun.policies)
    settings = _settings(folder, config, yes=yes, sandbox=sandbox, engine=engine, policies=policies)
    from crew.console import console_for  # noqa: PLC0415
    from crew.deliveries import asking, opened, unfinished  # noqa: PLC0415
    from crew.models import players  # noqa: PLC0415
    from crew.office import open_office  # noqa: PLC0415

    reply = _reply(approve, reject, answer)
    _say_where(config)
    keeper = _keeper(record, config, settings.home, label)
    with open_office(settings, players(config, settings.home, keeper), keeper) as office:
        from graphs.run import deliver, open_ends  # noqa: PLC0415

        shown = console_for(office, as_json)
        waiting = open_ends(office)
        if reply and not delivery:
            delivery = asking(office.ledger, reply[0])
        if delivery:
            run_of = opened(office.ledger, delivery).run
            later = [each for each in unfinished(office.ledger) if each.run == run_of]
            waiting = [delivery, *(each.delivery for each in later if each.delivery != delivery)]
        if not waiting and not as_json:
            say("Every delivery has ended; there is nothing to go on with.")
            return
        _work(shown, waiting, lambda each: deliver(office, each, reply if each == delivery else None))


@main.command()
@click.argument("delivery")
@_HOME
def abandon(delivery: str, home: Path | None) -> None:
    """Give DELIVERY up; what it has merged stays merged."""
    from crew.config import Config  # noqa: PLC0415
    from crew.models import players  # noqa: PLC0415
    from crew.office import open_office  # noqa: PLC0415

    settings = _settings(_existing(home), Config())
    with open_office(settings, players(Config(), settings.home)) as office:
        from graphs.run import abandon as give_up  # noqa: PLC0415

        ended = give_up(office, delivery, _person())
        say(f"{delivery}: {ended.status}. {ended.reason}")


@main.command()
@_FILE
@_JSON
@click.option("--strict", is_flag=True, help="Exit with 1 if a criterion is not covered.")
def plan(file: Path, as_json: bool, strict: bool) -> None:
    """Show how each criterion of FILE is read and what follows, without doing anything."""
    from crew.plan import plan_of, show_plan  # noqa: PLC0415
    from crew.stories import load  # noqa: PLC0415

    planned = plan_of(load(file))
    say(planned.model_dump_json(indent=2) if as_json else show_plan(planned))
    sys.exit(1 if strict and planned.not_covered else 0)


@main.command()
@_JSON
@_HOME
def status(as_json: bool, home: Path | None) -> None:
    """Show what runs, and where each delivery stands."""
    from crew.status import status_json, status_text  # noqa: PLC0415

    folder = _existing(home)
    say(status_json(folder) if as_json else status_text(folder))


@main.command()
@_HOME
def down(home: Path | None) -> None:
    """End all services of a home; `crew run` starts them again."""
    from tools.runtimes.local import LocalRuntime  # noqa: PLC0415

    ended = LocalRuntime(_existing(home).resolve()).down()
    for each in ended:
        say(f"{each.name} ({each.environment}) is ended.")
    if not ended:
        say("Nothing was running.")


@main.command()
@click.argument("subject", metavar="DELIVERY|ACTION")
@_JSON
@_HOME
def why(subject: str, as_json: bool, home: Path | None) -> None:
    """Walk the reasons of a delivery, or of one action back to the story."""
    from crew.why import why_json, why_text  # noqa: PLC0415

    folder = _existing(home)
    say(why_json(folder, subject) if as_json else why_text(folder, subject))


main.add_command(policy)
main.add_command(tests)


@main.group()
def ledger() -> None:
    """Show, check and export the record of everything that was done."""


@ledger.command("verify")
@click.argument("delivery", required=False)
@_HOME
def ledger_verify(delivery: str | None, home: Path | None) -> None:
    """Recompute every chain and compare it with what the repositories hold; exit 1 if anything differs."""
    from crew.verify import verify  # noqa: PLC0415

    damages, checked = verify(_existing(home), delivery)
    for damage in damages:
        say(f"{damage.delivery}: {damage.what}", err=True)
    if damages:
        sys.exit(1)
    counted = "1 delivery" if checked == 1 else f"{checked} deliveries"
    say(f"{counted}: every row is as it was written, and none is missing.")


@ledger.command("show")
@click.argument("delivery")
@_HOME
def ledger_show(delivery: str, home: Path | None) -> None:
    """Print the rows of DELIVERY, a line each."""
    from crew.why import ledger_text  # noqa: PLC0415

    say(ledger_text(_existing(home), delivery))


@ledger.command("export")
@click.argument("delivery", required=False)
@_HOME
def ledger_export(delivery: str | None, home: Path | None) -> None:
    """Print rows as JSON, one object a line: of DELIVERY, or of all."""
    from crew.why import ledger_export_lines  # noqa: PLC0415

    for line in ledger_export_lines(_existing(home), delivery):
        say(line)


@main.command()
@click.argument("subject", metavar="SERVICE[.OPERATION]")
@_JSON
@_HOME
def impact(subject: str, as_json: bool, home: Path | None) -> None:
    """Show what a change to a service, or to one of its operations, would touch."""
    from crew.knowledge.impact import impact_json, impact_text  # noqa: PLC0415

    folder = _existing(home)
    say(impact_json(folder, subject) if as_json else impact_text(folder, subject))


@main.group()
def knowledge() -> None:
    """The graph of services, stories, operations, files and tests: a projection of the ledger."""


@knowledge.command("rebuild")
@_HOME
def knowledge_rebuild(home: Path | None) -> None:
    """Make the knowledge graph anew from the ledger."""
    from crew.knowledge.project import rebuild  # noqa: PLC0415

    say(rebuild(_existing(home)))


@main.command()
@_JSON
def doctor(as_json: bool) -> None:
    """Say what this machine has, what it lacks, and what mends that."""
    from crew.doctor import doctor_json, doctor_text, healthy  # noqa: PLC0415

    say(doctor_json() if as_json else doctor_text())
    sys.exit(0 if healthy() else 4)


def _begun(home: Path, delivery: str | None, asked: str) -> Opened | None:
    """Return how the delivery that a person goes on with was begun; None if nothing is left to go on with."""
    from contextlib import closing  # noqa: PLC0415  as below

    from crew.deliveries import asking, opened, unfinished  # noqa: PLC0415
    from crew.ledger import Ledger  # noqa: PLC0415

    with closing(Ledger(home / "ledger.db")) as rows:
        name = delivery or (asking(rows, asked) if asked else "")
        left = [opened(rows, name)] if name else unfinished(rows)
        return left[0] if left else None


def _config(
    beside: Path, model: str | None, budget: str | None, run_budget: str | None, test_command: str | None
) -> Config:
    """Return what crew.toml says, and what the command line says instead."""
    from crew.budget import parse_budget  # noqa: PLC0415
    from crew.config import load_config  # noqa: PLC0415

    return load_config(beside, Path.cwd()).with_options(
        model=model,
        budget=parse_budget(budget) if budget else None,
        run_budget=parse_budget(run_budget) if run_budget else None,
        test_command=test_command,
    )


def _say_where(config: Config) -> None:
    """Say which server is sent the stories, the code and the key: settings beside a story file may name any."""
    urls = (config.model.url, *config.model.roles.values(), *config.model.fallback)
    if any(each.startswith("openai:") for each in urls):
        from crew.models.openai import server_of  # noqa: PLC0415  only those who ask a server need it

        click.echo(f"Models are asked at {server_of(config.model)}.", err=True)


def _keeper(folder: Path | None, config: Config, home: Path, label: str) -> Keeper | None:
    if folder is None:
        return None
    from crew.models import recorder  # noqa: PLC0415

    return recorder(folder, config, home, label)


def _settings(
    home: Path,
    config: Config,
    *,
    yes: bool = False,
    strict: bool = False,
    ask: bool = False,
    sandbox: str | None = None,
    engine: str = "auto",
    policies: Path | None = None,
) -> Settings:
    from crew.office import Settings  # noqa: PLC0415

    click.get_current_context().meta[_HOME_USED] = home
    return Settings(
        home=home.resolve(),
        model=config.model.url,
        yes=yes,
        strict=strict,
        ask=ask,
        sandbox=sandbox,
        engine=engine,
        policies=policies,
        telemetry=config.telemetry,
        budget=config.budget.delivery,
        run_budget=config.budget.run,
        test_command=config.tests.command,
    )


def _work(shown: Shown, deliveries: list[str], deliver: Callable[[str], object]) -> NoReturn:
    """Take deliveries as far as they go, show how they ended, and leave with the exit code."""
    problem: CrewError | None = None
    with shown.live():
        for each in deliveries:
            try:
                deliver(each)
            except LeaseTaken:
                raise
            except (Stopped, Unexpected) as error:
                # What cannot go on now is no reason to keep quiet about what was done.
                problem = _placed(error)
                break
            except KeyboardInterrupt:
                problem = _placed(Interrupted("Interrupted. `crew resume` goes on where it stopped."))
                break
    code = shown.finish(deliveries)
    if problem:
        _leave(problem)
    sys.exit(code)


def _placed(error: CrewError) -> CrewError:
    """Return the error with the home in the command that it names, which works from any folder then."""
    where = click.get_current_context().meta[_HOME_USED]
    return type(error)(str(error).replace("crew resume", f"crew resume --home {where}"))


def _leave(error: Exception) -> NoReturn:
    say(f"crew: {error}", err=True)
    sys.exit(getattr(error, "exit_code", 1))


def _existing(home: Path | None) -> Path:
    folder = home or Path(".crew")
    click.get_current_context().meta[_HOME_USED] = folder
    if not (folder / "ledger.db").is_file():
        raise BadInput(
            f"{folder} holds no ledger. Name the folder that `crew run` used: --home FOLDER, or CREW_HOME."
        )
    return folder


def _reply(
    approve: str | None, reject: str | None, answer: tuple[str, str] | None
) -> tuple[str, Reply] | None:
    from graphs.approval import Reply  # noqa: PLC0415

    given = [each for each in (approve, reject, answer) if each]
    if not given:
        return None
    if len(given) > 1:
        raise BadInput("Give one of --approve, --reject and --answer at a time.")
    by = _person()
    if answer:
        return answer[0], Reply(kind="answer", by=by, text=answer[1])
    if approve:
        return approve, Reply(kind="approve", by=by)
    return str(reject), Reply(kind="reject", by=by)


def _person() -> str:
    import getpass  # noqa: PLC0415

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user of a container may have no name
        return f"user {os.getuid()}"
