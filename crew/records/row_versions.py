"""Versions of ledger rows: rows are written in the newest version of their kind, and can be read in any version.

Since rows are hashed and never rewritten, a body keeps its original form and is upgraded whenever it is read.
Adding an optional member needs no new version. To rename, remove or reinterpret a member, append a step to the kind's
entry in `UPGRADES` that converts the latest version to the next; the number of steps determines the version.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

Body = dict[str, JsonValue]

UPGRADES: dict[str, tuple[Callable[[Body], Body], ...]] = {}
"""Maps each kind to its upgrade steps; the first step upgrades bodies of version 1 to version 2."""

MEMBER = "v"
"""Member of a body that contains its version; absent in version 1."""


def mark_version(kind: str, body: Body) -> Body:
    """Return a body with its version added, unless that is 1."""
    steps = UPGRADES.get(kind, ())
    return body | {MEMBER: len(steps) + 1} if steps else body


def upgrade(kind: str, stored: Body) -> Body | None:
    """Return a stored body upgraded to the newest version of its kind, or None if its version is unknown."""
    steps = UPGRADES.get(kind, ())
    version = stored.get(MEMBER, 1)
    if not isinstance(version, int) or not 1 <= version <= len(steps) + 1:
        return None
    body = {name: value for name, value in stored.items() if name != MEMBER}
    for step in steps[version - 1 :]:
        body = step(body)
    return body
