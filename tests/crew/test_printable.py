"""Printed commands work where they are pasted, whether or not `crew` is on the PATH."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crew.printable import as_typed

PRINTED = """\
  Reasons: crew why ts-1 --home /h
`crew resume` tries again: crew resume --budget steps=9
crew down
crew: the crew run was a crew status of "crew plan".
"""
PASTED = """\
  Reasons: {0} why ts-1 --home /h
`{0} resume` tries again: {0} resume --budget steps=9
{0} down
crew: the crew run was a crew status of "crew plan".
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "my venv" / "crew"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(path), "run"])
    return path


def test_a_program_that_was_started_by_its_path_is_named_by_it(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_typed(PRINTED) == PASTED.format(f"'{program}'")


def test_another_crew_on_the_path_is_not_meant(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "crew"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert as_typed(PRINTED) == PASTED.format(f"'{program}'")


@pytest.mark.usefixtures("program")
def test_crew_on_the_path_is_just_that(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    assert as_typed(PRINTED) == PRINTED


def test_a_module_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/x/crew/__main__.py"])
    assert as_typed(PRINTED) == PRINTED
