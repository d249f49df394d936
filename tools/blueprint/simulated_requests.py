"""Requests to a service as data: test scenarios consist of them, and the reference model executes them."""

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
    """A value that a test computes at run time: its source, and its value in the reference model."""

    code: str
    value: Plain


TODAY = Expression("day(0)", "2026-06-15")
YESTERDAY = Expression("day(-1)", "2026-06-14")


Given = Plain | Expression
Values = Mapping[str, Given]


@dataclass(frozen=True)
class Create:
    """`POST` of a resource, referred to as `name` from then on."""

    name: str
    entity: str
    values: Values = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    """Reference name to name of a resource."""
    filled: Values = field(default_factory=dict)
    """Further required members of the body, whose values do not matter."""


@dataclass(frozen=True)
class Act:
    """An action of the resource `name`."""

    name: str
    entity: str
    action: str
    inputs: Values = field(default_factory=dict)
    object: str | None = None
    """Name of the resource given in the body."""


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
    """`GET` of the collection; `name` is unused."""

    entity: str
    query: Values = field(default_factory=dict)
    name: str = ""


Step = Create | Act | Update | Delete | Read | List
Cause = Literal["", "unique", "children", "state", "guard", "limit", "effect"]


@dataclass(frozen=True)
class Outcome:
    """Result of a request."""

    status: int
    cause: Cause = ""
    """Empty when it succeeded."""
    rule: Guard | Limit | Effect | None = None
    """The rule that refused it."""
