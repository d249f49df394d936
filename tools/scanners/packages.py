"""Comparison of requirements with the previous ones: added releases, unpinned lines, and licences."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from tools.environments.licences import Package
from tools.environments.pinned import logical_lines, pin_of


def dependencies(requirements: str, before: str, installed: Iterable[Package] = ()) -> dict[str, JsonValue]:
    """Return the fact about dependencies that the policies require.

    `added` holds each "name==version" that was not required before, `unpinned` each new line that is not such a pin
    (a URL, a range, an option of the installer), and `licences` the added releases by the licence that the installed
    package declares; packages that declare none, or are not installed, are left out.
    """
    known = [line for _, line in logical_lines(before)]
    new = [line for _, line in logical_lines(requirements)]
    unpinned = [line for line in new if pin_of(line) is None and line not in known]
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
        [pin.release for _, line in logical_lines(text) if (pin := pin_of(line))]
        for text in (before, requirements)
    )
    return [release for release in dict.fromkeys(new) if release not in old]
