"""Compare requirements with the previous ones: added releases, unpinned lines, and licences."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import JsonValue

from tools.environments.licences import Package

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[A-Za-z0-9._, -]*\])?\s*==\s*(?P<version>[A-Za-z0-9.!+_-]+)"
    r"(?:\s*;[^#]*?)?(?:\s+--hash=sha256:[0-9a-f]{64})*"
)


def dependencies(requirements: str, before: str, installed: Iterable[Package] = ()) -> dict[str, JsonValue]:
    """Return the fact about dependencies that the policies require.

    `added` holds each "name==version" that was not required before, `unpinned` each new line that is not such a pin
    (a URL, a range, an option of the installer), and `licences` the added releases by the licence that the installed
    package declares; packages that declare none, or are not installed, are left out.
    """
    known = _lines(before)
    unpinned = [line for line in _lines(requirements) if _release(line) is None and line not in known]
    added = added_releases(requirements, before)
    licences: dict[str, list[JsonValue]] = {}
    for package in installed:
        release = f"{package.name}=={package.version}"
        if package.licence and release in added:
            named = licences.setdefault(package.licence, [])
            named += [] if release in named else [release]
    return {"added": dict.fromkeys(added, True), "unpinned": [*unpinned], "licences": dict(licences)}


def added_releases(requirements: str, before: str) -> list[str]:
    """Return each "name==version" that the previous requirements do not contain, without duplicates."""
    old, new = (
        [release for line in _lines(text) if (release := _release(line))] for text in (before, requirements)
    )
    return [release for release in dict.fromkeys(new) if release not in old]


def _lines(requirements: str) -> list[str]:
    joined = requirements.replace("\\\n", " ")
    stripped = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in stripped if line]


def _release(line: str) -> str | None:
    """Return "name==version" with a normalised name, or None if the line is not a plain pin."""
    pin = _PIN.fullmatch(line)
    return f"{re.sub(r'[-_.]+', '-', pin['name']).lower()}=={pin['version']}" if pin else None
