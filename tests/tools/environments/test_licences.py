"""Licences are read from what packages say, never by importing them."""

from __future__ import annotations

from email.parser import HeaderParser
from pathlib import Path

import pytest

from tools.environments.licences import licence, packages

CLASSIFIER = "Classifier: License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: something else", "MIT OR Apache-2.0"),
        (CLASSIFIER + "MIT License", "MIT"),
        (CLASSIFIER + "Apache Software License\nLicense: long text", "Apache-2.0"),
        (CLASSIFIER + "MIT License\n" + CLASSIFIER + "Apache Software License", "Apache-2.0 AND MIT"),
        ("Classifier: License :: OSI Approved\n" + CLASSIFIER + "ISC License (ISCL)", "ISC"),
        (CLASSIFIER + "GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
        ("License: Apache License, Version 2.0", "Apache-2.0"),
        ("License: BSD", "BSD-3-Clause"),
        ("License: MPL-2.0", "MPL-2.0"),
        ("License: Commercial\n and more", "Commercial"),
        ("License: Permission is hereby granted, free of charge, to any person obtaining a copy of it", None),
        (CLASSIFIER + "Some New License", "Some New License"),
        ("Classifier: License :: Other/Proprietary License", "Other/Proprietary License"),
        ("License: UNKNOWN", ""),
        ("Summary: says nothing", ""),
    ],
)
def test_what_a_package_says(headers: str, expected: str | None) -> None:
    found = licence(HeaderParser().parsestr(headers + "\n\nbody\n"))
    if expected is None:
        assert found.startswith("Permission is hereby granted")
        assert len(found) == 60
    else:
        assert found == expected


def test_installed_packages_are_listed_by_normalised_name(tmp_path: Path) -> None:
    for name in ("Zope.Interface", "a_b"):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_bytes(f"Name: {name}\nVersion: 1.0\nLicense: MIT\n\n".encode() + b"\xff")
    assert [(each.name, each.version, each.licence) for each in packages(tmp_path)] == [
        ("a-b", "1.0", "MIT"),
        ("zope-interface", "1.0", "MIT"),
    ]
