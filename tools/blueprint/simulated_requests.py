"""Requests to a service as data: test scenarios consist of them, and the reference model executes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tools.blueprint.model import Effect, Guard, Limit

Plain = bool | int | Decimal | str | None
"""A field value: int for integers, Decimal for numbers and money, ISO strings for dates and timestamps (UTC, "Z")."""


@dataclass(frozen=True)
class Expression:
    """A value that a test computes at run time: its source code, and its value in the reference model."""

    code: str
    value: Plain


TODAY = Expression("day(0)", "2026-06-15")
YESTERDAY = Expression("day(-1)", "2026-06-14")


Given = Plain | Expression
Values = Mapping[str, Given]


@dataclass(frozen=True)
class Create:
    """A `POST` request that creates a resource, which is referred to as `name` from then on."""

    name: str
    entity: str
    values: Values = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    """Names of the parent resources by the name of the reference."""
    filled: Values = field(default_factory=dict)
    """Further required members of the body, whose values do not matter."""


@dataclass(frozen=True)
class Act:
    """A `POST` request for an action on the resource `name`."""

    name: str
    entity: str
    action: str
    inputs: Values = field(default_factory=dict)
    object: str | None = None
    """Name of the resource that the body refers to, if any."""


@dataclass(frozen=True)
class Update:
    """A `PATCH` request for the resource `name`."""

    name: str
    entity: str
    values: Values


@dataclass(frozen=True)
class Delete:
    """A `DELETE` request for the resource `name`."""

    name: str
    entity: str


@dataclass(frozen=True)
class Read:
    """A `GET` request for the resource `name`."""

    name: str
    entity: str


@dataclass(frozen=True)
class List:
    """A `GET` request for the collection of an entity; `name` is unused."""

    entity: str
    query: Values = field(default_factory=dict)
    name: str = ""


Step = Create | Act | Update | Delete | Read | List
Cause = Literal["", "unique", "children", "state", "guard", "limit", "effect"]


@dataclass(frozen=True)
class Outcome:
    """The result of a request that was run on the reference model."""

    status: int
    cause: Cause = ""
    """What caused the rejection; empty if the request succeeded."""
    rule: Guard | Limit | Effect | None = None
    """The guard, limit or effect that caused the rejection, if any."""
