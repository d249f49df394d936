"""Write the list of allowed packages: the pins of the FastAPI stack, grouped by licence.

Run `python -m tools.scanners.listing` after the pins have changed; a person then reviews and commits the result.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tools.environments.install import install
from tools.environments.licences import Package
from tools.sandbox import choose
from tools.scanners.packages import added_releases

LIST = "packages.json"
PINS = Path(__file__).parents[1] / "stacks" / "fastapi" / "pins"


def listing(requirements: str, installed: Iterable[Package], before: str) -> str:
    """Return the list as JSON; packages for other platforms keep their licence from the previous list.

    Raises ValueError if the licence of a package is unknown.
    """
    licences = {
        release.partition("==")[0]: licence
        for licence, releases in json.loads(before)["packages"].items()
        for release in releases
    } | {each.name: each.licence for each in installed if each.licence}
    grouped: dict[str, list[str]] = {}
    releases = sorted(added_releases(requirements, ""))
    for release in releases:
        grouped.setdefault(licences.get(release.partition("==")[0], ""), []).append(release)
    if unknown := grouped.get(""):
        raise ValueError(
            f"Add the licences of {', '.join(unknown)} to the list by hand, then run this again."
        )
    listed = {licence: dict.fromkeys(grouped[licence], True) for licence in sorted(grouped)}
    named: dict[str, list[str]] = {}
    for release in releases:
        named.setdefault(release.partition("==")[0], []).append(release)
    # The same releases in three forms: flat for judging all at once, by licence, and by name for messages.
    flat = {release: True for releases in listed.values() for release in releases}
    return json.dumps({"listed": flat, "packages": listed, "releases": named}, indent=2) + "\n"


def main() -> None:
    """Install the stack's pins and write the list to the policy folder."""
    pinned = [path.read_text() for path in sorted(PINS.glob("*.txt"))]
    cache = Path.home() / ".cache" / "shipcrew"
    installed = [package for pins in pinned for package in install(choose(), pins, cache).packages]
    path = Path(__file__).parents[2] / "crew" / "policies" / LIST
    path.write_text(listing("".join(pinned), installed, path.read_text()))


if __name__ == "__main__":
    main()
