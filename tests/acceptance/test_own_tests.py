"""The tests that a service is delivered with pass on it: a false alarm there would stop a delivery."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.delivery import build, environment
from tests.acceptance.story_files import NAMES

ODDEST = ("fleet.md", "kennel.md", "school.yaml")
"""Those with the most unusual names and forms; all would take minutes."""
assert set(ODDEST) <= set(NAMES)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ODDEST)
def test_its_own_tests_pass_and_its_code_is_clean(name: str, tmp_path: Path) -> None:
    generation = build(name)[-1].generation
    for path, text in generation.files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    linted = run(tmp_path, Path(sys.executable), "-m", "ruff", "check", "--no-cache", ".")
    tested = run(tmp_path, environment(tmp_path / "requirements-dev.txt"), "-m", "pytest", "-q", "--tb=short")

    assert linted.returncode == 0, linted.stdout
    assert tested.returncode == 0, tested.stdout[-3000:]


def run(folder: Path, python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module in the repository."""
    variables = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [python, *arguments, "-p", "no:cacheprovider"] if "pytest" in arguments else [python, *arguments],
        cwd=folder, env=variables, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
