"""What the commands of `crew` have in common: settings out of options, the home, how a command is left."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from crew.errors import BadInput, CrewError, Interrupted, LeaseTaken, Stopped, Unexpected
from crew.printable import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from crew.app import Settings
    from crew.commands.options import Given
    from crew.console import Shown
    from crew.models.role_model import CallRecorder
    from crew.records.deliveries import Opened
    from crew.records.rows import Terms
    from crew.settings.config import Config

HOME_USED = "crew.home"
"""Where a command leaves the folder it works on, for the account of what goes wrong."""


def begun_with(home: Path, delivery: str | None, asked: str) -> Opened | None:
    """Return the settings of the delivery that a person resumes; None if every delivery has ended.

    `asked` is the id of what they answer, which names the delivery too. Deliveries that this version cannot continue
    are left out and named; raises Stopped if no other is left."""
    from contextlib import closing  # noqa: PLC0415  keeps `--help` quick, as all imports below

    from crew.records.deliveries import asking, ending_of, load_delivery, refusal, unfinished  # noqa: PLC0415
    from crew.records.ledger import Ledger  # noqa: PLC0415

    with closing(Ledger(home / "ledger.db")) as rows:
        name = delivery or (asking(rows, asked) if asked else "")
        left = [load_delivery(rows, name)] if name else unfinished(rows)
        refused = {each: refusal(rows, each) for each in left if ending_of(rows, each.delivery) is None}
        ready = [each for each in left if not refused.get(each)]
        reasons = [why for why in refused.values() if why]
        if reasons and not ready:
            raise Stopped("\n".join(reasons))
        for why in reasons:
            say(f"crew: {why}", err=True)
        return ready[0] if ready else None


def alike(one: Terms, other: Terms, given: Given) -> bool:
    """Whether two deliveries work with the same, but for what a person gives now."""
    said = {
        "model": given.model,
        "policies": given.policies,
        "budget": given.budget,
        "run_budget": given.run_budget,
        "sandbox": given.sandbox,
        "policy_engine": given.engine,
        "record": given.record,
    }
    masked = {name: "" for name, value in said.items() if value is not None}
    return one.model_copy(update=masked) == other.model_copy(update=masked)


def configured(
    beside: Path, given: Given, begun: Terms | None = None, test_command: str | None = None
) -> Config:
    """Return what crew.toml says; before it goes what a delivery began with, and before that the command line."""
    from crew.settings.budget import parse_budget  # noqa: PLC0415
    from crew.settings.load import load_config, placed, with_options  # noqa: PLC0415

    read = load_config(beside, Path.cwd())
    model = given.model
    if begun and model is None and begun.model != read.model.url:
        # Who began it goes on with it, unless a person says otherwise.
        model = begun.model
    budget = given.budget or (begun.budget if begun else "")
    run_budget = given.run_budget or (begun.run_budget if begun else "")
    return with_options(
        read,
        model=None if model is None else placed(model, Path.cwd()),
        budget=parse_budget(budget) if budget else None,
        run_budget=parse_budget(run_budget) if run_budget else None,
        test_command=test_command,
    )


def say_where(config: Config) -> None:
    """Say which server is sent the stories, the code and the key: settings beside a story file may name any."""
    urls = (config.model.url, *config.model.roles.values(), *config.model.fallback)
    if any(each.startswith("openai:") for each in urls):
        from crew.models.openai import server_of, shown_server  # noqa: PLC0415  only who asks a server needs it

        say(f"Models are asked at {shown_server(server_of(config.model))}.", err=True)


def keeper_of(given: Given, config: Config, settings: Settings) -> CallRecorder | None:
    """Return what takes down every model call; None where nothing is recorded."""
    if settings.record is None:
        return None
    from crew.models import open_recorder  # noqa: PLC0415

    return open_recorder(settings.record, config, settings.home, given.label)


def _record_of(given: Given, config: Config, begun: Terms | None) -> Path | None:
    """Return where model calls are kept: what is half recorded is recorded on, unless another model plays from here."""
    if given.record is not None or begun is None or not begun.record or begun.model != config.model.url:
        return given.record
    return Path(begun.record) if Path(begun.record, "recording.json").is_file() else None


def settings_of(
    home: Path,
    config: Config,
    given: Given,
    begun: Terms | None = None,
    *,
    strict: bool = False,
    ask: bool = False,
) -> Settings:
    """Return what holds for a command: what a person gave, else what a delivery began with, else the defaults."""
    from crew.app import Settings  # noqa: PLC0415

    click.get_current_context().meta[HOME_USED] = home
    policies = given.policies
    if begun and begun.policies and policies is None:
        policies = Path(begun.policies)
    return Settings(
        home=home.resolve(),
        model=config.model.url,
        yes=given.yes,
        strict=strict,
        ask=ask,
        sandbox=given.sandbox if given.sandbox is not None else (begun and begun.sandbox) or None,
        engine=given.engine if given.engine is not None else begun.policy_engine if begun else "auto",
        policies=policies,
        telemetry=config.telemetry,
        budget=config.budget.delivery,
        run_budget=config.budget.run,
        record=_record_of(given, config, begun),
        test_command=config.tests.command,
    )


def work(shown: Shown, deliveries: list[str], deliver: Callable[[str], object]) -> NoReturn:
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
        leave(problem)
    sys.exit(code)


def _placed(error: CrewError) -> CrewError:
    """Return the error with the home in the command that it names, which works from any folder then."""
    where = click.get_current_context().meta[HOME_USED]
    return type(error)(str(error).replace("crew resume", f"crew resume --home {where}"))


def leave(error: Exception) -> NoReturn:
    """Print an error, and end with the exit code that it stands for."""
    say(f"crew: {error}", err=True)
    sys.exit(getattr(error, "exit_code", 1))


def existing(home: Path | None) -> Path:
    """Return the home that a command works on. Raises BadInput where there is none."""
    folder = home or Path(".crew")
    click.get_current_context().meta[HOME_USED] = folder
    if not (folder / "ledger.db").is_file():
        raise BadInput(
            f"{folder} holds no ledger. Name the folder that `crew run` used: --home FOLDER, or CREW_HOME."
        )
    return folder


def person() -> str:
    """Return the name of who gave the command."""
    import getpass  # noqa: PLC0415

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user of a container may have no name
        return f"user {os.getuid()}"
