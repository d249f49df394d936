"""Finding resources, and keeping those apart that must differ."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

from app import problems, web
from app.database import Resource
from app.problems import Fault, Problem

R = TypeVar("R", bound=Resource)
Column = orm.InstrumentedAttribute[Any]
Condition = sa.ColumnElement[bool]


def find(session: orm.Session, kind: type[R], id_text: str, *, lock: bool = False) -> R:
    """Return the resource that a path names, locked for a change or not; raise 404 without one."""
    id_ = web.resource_id(id_text)
    found = None if id_ is None else _one(session, kind, kind.id == id_, lock=lock)
    if found is None:
        raise Problem(404, f"There is no such resource: {id_text[:100]}")
    return found


def named(
    session: orm.Session, kind: type[R], column: Column, value: object, member: str
) -> R:
    """Return the resource that a member of the body names, locked; raise 422 without one."""
    found = _one(session, kind, column == value, lock=True)
    if found is None:
        raise problems.invalid(member, "names nothing that exists")
    return found


def get(session: orm.Session, kind: type[R], id_: uuid.UUID | None) -> R | None:
    """Return the resource that another one points to, locked, or None where nothing is pointed to."""
    return None if id_ is None else _one(session, kind, kind.id == id_, lock=True)


def get_existing(session: orm.Session, kind: type[R], id_: uuid.UUID) -> R:
    """Return the resource that another one points to, locked."""
    return session.scalars(sa.select(kind).where(kind.id == id_).with_for_update()).one()


def reject_duplicate(
    session: orm.Session, resource: R, column: Column, value: object, member: str
) -> None:
    """Raise 409 if another resource has the value."""
    kind = type(resource)
    others = sa.select(sa.exists().where(column == value, kind.id != resource.id))
    if value is not None and session.scalar(others):
        raise Problem(409, f"{member}: is taken", Fault(member, "is taken by another resource"))


def count(session: orm.Session, kind: type[R], *conditions: Condition) -> int:
    """Return how many resources meet the conditions."""
    return session.scalar(sa.select(sa.func.count()).select_from(kind).where(*conditions)) or 0


def select(
    kind: type[R], conditions: Sequence[Condition], sort: Column | None = None, *, descending: bool = False
) -> sa.Select[R]:
    """Return the query of those that meet the conditions; equal ones oldest first, null last."""
    query = sa.select(kind).where(*conditions)
    if sort is not None:
        query = query.order_by((sort.desc() if descending else sort.asc()).nulls_last())
    return query.order_by(kind.ordinal_)


def _one(session: orm.Session, kind: type[R], condition: Condition, *, lock: bool) -> R | None:
    query = sa.select(kind).where(condition)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()
