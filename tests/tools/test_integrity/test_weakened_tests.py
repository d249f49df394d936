"""A change that takes away from existing tests is named; one that adds, moves or generates them is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, git, put
from tools.git import agent, commit_generation
from tools.projects.trees import branch_tree, note_generation, repository, workspace_tree
from tools.redaction import Redactor
from tools.result import Workbench
from tools.test_integrity.weakened_tests import altered_tests

TEST = """import pytest


def test_one():
    assert 1 == 1
    assert 2 == 2


def test_two():
    with pytest.raises(KeyError):
        {}[1]
"""
GO = 'package a\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n}\n'
FILES: dict[str, str | bytes] = {
    "a.py": "x = 1\n",
    "tests/test_a.py": TEST,
    "pkg/a_test.go": GO,
    "tests/golden.json": '{"total": 5}\n',
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"a.py": ""}, []),
        ({"tests/test_b.py": TEST}, []),
        ({"tests/test_a.py": TEST + "\n\ndef test_three():\n    assert 3\n"}, []),
        (
            {"tests/test_a.py": TEST.replace("2 == 2", "3 == 3")},
            ["tests/test_a.py:4: test_one no longer checks `2 == 2`."],
        ),
        ({"tests/test_a.py": None, "tests/test_moved.py": TEST}, []),
        ({"tests/test_a.py": None}, ["tests/test_a.py is deleted."]),
        ({"tests/test_a.py": None, "tests/test_b.py": "x = 1\n"}, ["tests/test_a.py is deleted."]),
        (
            {"tests/test_a.py": TEST.replace("def test_two", "def later")},
            ["tests/test_a.py:9: test_two is removed; later in tests/test_a.py makes the same checks."],
        ),
        (
            {"tests/test_a.py": TEST.replace("    assert 2 == 2\n", "")},
            ["tests/test_a.py:4: test_one no longer checks `2 == 2`."],
        ),
        (
            {"tests/test_a.py": TEST.replace("pytest.raises(KeyError)", "open('/dev/null')")},
            ["tests/test_a.py:9: test_two no longer checks `pytest.raises(KeyError)`."],
        ),
        (
            {"tests/test_a.py": TEST.replace("def test_one", "@pytest.mark.skip\ndef test_one")},
            ["tests/test_a.py:4: test_one is now skipped or allowed to fail: `pytest.mark.skip`."],
        ),
        (
            {"tests/test_a.py": TEST.replace("2 == 2", "True")},
            ["tests/test_a.py:4: test_one no longer checks `2 == 2`."],
        ),
        ({"tests/test_a.py": "def f(:\n"}, ["tests/test_a.py no longer parses."]),
        (
            {"pkg/a_test.go": "package a\n"},
            ['pkg/a_test.go:3: 3 lines changed or removed, starting with `import "testing"`.'],
        ),
    ],
)
def test_an_existing_project(tmp_path: Path, changes: dict[str, str | bytes | None], said: list[str]) -> None:
    bench = delivery(tmp_path, FILES)
    for name, content in changes.items():
        if content is None:
            (bench.workspace / name).unlink()
        else:
            put(bench.workspace, {name: content})
    assert altered_tests(bench, workspace_tree(bench)) == said


CHOOSING: dict[str, str | bytes] = {
    **FILES,
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-ra -m fast"\nmarkers = ["fast: quick"]\n',
    "Makefile": "build:\n\ttrue\n\ntest: build\n\tpytest\n\tgo test\n\nlint:\n\truff\n",
    "package.json": '{"scripts": {"test": "jest"}}',
    "pkg/conftest.py": 'collect_ignore = ["old.py"]\n',
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef one():\n    return 1\n",
}
BY_PYTEST = "Test selection changes: pytest's addopts becomes"


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "-q -m fast"\nfilterwarnings = []\n', []),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = ["-m", "fast", "--color=no"]\n', []),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "-m fast --ignore=tests"\n',
            [f"{BY_PYTEST} '-m fast --ignore=tests'."],
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "-m fast"\npython_functions = ["check_*"]\n',
            ["Test selection changes: pytest's python_functions becomes 'check_*'."],
        ),
        ("pytest.ini", "[pytest]\n", [f"{BY_PYTEST} ''."]),
        (
            "pytest.toml",
            '[pytest]\naddopts = ["-m", "fast", "-k", "nothing"]\n',
            [f"{BY_PYTEST} '-m fast -k nothing'."],
        ),
        ("setup.cfg", "[tool:pytest]\naddopts = -k nothing\n", []),  # pyproject.toml goes before it
        ("Makefile", "build:\n\tfalse\n\ntest: build\n\tpytest\n\tgo test\n", []),
        (
            "Makefile",
            "build:\n\ntest: build\n\tpytest || true\n\tgo test\n",
            [
                "Test selection changes: the test target of Makefile becomes "
                "'test: build\\n\\tpytest || true\\n\\tgo test'."
            ],
        ),
        (
            "package.json",
            '{"scripts": {"test": "true"}}',
            ["Test selection changes: the test script of package.json becomes 'true'."],
        ),
        (
            "conftest.py",
            'collect_ignore = ["tests"]\n',
            ["conftest.py now uses collect_ignore, which can keep tests from running."],
        ),
        (
            "tests/conftest.py",
            "def pytest_collection_modifyitems(items):\n    items.clear()\n",
            ["tests/conftest.py now uses pytest_collection_modifyitems, which can keep tests from running."],
        ),
        ("tests/conftest.py", "import pytest\n\n\n@pytest.fixture\ndef two():\n    return 2\n", []),
        (
            "pkg/conftest.py",
            'collect_ignore = ["old.py", "a_test.py"]\n',
            ["pkg/conftest.py now uses collect_ignore, which can keep tests from running."],
        ),
        ("pkg/conftest.py", "collect_ignore = [\n    'old.py',\n]\nx = 1\n", []),
    ],
)
def test_what_chooses_among_the_tests(tmp_path: Path, path: str, content: str, said: list[str]) -> None:
    bench = delivery(tmp_path, CHOOSING)
    put(bench.workspace, {path: content})
    assert altered_tests(bench, workspace_tree(bench)) == said


def test_a_repository_that_has_no_tests_yet_may_choose_as_it_likes(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"a.py": "x = 1\n"})
    put(bench.workspace, {"tests/test_a.py": TEST, "pytest.ini": "[pytest]\naddopts = -m fast\n"})
    assert altered_tests(bench, workspace_tree(bench)) == []


def generated(bench: Workbench, files: dict[str, str], parent: str | None = None) -> str:
    return commit_generation(
        repository(bench), files, parent, "Generate shop", agent("code"), bench.when, Redactor(())
    )


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
    assert "tests/test_a.py:4: test_one is removed." in altered_tests(bench, workspace_tree(bench))
    assert altered_tests(bench, branch_tree(bench)) == []


def test_a_generation_chooses_and_a_hand_does_not(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"README.md": "Nothing yet.\n"})
    settings = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    made = {"blueprint.yaml": "a: 1\n", "pyproject.toml": settings, "tests/test_a.py": TEST}
    note_generation(bench, generated(bench, made))
    put(bench.workspace, dict(made))
    assert altered_tests(bench, workspace_tree(bench)) == []
    put(bench.workspace, {"pyproject.toml": settings + 'addopts = "--deselect tests/test_a.py::test_one"\n'})
    assert altered_tests(bench, workspace_tree(bench)) == [
        f"{BY_PYTEST} '--deselect tests/test_a.py::test_one'."
    ]
    put(
        bench.workspace,
        {"pyproject.toml": settings, "conftest.py": "import os\n\ncollect_ignore = ['tests']\n"},
    )
    assert altered_tests(bench, workspace_tree(bench)) == [
        "conftest.py now uses collect_ignore, which can keep tests from running."
    ]


@pytest.mark.attack
def test_a_new_generated_test_is_as_it_was_generated(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"README.md": "Nothing yet.\n"})
    made = {"blueprint.yaml": "a: 1\n", "tests/test_a.py": TEST, "tests/test_b.py": TEST}
    note_generation(bench, generated(bench, made))
    put(bench.workspace, dict(made))
    assert altered_tests(bench, workspace_tree(bench)) == []
    put(bench.workspace, {"tests/test_a.py": "def test_one():\n    pass\n"})
    (bench.workspace / "tests/test_b.py").unlink()
    assert altered_tests(bench, workspace_tree(bench)) == [
        "tests/test_a.py is not as it was generated.",
        "tests/test_b.py is not as it was generated.",
    ]


@pytest.mark.attack
@pytest.mark.parametrize("new", ["tests/Test_A.py", "Tests/test_a.py", "tests/re\u0301sume\u0301_test.py"])
def test_a_file_that_replaces_a_test_elsewhere_is_named(tmp_path: Path, new: str) -> None:
    bench = delivery(tmp_path, {**FILES, "tests/r\u00e9sum\u00e9_test.py": TEST})
    put(bench.workspace, {new: TEST})
    (said,) = altered_tests(bench, workspace_tree(bench))
    assert said.endswith("are one file on a file system that ignores case or Unicode forms.")
    assert new in said


@pytest.mark.attack
def test_a_test_behind_a_link_is_judged_by_the_tree(tmp_path: Path) -> None:
    bench = delivery(tmp_path, FILES)
    (bench.workspace / "tests/test_a.py").unlink()
    put(bench.workspace, {"helper.py": "x = 1\n"})
    (bench.workspace / "tests/test_a.py").symlink_to("../helper.py")
    assert altered_tests(bench, workspace_tree(bench))
