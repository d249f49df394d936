"""Requests to a service as data: what tests are planned of, and what a simulation carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tools.blueprint.model import Effect, Guard, Limit

Plain = bool | int | Decimal | str | None
"""Integers are int, numbers and money Decimal, dates and timestamps (in UTC, with "Z") ISO strings."""


@dataclass(frozen=True)
class Expression:
    """A value that a test computes when it runs: its source, and what it is in a simulation."""

    code: str
    value: Plain


TODAY = Expression("day(0)", "2026-06-15")
YESTERDAY = Expression("day(-1)", "2026-06-14")


Given = Plain | Expression
Values = Mapping[str, Given]


@dataclass(frozen=True)
class Create:
    """`POST` of a resource that is then called `name`."""

    name: str
    entity: str
    values: Values = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    """Reference name to name of a resource."""
    filled: Values = field(default_factory=dict)
    """What the body must hold besides, and nothing depends on."""


@dataclass(frozen=True)
class Act:
    """An action of the resource `name`."""

    name: str
    entity: str
    action: str
    inputs: Values = field(default_factory=dict)
    object: str | None = None
    """Name of the resource that the body names."""


@dataclass(frozen=True)
class Update:
    """`PATCH` of the resource `name`."""

    name: str
    entity: str
    values: Values


@dataclass(frozen=True)
class Delete:
    """`DELETE` of the resource `name`."""

    name: str
    entity: str


@dataclass(frozen=True)
class Read:
    """`GET` of the resource `name`."""

    name: str
    entity: str


@dataclass(frozen=True)
class List:
    """`GET` of the collection; `name` is no resource."""

    entity: str
    query: Values = field(default_factory=dict)
    name: str = ""


Step = Create | Act | Update | Delete | Read | List
Cause = Literal["", "unique", "children", "state", "guard", "limit", "effect"]


@dataclass(frozen=True)
class Outcome:
    """What a request came to."""

    status: int
    cause: Cause = ""
    """Empty when it succeeded."""
    rule: Guard | Limit | Effect | None = None
    """The rule that refused it."""
