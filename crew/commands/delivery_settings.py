"""The settings of a command that delivers: from the command line, the resumed delivery and crew.toml."""

from __future__ import annotations

from pathlib import Path

import click

from crew.app import Settings
from crew.commands.options import Given
from crew.errors import BadInput, Stopped
from crew.known_secrets import HOME_USED
from crew.printable import say
from crew.records.deliveries import Opened, asking, ending_of, load_delivery, refusal, unfinished
from crew.records.home_ledger import open_ledger
from crew.settings.budget import parse_budget
from crew.settings.config import OFFLINE, Budgets, Config
from crew.settings.load import load_config, resolve_model_url, with_options
from crew.settings.model_settings import kept_settings, with_kept_settings
from crew.settings.terms import Terms
from tools.redaction import MARK


def delivery_to_resume(home: Path, delivery: str | None, asked: str) -> Opened | None:
    """Return the delivery to resume, with the settings it was started with; None if every delivery has ended.

    `asked` is the id of an answered request, which also identifies the delivery. Deliveries that this version cannot
    continue are skipped with a message; raises Stopped if none is left."""
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
    """Return whether two deliveries have the same settings, ignoring those given on the command line."""
    masked = {name: "" for name in Terms.model_fields if getattr(given, name, None) is not None}
    if given.model is not None:
        masked["settings"] = ""  # they include the models of individual roles
    return one.model_copy(update=masked) == other.model_copy(update=masked)


def config_for(
    beside: Path, given: Given, begun: Terms | None = None, test_command: str | None = None
) -> Config:
    """Return the settings of crew.toml, overridden by those of a resumed delivery and by the command line."""
    read = load_config(beside, Path.cwd())
    model = given.model
    if begun:
        # A delivery keeps its model unless overridden, and its server in any case.
        if model is None and MARK in begun.model:
            raise BadInput(
                f"The password in the model's URL {begun.model} was not stored. Give the URL again: --model URL."
            )
        read = with_kept_settings(read, begun.model if model is None else OFFLINE, begun.settings)
        if model is None and begun.model != read.model.url:
            model = begun.model
        read = read.model_copy(update={"budget": Budgets()})
    budget = given.budget or (begun.budget if begun else "")
    run_budget = given.run_budget or (begun.run_budget if begun else "")
    return with_options(
        read,
        model=None if model is None else resolve_model_url(model, Path.cwd()),
        budget=parse_budget(budget) if budget else None,
        run_budget=parse_budget(run_budget) if run_budget else None,
        test_command=test_command,
    )


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
    click.get_current_context().meta[HOME_USED] = home
    policies = given.policies
    if begun and begun.policies and policies is None:
        policies = Path(begun.policies)
    return Settings(
        home=home.resolve(),
        model=config.model.url,
        model_settings=kept_settings(config),
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
