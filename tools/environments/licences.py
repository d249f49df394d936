"""Determination of the licences of installed packages from their metadata, without importing the packages."""

from __future__ import annotations

import re
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

from pydantic import BaseModel

UNKNOWN: Final = ""
_LONGEST = 60
"""Maximum length of a licence name in characters; some packages put the entire licence text in the field."""

_CLASSIFIERS: Final = {
    "Academic Free License (AFL)": "AFL-3.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License (GPL)": "GPL-1.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "zlib/libpng License": "Zlib",
}
"""SPDX identifiers by Trove classifier (the part after the last "::").

"BSD License" does not specify the variant; the three-clause licence is the stricter of the two common ones.
"""

_WORDINGS: Final = {
    "2-clause bsd license": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "isc license": "ISC",
    "lgpl": "LGPL-2.0-or-later",
    "mit license": "MIT",
    "mpl 2.0": "MPL-2.0",
    "psf": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
"""SPDX identifiers by common value of the free-text `License` field, in lower case."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*( (AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*")


class Package(BaseModel, frozen=True):
    """An installed distribution."""

    name: str
    """Normalised name: lower case, with single hyphens as separators."""
    version: str
    licence: str
    """SPDX expression if it can be derived from the metadata, else the text in the metadata; "" if there is none."""


def packages(site: Path) -> tuple[Package, ...]:
    """Return the distributions installed in a `site-packages` folder, sorted by name."""
    found = []
    for file in site.glob("*.dist-info/METADATA"):
        text = file.read_text(encoding="utf-8", errors="replace")
        headers = HeaderParser().parsestr(text)
        name = re.sub(r"[-_.]+", "-", headers.get("Name", "")).lower()
        found.append(Package(name=name, version=headers.get("Version", ""), licence=licence(headers)))
    return tuple(sorted(found, key=lambda each: each.name))


def licence(metadata: Message) -> str:
    """Return the licence given by the SPDX expression, the classifiers or the free-text field, in that order, or ""."""
    expression = _field(metadata, "License-Expression")
    if expression:
        return expression
    prefix = "License :: "
    named = [
        str(each).rpartition(" :: ")[2]
        for each in metadata.get_all("Classifier", [])
        if str(each).startswith(prefix) and str(each) != "License :: OSI Approved"
    ]
    if named and all(each in _CLASSIFIERS for each in named):
        return " AND ".join(sorted({_CLASSIFIERS[each] for each in named}))
    wording = _field(metadata, "License").splitlines()
    said = wording[0].strip() if wording else ""
    if said.lower().strip('"') in _WORDINGS:
        return _WORDINGS[said.lower().strip('"')]
    if _IDENTIFIER.fullmatch(said) and len(said) <= _LONGEST:
        return said
    return named[0] if named else said[:_LONGEST]


def _field(metadata: Message, name: str) -> str:
    value = str(metadata.get(name, "")).strip()
    return "" if value.upper() == "UNKNOWN" else value
