"""The options of the command `crew`, each declared once, and what a person gave of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CREW_HOME",
    help="Folder with everything the crew keeps.  [default: .crew, beside the story file where there is one]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
FILE = click.argument("file", type=click.Path(path_type=Path))

_WORKING = (
    JSON,
    HOME,
    click.option(
        "--model",
        metavar="URL",
        help="offline, openai:NAME or replay:FOLDER.  [default: crew.toml's, else offline]",
    ),
    click.option(
        "--record",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder that every model call is kept in.",
    ),
    click.option("--label", default="", help="How the recording is made, in a sentence."),
    click.option("--budget", help="Bounds of a delivery: tokens=20000,money=0.5,steps=40,minutes=10."),
    click.option("--run-budget", help="The same for all deliveries of the run together."),
    click.option("--yes", is_flag=True, help="Answer the approvals that policy lets a flag answer."),
    click.option("--sandbox", help="Sandbox to use.  [default: the best that works here]"),
    click.option("--policy-engine", "engine", help="auto, opa or regopy.  [default: auto]"),
    click.option(
        "--policies", type=click.Path(path_type=Path, exists=True), help="Folder of your own Rego policies."
    ),
)


@dataclass(frozen=True)
class Given:
    """What a person gave of the options that `crew run` and `crew resume` share; None for what they left out."""

    as_json: bool
    home: Path | None
    model: str | None
    record: Path | None
    label: str
    budget: str | None
    run_budget: str | None
    yes: bool
    sandbox: str | None
    engine: str | None
    policies: Path | None


def working(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that it shares with the other one that works; it gets them as `given`."""

    @functools.wraps(command)
    def collected(**said: Any) -> None:
        given = Given(**{each.name: said.pop(each.name) for each in fields(Given)})
        command(given=given, **said)

    wrapped: Callable[..., None] = collected
    for option in reversed(_WORKING):
        wrapped = option(wrapped)
    return wrapped
