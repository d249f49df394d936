"""A change that takes away from existing tests is named; one that adds, moves or generates them is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, git, put
from tools.git import agent, commit_generation
from tools.repository import branch_tree, note_generation, repository, workspace_tree
from tools.result import Workbench
from tools.weakening import altered_tests

TEST = """import pytest


def test_one():
    assert 1 == 1
    assert 2 == 2


def test_two():
    with pytest.raises(KeyError):
        {}[1]
"""
GO = 'package a\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n}\n'
FILES: dict[str, str | bytes] = {"a.py": "x = 1\n", "tests/test_a.py": TEST, "pkg/a_test.go": GO}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"a.py": ""}, []),
        ({"tests/test_b.py": TEST}, []),
        ({"tests/test_a.py": TEST + "\n\ndef test_three():\n    assert 3\n"}, []),
        ({"tests/test_a.py": TEST.replace("2 == 2", "3 == 3")}, []),
        ({"tests/test_a.py": None, "tests/test_moved.py": TEST}, []),
        ({"tests/test_a.py": None}, ["tests/test_a.py is deleted."]),
        ({"tests/test_a.py": None, "tests/test_b.py": "x = 1\n"}, ["tests/test_a.py is deleted."]),
        (
            {"tests/test_a.py": TEST.replace("def test_two", "def later")},
            ["tests/test_a.py has 1 tests instead of 2."],
        ),
        (
            {"tests/test_a.py": TEST.replace("    assert 2 == 2\n", "")},
            ["tests/test_a.py has 2 assertions instead of 3."],
        ),
        (
            {"tests/test_a.py": TEST.replace("pytest.raises(KeyError)", "open('/dev/null')")},
            ["tests/test_a.py has 2 assertions instead of 3."],
        ),
        (
            {"tests/test_a.py": TEST.replace("def test_one", "@pytest.mark.skip\ndef test_one")},
            ["tests/test_a.py skips 1 times instead of 0."],
        ),
        ({"tests/test_a.py": "def f(:\n"}, ["tests/test_a.py no longer parses."]),
        ({"pkg/a_test.go": "package a\n"}, ["pkg/a_test.go has 1 lines instead of 6."]),
    ],
)
def test_a_foreign_repository(
    tmp_path: Path, changes: dict[str, str | bytes | None], said: list[str]
) -> None:
    bench = delivery(tmp_path, FILES)
    for name, content in changes.items():
        if content is None:
            (bench.workspace / name).unlink()
        else:
            put(bench.workspace, {name: content})
    assert altered_tests(bench, workspace_tree(bench)) == said


def generated(bench: Workbench, files: dict[str, str], parent: str | None = None) -> str:
    return commit_generation(repository(bench), files, parent, "Generate shop", agent("code"), bench.when)


def test_what_the_generator_takes_away_does_not_count(tmp_path: Path) -> None:
    made = {"blueprint.yaml": "a: 1\n", "tests/test_a.py": TEST, "tests/test_b.py": TEST}
    bench = delivery(tmp_path, {**made, "tests/test_own.py": TEST})
    first = generated(bench, made)
    git(
        bench.repository, "merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "Generated", first
    )
    fewer = {"blueprint.yaml": "a: 2\n", "tests/test_a.py": "def test_one():\n    pass\n"}
    note_generation(bench, generated(bench, fewer, first))
    for name in ("tests/test_b.py", "tests/test_own.py"):
        (bench.workspace / name).unlink()
    put(bench.workspace, dict(fewer))
    assert altered_tests(bench, workspace_tree(bench)) == ["tests/test_own.py is deleted."]
    # By hand, the same file would count.
    put(bench.workspace, {"tests/test_a.py": "x = 1\n"})
    assert "tests/test_a.py has 0 tests instead of 2." in altered_tests(bench, workspace_tree(bench))
    assert altered_tests(bench, branch_tree(bench)) == []
