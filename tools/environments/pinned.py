"""Parsing of requirement lines, so that the policies judge exactly what is installed.

Requirement files have no specification: pip, uv and packaging interpret some texts differently. This module rejects
every line that is ambiguous, and the installer gets a file generated from the parsed lines, never the original.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from tools.errors import RequirementRefused

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\[[A-Za-z0-9._, -]*\])?"
    r" ?== ?(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)"
    r"(?: ?; ?(?P<marker>(?:(?!--)[A-Za-z0-9 ._,<>=!~()'\"+-])+?))?"
    r"(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})*) ?"
)
_PLAIN = re.compile(r"[A-Za-z0-9 ._,<>=!~()'\"\[\];*+-]+")
"""Pattern for requirements without URLs, paths, variables, comments or options."""
_COMMENT = re.compile(r"(^|[ \t])#.*")
_ADDRESS = re.compile(r"\S*://\S*")


@dataclass(frozen=True)
class Pin:
    """One release of one package."""

    release: str
    """Normalised "name==version", as the policies judge it."""
    line: str
    """The requirement in canonical form, with its extras, marker and hashes, as the installer reads it."""


def logical_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that are not empty, each with its first line number, without comments and with continuations.

    A comment ends with its line, even if the line ends with a backslash. If a requirement precedes such a comment, pip
    and uv disagree, so the comment is kept, which makes the requirement invalid.
    """
    found: list[tuple[int, str]] = []
    joined, first = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        code = _COMMENT.sub("", line)
        continued = line.endswith("\\")
        if continued and code == line:
            joined += line.removesuffix("\\") + " "
            continue
        found.append((first, joined + (line if continued and code.strip() else code)))
        joined, first = "", number + 1
    found.append((first, joined))
    return [(number, stripped) for number, line in found if (stripped := line.strip())]


def pin_of(line: str) -> Pin | None:
    """Return the release that a logical line pins, or None if the line is not a pin."""
    # Runs of whitespace would make the matching time quadratic.
    pin = _PIN.fullmatch(re.sub(r"[ \t]+", " ", line))
    if pin is None or requirement_of(pin.string[: pin.end("version")]) is None:
        return None
    name = re.sub(r"[-_.]+", "-", pin["name"]).lower()
    release = f"{name}=={pin['version']}"
    marker = f" ; {pin['marker'].strip()}" if pin["marker"] else ""
    hashes = "".join(f" {each}" for each in pin["hashes"].split())
    return Pin(release, f"{name}{pin['extras'] or ''}=={pin['version']}{marker}{hashes}")


def require_pins(text: str) -> str:
    """Return a canonical file with the same pins. Raises RequirementRefused if a line is not a pin."""
    pins = []
    for number, line in logical_lines(text):
        pin = pin_of(line)
        if pin is None:
            raise RequirementRefused(
                f"Line {number} of the requirements, '{without_addresses(line)}', is not a pin: write name==version. "
                "URLs, paths, options, variables and other files are not installed."
            )
        pins.append(pin.line)
    return _file(pins)


def requirement_of(line: str) -> Requirement | None:
    """Parse a requirement; return None if it is invalid or contains a variable, a path or anything else unexpected."""
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return None
    return requirement if requirement.url or _PLAIN.fullmatch(str(requirement)) else None


def require_releases(lines: Iterable[str]) -> str:
    """Return a file with these requirements. Raises RequirementRefused unless each names a release from the index."""
    requirements = []
    for line in lines:
        requirement = requirement_of(line)
        if requirement is None or requirement.url:
            raise RequirementRefused(
                f"'{without_addresses(line)}' is not a release from the package index: write a name and versions."
            )
        requirements.append(str(requirement))
    return _file(requirements)


def _file(lines: Iterable[str]) -> str:
    """Return the text of a file with these lines."""
    return "".join(f"{line}\n" for line in lines)


def without_addresses(line: str) -> str:
    """Return a requirement for a message: URLs, which may contain passwords, are replaced."""
    return _ADDRESS.sub("a URL", line)[:200]
