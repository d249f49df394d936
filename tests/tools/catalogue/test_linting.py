"""The linters on the tree that is to be merged: what blocks, what a person decides, and what nobody asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.deliveries import delivery, put
from tools.catalogue.linting import LintTree, lint_tree
from tools.projects.trees import workspace_tree

BAD = "import os\n"
RUFF = 'lint.select = ["F"]\n'


def lint(tmp_path: Path, main: dict[str, Any], change: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what the linters say of a change."""
    bench = delivery(tmp_path, main, **more)
    put(bench.workspace, change)
    tree = workspace_tree(bench)
    result = lint_tree(bench, LintTree(tree=tree))
    assert result.data["tree"] == tree
    return dict(result.data)


@pytest.mark.slow
def test_a_configured_linter_counts_what_the_change_brings(tmp_path: Path) -> None:
    data = lint(tmp_path, {"ruff.toml": RUFF, "old.py": BAD}, {"new.py": BAD})
    assert (data["count"], data["unchecked"]) == (1, [])
    assert [each["file"] for each in data["problems"]] == ["new.py"]


@pytest.mark.slow
def test_a_linter_that_the_project_does_not_use_is_not_held_against_it(tmp_path: Path) -> None:
    data = lint(tmp_path, {"old.py": "x = 1\n"}, {"new.py": BAD})
    assert (data["count"], data["unchecked"]) == (0, [])


@pytest.mark.slow
def test_a_test_that_the_code_agent_may_not_change_is_left_to_a_person(tmp_path: Path) -> None:
    written = frozenset({"tests/test_new.py"})
    change = {"tests/test_new.py": BAD, "new.py": "x = 1\n"}
    data = lint(tmp_path, {"ruff.toml": RUFF}, change, tests_written=lambda: written)
    assert data["count"] == 0
    (what,) = data["unchecked"]
    assert what.startswith("tests/test_new.py:1: F401")


@pytest.mark.slow
def test_a_linter_that_cannot_run_is_left_to_a_person(tmp_path: Path) -> None:
    data = lint(tmp_path, {"ruff.toml": 'lint.select = ["NO-SUCH-RULE"]\n'}, {"new.py": BAD})
    assert data["count"] == 0
    assert "ruff could not check the code" in data["unchecked"][0]
