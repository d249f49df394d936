"""Options shared by several `crew` commands, and their parsed values."""

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
    help="Folder for all data of the crew.  [default: .crew, beside the story file if one is given]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
FILE = click.argument("file", type=click.Path(path_type=Path))

_DELIVERY_OPTIONS = (
    JSON,
    HOME,
    click.option(
        "--model",
        metavar="URL",
        help="Model: offline, openai:NAME or replay:FOLDER.  [default: from crew.toml, else offline]",
    ),
    click.option(
        "--record",
        type=click.Path(path_type=Path, file_okay=False),
        help="Record all model calls in this folder.",
    ),
    click.option("--label", default="", help="One-sentence description stored with the recording."),
    click.option("--budget", help="Limits per delivery, such as tokens=20000,money=0.5,steps=40,minutes=10."),
    click.option("--run-budget", help="Limits for all deliveries of the run together, in the same form."),
    click.option("--yes", is_flag=True, help="Approve whatever policy allows a flag to approve."),
    click.option("--sandbox", help="Sandbox to use.  [default: the strongest available]"),
    click.option("--policy-engine", help="Policy engine: auto, opa or regopy.  [default: auto]"),
    click.option(
        "--policies",
        type=click.Path(path_type=Path, exists=True),
        help="Folder with additional Rego policies.",
    ),
)


@dataclass(frozen=True)
class Given:
    """Options that `crew run` and `crew resume` share, as given on the command line; None if omitted."""

    as_json: bool
    home: Path | None
    model: str | None
    record: Path | None
    label: str
    budget: str | None
    run_budget: str | None
    yes: bool
    sandbox: str | None
    policy_engine: str | None
    policies: Path | None


def delivery_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options shared by `crew run` and `crew resume`, passed to the command as `given`."""

    @functools.wraps(command)
    def collect(**values: Any) -> None:
        given = Given(**{each.name: values.pop(each.name) for each in fields(Given)})
        command(given=given, **values)

    wrapped: Callable[..., None] = collect
    for option in reversed(_DELIVERY_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
