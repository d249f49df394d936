"""The command with which a repository tests itself is found from its files, and nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import put
from tools.testing.test_command import find_test_command, is_test

TEST = "def test_it():\n    pass\n"
TOX = "[tox]\nenvlist = py311\n"
TOX += "[testenv]\ndeps = pytest\ncommands =\n    pip list\n    py311: pytest -q {posargs:checks}\n"
CASES: list[tuple[str, dict[str, str | bytes], str, str, str]] = [
    ("pytest.ini", {"pytest.ini": "[pytest]\n"}, "pytest", "pytest", "pytest.ini says so."),
    (
        "pyproject",
        {"pyproject.toml": "[tool.pytest.ini_options]\n"},
        "pytest",
        "pytest",
        "pyproject.toml says so.",
    ),
    ("setup.cfg", {"setup.cfg": "[tool:pytest]\n"}, "pytest", "pytest", "setup.cfg says so."),
    ("a folder of tests", {"tests/unit/test_a.py": TEST}, "pytest", "pytest", "tests/ says so."),
    ("tests beside the code", {"a.py": "", "test_a.py": TEST}, "pytest", "pytest", "test_a.py says so."),
    ("tox", {"tox.ini": TOX, "checks/a.py": TEST}, "tox", "pytest -q checks", "tox.ini says so."),
    (
        "tox in pyproject",
        {
            "pyproject.toml": '[tool.tox.env_run_base]\ncommands = [["ruff"], ["python", "-m", "pytest", "-x"]]\n'
        },
        "tox",
        "pytest -x",
        "pyproject.toml says so.",
    ),
    (
        "tox with coverage",
        {"tox.ini": "[testenv]\ncommands = coverage run -m pytest -ra\n"},
        "tox",
        "pytest -ra",
        "tox.ini says so.",
    ),
    ("tox of something else", {"tox.ini": "[testenv]\ncommands = make all\n"}, "", "", ""),
    (
        "nox",
        {
            "noxfile.py": 'import nox\n@nox.session\ndef t(session):\n    session.run("pytest", *session.posargs)\n'
        },
        "nox",
        "pytest",
        "noxfile.py says so.",
    ),
    ("nox of something else", {"noxfile.py": 'def t(s):\n    s.run("ruff")\n'}, "", "", ""),
    (
        "make",
        {"Makefile": "all:\n\ttrue\n\ntest: all\n\t./check\n"},
        "make",
        "make test",
        "Makefile says so.",
    ),
    ("make without tests", {"Makefile": "test := 1\nall:\n\ttrue\n"}, "", "", ""),
    (
        "npm",
        {"package.json": '{"scripts": {"test": "node test.js"}}'},
        "npm",
        "npm test",
        "package.json says so.",
    ),
    (
        "npm's own words",
        {"package.json": '{"scripts": {"test": "echo \\"no test specified\\" && exit 1"}}'},
        "",
        "",
        "",
    ),
    ("go", {"go.mod": "module shop\n"}, "go", "go test ./...", "go.mod says so."),
    (
        "several",
        {"go.mod": "module shop\n", "Makefile": "test:\n\tgo test\n", "tests/test_a.py": TEST},
        "pytest",
        "pytest",
        "tests/ says so; there was also make (Makefile), go (go.mod).",
    ),
    ("nothing", {"README.md": "pytest"}, "", "", ""),
    (
        "broken files",
        {"pyproject.toml": "[[[", "package.json": "[" * 100_000, "tox.ini": "x", "setup.cfg": b"\xff\0"},
        "",
        "",
        "",
    ),
    ("a noxfile that is no Python", {"noxfile.py": "(" * 10_000}, "", "", ""),
]


@pytest.mark.parametrize(
    ("files", "kind", "argv", "why"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_the_command_is_found(
    tmp_path: Path, files: dict[str, str | bytes], kind: str, argv: str, why: str
) -> None:
    put(tmp_path, files)
    found = find_test_command(tmp_path)
    said = (found.kind, " ".join(found.argv), found.why) if found else ("", "", "")
    assert said == (kind, argv, why)


def test_the_one_that_is_given_comes_first(tmp_path: Path) -> None:
    put(tmp_path, {"pytest.ini": "[pytest]\n"})
    found = find_test_command(tmp_path, "make 'all tests'")
    assert found is not None
    assert (found.kind, found.argv, found.selection) == ("given", ("make", "all tests"), None)
    assert find_test_command(tmp_path, "make 'all") is None


@pytest.mark.parametrize(
    ("given", "selection"),
    [
        ("pytest", ()),
        ("python3 -m pytest -q -ra --tb=short --cov=shop --cov-report=xml", ()),
        ("py.test tests/unit tests/test_a.py::test_b -x", ("tests/unit", "tests/test_a.py::test_b")),
        ("uv run pytest", ()),
        ("uv run python -m pytest tests", ("tests",)),
        ("coverage run -m pytest", ()),
        ("pytest -k fast", None),
        ("pytest -m 'not slow'", None),
        ("pytest -p no:logging", None),
        ("python -m unittest", None),
        ("./pytest", None),
        ("make test", None),
    ],
)
def test_a_plain_pytest_is_one_that_our_runner_can_be(
    tmp_path: Path, given: str, selection: tuple[str, ...] | None
) -> None:
    found = find_test_command(tmp_path, given)
    assert found is not None
    assert found.selection == selection


def test_links_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, {"outside/pytest.ini": "[pytest]\n", "shop/README": ""})
    (tmp_path / "shop/pytest.ini").symlink_to(tmp_path / "outside/pytest.ini")
    assert find_test_command(tmp_path / "shop") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/data/a.json", True),
        ("test_a.py", True),
        ("pkg/a_test.go", True),
        ("src/a.spec.ts", True),
        ("conftest.py", True),
        ("src/testing_tools.py", False),
        ("src/contest.py", False),
        ("latest/a.py", False),
    ],
)
def test_what_counts_as_a_test(path: str, expected: bool) -> None:
    assert is_test(path) is expected
