"""Helpers shared by the `crew` commands: settings, the home, exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from crew.errors import BadInput, CrewError, Interrupted, LeaseTaken, Stopped, Unexpected
from crew.printable import say
from crew.redaction import HOME_USED
from tools.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crew.app import AppContext, Settings
    from crew.commands.options import Given
    from crew.console import Printer
    from crew.records.deliveries import Opened
    from crew.settings.config import Config
    from crew.settings.terms import Terms


def delivery_to_resume(home: Path, delivery: str | None, asked: str) -> Opened | None:
    """Return the delivery to resume, with the settings it was started with; None if every delivery has ended.

    `asked` is the id of an answered request, which also identifies the delivery. Deliveries that this version cannot
    continue are skipped with a message; raises Stopped if none is left."""
    from crew.records.deliveries import asking, ending_of, load_delivery, refusal, unfinished  # noqa: PLC0415
    from crew.records.home_ledger import open_ledger  # noqa: PLC0415  keeps `--help` fast, as do all imports below

    with open_ledger(home) as rows:
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


def same_terms(one: Terms, other: Terms, given: Given) -> bool:
    """Whether two deliveries have the same settings, ignoring those given on the command line."""
    from crew.settings.terms import Terms  # noqa: PLC0415

    masked = {name: "" for name in Terms.model_fields if getattr(given, name) is not None}
    return one.model_copy(update=masked) == other.model_copy(update=masked)


def config_for(
    beside: Path, given: Given, begun: Terms | None = None, test_command: str | None = None
) -> Config:
    """Return the settings of crew.toml, overridden by those of a resumed delivery and by the command line."""
    from crew.settings.budget import parse_budget  # noqa: PLC0415
    from crew.settings.load import load_config, resolve_model_url, with_options  # noqa: PLC0415

    read = load_config(beside, Path.cwd())
    model = given.model
    if begun and model is None and begun.model != read.model.url:
        # A delivery keeps its model unless overridden.
        model = begun.model
        if MARK in model:
            raise BadInput(
                f"The password in the model's URL {model} was not stored. Give the URL again: --model URL."
            )
    budget = given.budget or (begun.budget if begun else "")
    run_budget = given.run_budget or (begun.run_budget if begun else "")
    return with_options(
        read,
        model=None if model is None else resolve_model_url(model, Path.cwd()),
        budget=parse_budget(budget) if budget else None,
        run_budget=parse_budget(run_budget) if run_budget else None,
        test_command=test_command,
    )


@contextmanager
def open_run(config: Config, given: Given, settings: Settings) -> Iterator[tuple[AppContext, Printer]]:
    """Open the app of a command that delivers, and what prints its rows; with a recorder if calls are recorded.

    Prints the server that receives stories, code and key: settings beside a story file may name any server."""
    from crew.app import open_app  # noqa: PLC0415
    from crew.console import printer_for  # noqa: PLC0415
    from crew.models import open_recorder, role_models  # noqa: PLC0415

    if any(url.startswith("openai:") for url in config.model.urls):
        from crew.models.openai import server_of, shown_server  # noqa: PLC0415  only needed for a server

        say(f"Model requests go to {shown_server(server_of(config.model))}.", err=True)
    recorder = open_recorder(settings.record, config, settings.home, given.label) if settings.record else None
    with open_app(settings, role_models(config, settings.home, recorder), recorder) as app:
        yield app, printer_for(app, given.as_json)


def _recording_folder(given: Given, config: Config, begun: Terms | None) -> Path | None:
    """Return the recording folder; a resumed delivery continues its recording unless the model changes."""
    if given.record is not None or begun is None or not begun.record or begun.model != config.model.url:
        return given.record
    return Path(begun.record) if Path(begun.record, "recording.json").is_file() else None


def settings_for(
    home: Path,
    config: Config,
    given: Given,
    begun: Terms | None = None,
    *,
    strict: bool = False,
    ask: bool = False,
) -> Settings:
    """Return the settings of a command: given options, else those of the resumed delivery, else the defaults."""
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
        engine=given.policy_engine
        if given.policy_engine is not None
        else begun.policy_engine
        if begun
        else "auto",
        policies=policies,
        telemetry=config.telemetry,
        budget=config.budget.delivery,
        run_budget=config.budget.run,
        record=_recording_folder(given, config, begun),
        test_command=config.tests.command,
    )


def run_deliveries(
    app: AppContext, printer: Printer, deliveries: list[str], deliver: Callable[[str], object]
) -> NoReturn:
    """Run deliveries until they end or wait, show the summary, and exit with its code."""
    from crew.console import finish  # noqa: PLC0415

    problem: CrewError | None = None
    with printer.live():
        for each in deliveries:
            try:
                deliver(each)
            except LeaseTaken:
                raise
            except (Stopped, Unexpected) as error:
                # The summary of what was done is shown even if the run cannot continue.
                problem = _with_home(error)
                break
            except KeyboardInterrupt:
                problem = _with_home(Interrupted("Interrupted. Continue with `crew resume`."))
                break
    code = finish(app, printer, deliveries)
    if problem:
        leave(problem)
    sys.exit(code)


def _with_home(error: CrewError) -> CrewError:
    """Return the error with `--home` added to the command it names, so that it works from any folder."""
    where = click.get_current_context().meta[HOME_USED]
    return type(error)(str(error).replace("crew resume", f"crew resume --home {where}"))


def leave(error: Exception) -> NoReturn:
    """Print an error and exit with its code."""
    say(f"crew: {error}", err=True)
    sys.exit(getattr(error, "exit_code", 1))


def existing_home(home: Path | None) -> Path:
    """Return the home that a command works on; raises BadInput if there is none."""
    folder = home or Path(".crew")
    click.get_current_context().meta[HOME_USED] = folder
    if not (folder / "ledger.db").is_file():
        raise BadInput(
            f"{folder} has no ledger. Pass the home that `crew run` used: --home FOLDER, or CREW_HOME."
        )
    return folder


def person() -> str:
    """Return the name of the user running the command."""
    import getpass  # noqa: PLC0415

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # users in containers may have no name
        return f"user {os.getuid()}"
