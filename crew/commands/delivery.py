"""`crew run`, `crew resume` and `crew abandon`: the composition root, which connects `crew` with `graphs`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from crew.app import AppContext, Settings, open_app
from crew.commands.delivery_settings import config_for, delivery_to_resume, same_terms, settings_for
from crew.commands.options import Given
from crew.commands.shared import existing_home, leave, person
from crew.console import Printer, finish, printer_for
from crew.errors import BadInput, CrewError, Interrupted, LeaseTaken, Stopped, Unexpected
from crew.known_secrets import HOME_USED
from crew.models.by_url import open_recorder, role_models
from crew.printable import say
from crew.records.deliveries import Opened, ending_of, load_delivery, unfinished
from crew.settings.config import Config
from crew.settings.model_settings import server_of
from crew.stories import load
from graphs.approval import Reply
from graphs.run import abandon as end_delivery
from graphs.run import begin, deliver, open_ends, take_up


def run(
    file: Path, given: Given, repo: Path | None, test_command: str | None, ask: bool, strict: bool
) -> None:
    """Deliver the stories in FILE, one after another."""
    stories = load(file)
    if repo is not None:
        stories = stories.model_copy(update={"repository": repo.resolve()})
    config = config_for(file, given, test_command=test_command)
    home = given.home or file.resolve().parent / ".crew"
    settings = settings_for(home, config, given, strict=strict, ask=ask)
    with open_run(config, given, settings) as (app, printer):
        deliveries = begin(app, stories)
        run_deliveries(app, printer, deliveries, lambda each: deliver(app, each))


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

    Deliveries that were started with different options from the first need a separate command, which is printed."""
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


def abandon(delivery: str, home: Path | None) -> None:
    """End DELIVERY without finishing it; merged changes stay merged."""
    settings = Settings(home=existing_home(home).resolve())
    with open_app(settings, role_models(Config(), settings.home)) as app:
        ended = end_delivery(app, delivery, person())
        say(f"{delivery}: {ended.status}. {ended.reason}")


@contextmanager
def open_run(config: Config, given: Given, settings: Settings) -> Iterator[tuple[AppContext, Printer]]:
    """Open the app and the printer of a command that delivers, with a recorder if calls are recorded.

    Prints the server that receives stories, code and the API key, since the settings file next to a story file may
    name any server."""
    if any(url.startswith("openai:") for url in config.model.urls):
        from crew.models.openai import shown_server  # noqa: PLC0415  takes a second; only needed for a server

        say(f"Model requests go to {shown_server(server_of(config.model))}.", err=True)
    recorder = open_recorder(settings.record, config, settings.home, given.label) if settings.record else None
    with open_app(settings, role_models(config, settings.home, recorder), recorder) as app:
        yield app, printer_for(app, given.as_json)


def run_deliveries(
    app: AppContext, printer: Printer, deliveries: list[str], deliver: Callable[[str], object]
) -> NoReturn:
    """Run deliveries until they end or wait, show the summary, and exit with its code."""
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
    """Return the error with `--home` added to the command it names, so that the command works in any folder."""
    where = click.get_current_context().meta[HOME_USED]
    return type(error)(str(error).replace("crew resume", f"crew resume --home {where}"))


def _reply(
    approve: str | None, reject: str | None, answer: tuple[str, str] | None, reason: str | None
) -> tuple[str, Reply] | None:
    given = [each for each in (approve, reject, answer) if each]
    if len(given) > 1:
        raise BadInput("--approve, --reject and --answer are mutually exclusive; give only one of them.")
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
