"""Versions of ledger rows: a row is written in the newest version of its kind, and read in any.

Rows are hashed and never rewritten, so a body keeps its form for good and is upgraded whenever it is read.
Adding an optional member needs no new version. To rename, remove or reinterpret a member, append a step to the kind's
entry in `UPGRADES`: it turns the newest body so far into the next, and the version follows from the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

Body = dict[str, JsonValue]

UPGRADES: dict[str, tuple[Callable[[Body], Body], ...]] = {}
"""Kind to its steps; the first one takes bodies of version 1."""

MEMBER = "v"
"""Member that holds the version; a body of version 1 has none."""


def mark_version(kind: str, body: Body) -> Body:
    """Return a body as it is stored: with its version, unless that is 1."""
    steps = UPGRADES.get(kind, ())
    return body | {MEMBER: len(steps) + 1} if steps else body


def upgrade(kind: str, stored: Body) -> Body | None:
    """Return a stored body in the newest version of its kind; None for a version that is not known."""
    steps = UPGRADES.get(kind, ())
    version = stored.get(MEMBER, 1)
    if not isinstance(version, int) or not 1 <= version <= len(steps) + 1:
        return None
    body = {name: value for name, value in stored.items() if name != MEMBER}
    for step in steps[version - 1 :]:
        body = step(body)
    return body
