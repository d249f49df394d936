"""A command runs in the sandbox, and nothing that it leaves behind hurts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.deliveries import delivery
from tools.catalogue.commands import RunCommand, run_command
from tools.projects.trees import workspace_tree
from tools.result import ToolResult, Workbench

TEST = "def test_total():\n    assert 1 + 1 == 2\n"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return delivery(tmp_path, {"shop.py": "total = 1\n", "tests/test_shop.py": TEST})


def run(bench: Workbench, *command: str, seconds: int = 20) -> ToolResult:
    return run_command(bench, RunCommand(command=[*command], wall_seconds=seconds))


def shell(bench: Workbench, script: str) -> ToolResult:
    return run(bench, "sh", "-c", script)


def test_a_command_says_how_it_ended_and_what_it_changed(bench: Workbench) -> None:
    result = shell(bench, "echo out; echo err >&2; echo 'total = 2' > shop.py; exit 3")
    assert (result.ok, result.code) == (False, "command_failed")
    assert result.summary == "sh ended with exit code 3. It changed 1 file."
    assert result.data == {
        "exit_code": 3,
        "ending": "exited",
        "stdout": "out\n",
        "stderr": "err\n",
        "changed": ["shop.py"],
        "put_back": [],
    }
    assert (bench.workspace / "shop.py").read_text() == "total = 2\n"
    assert b"out\n\n--- stderr" in bench.artifacts.get(result.artifacts["output"])


def test_the_end_of_much_output_is_shown(bench: Workbench) -> None:
    result = run(bench, "python3", "-c", "print('x' * 50_000 + 'end')")
    assert result.ok
    assert str(result.data["stdout"]).endswith("end\n")
    assert len(str(result.data["stdout"])) == 3_000
    assert len(bench.artifacts.get(result.artifacts["output"])) > 50_000


def test_a_program_that_is_not_there(bench: Workbench) -> None:
    result = run(bench, "frobnicate")
    assert result.code == "no_such_program"
    assert "Available: python3" in result.summary
    assert "make" in result.summary


def test_one_that_does_not_end(bench: Workbench) -> None:
    result = run(bench, "sleep", "30", seconds=1)
    assert result.code == "timed_out"
    assert "did not finish within 1 s" in result.summary


def test_the_workspace_can_be_imported_and_its_place_is_not_told(bench: Workbench) -> None:
    result = run(bench, "python3", "-c", "import shop; print(shop.__file__)")
    assert result.data["stdout"] == "shop.py\n"


def test_there_is_no_network_and_no_way_out(bench: Workbench, tmp_path: Path) -> None:
    assert not run(bench, "python3", "-c", "import socket; socket.create_connection(('1.1.1.1', 53), 3)").ok
    shell(bench, f"echo x > {tmp_path}/escaped")
    assert not shell(bench, f"cat {bench.repository}/.git/config").ok
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("mkdir .git && echo '[core] fsmonitor = evil' > .git/config", ".git (a repository"),
        ("mkdir -p sub/.GIT && chmod 000 sub/.GIT", "sub/.GIT (a repository"),
        ("echo 'gitdir: /' > .git", ".git (a repository"),
        ("mkfifo pipe", "pipe (a pipe"),
        ("touch \"$(printf 'a\\377')\"", "a\\udcff (a name that is not UTF-8)"),
        ("mkdir closed && touch closed/.git && chmod 000 closed/.git closed", "closed/.git (a repository"),
        ("ln -s /etc/passwd passwd", "passwd (a link that points outside)"),
        ("mkdir d && ln -s ../../.. d/up", "d/up (a link that points outside)"),
        ("mkdir hidden && mkfifo hidden/p && chmod 000 hidden", "hidden/p (a pipe"),
        pytest.param(
            'python3 -c \'import os; [(os.mkdir("d"), os.chdir("d")) for _ in range(3000)]\'',
            "/d (more than 100 folders deep)",
            marks=pytest.mark.attack,
        ),
        pytest.param(
            "python3 -c 'import os; n = \"x\" * 250; [(os.mkdir(n), os.chdir(n)) for _ in range(30)]'",
            " (more than 100 folders deep)",
            marks=pytest.mark.attack,
        ),
    ],
)
def test_what_may_not_stay_is_removed_and_said(bench: Workbench, script: str, what: str) -> None:
    before = workspace_tree(bench)
    result = shell(bench, script)
    assert result.ok
    assert "Removed unsafe files: " in result.summary
    assert what in result.summary
    assert workspace_tree(bench) == before


def test_what_nobody_may_read_is_made_readable(bench: Workbench) -> None:
    result = shell(bench, "mkdir d && echo x > d/a.txt && chmod 000 d/a.txt d")
    assert result.data["changed"] == ["d/a.txt"]
    assert (bench.workspace / "d").stat().st_mode & 0o700 == 0o700
    assert (bench.workspace / "d/a.txt").stat().st_mode & 0o600 == 0o600


def test_too_much_is_taken_back(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.catalogue.commands.MOST_BYTES", 1_000_000)
    before = workspace_tree(bench)
    result = shell(bench, "dd if=/dev/zero of=big bs=1M count=3 2>/dev/null; echo x > shop.py")
    assert "everything it wrote" in result.summary
    assert workspace_tree(bench) == before


@pytest.mark.attack
def test_more_entries_than_are_walked_are_taken_back(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.workspace.walk.MOST_ENTRIES", 50)
    before = workspace_tree(bench)
    result = shell(bench, "mkdir d .git && for i in $(seq 100); do mkdir d/$i; done")
    assert "everything it wrote" in result.summary
    assert workspace_tree(bench) == before


@pytest.mark.parametrize(
    "script",
    [
        "echo > tests/test_shop.py",
        "rm -r tests",
        "rm -r tests && mkdir other && ln -s other tests",
        "rm -r tests && echo x > tests",
        "rm tests/test_shop.py && mkdir tests/test_shop.py",
        "mv tests real && ln -s real tests && echo > real/test_shop.py",
    ],
)
def test_protected_tests_are_put_back(bench: Workbench, script: str) -> None:
    held = replace(bench, tests_written=lambda: frozenset({"tests/test_shop.py"}))
    result = shell(held, script)
    assert result.data["put_back"] == ["tests/test_shop.py"]
    assert "Restored tests" in result.summary
    assert not (bench.workspace / "tests").is_symlink()
    assert (bench.workspace / "tests/test_shop.py").read_text() == TEST


def test_other_tests_may_be_changed(bench: Workbench) -> None:
    assert shell(bench, "echo > tests/test_shop.py").data["put_back"] == []


def test_after_a_crash_the_command_starts_where_it_began(bench: Workbench) -> None:
    script = "echo 'total += 1' >> shop.py"
    first = shell(bench, script)
    again = shell(bench, script)
    assert first == again
    assert (bench.workspace / "shop.py").read_text() == "total = 1\ntotal += 1\n"
    shell(replace(bench, action="a-2"), script)
    assert (bench.workspace / "shop.py").read_text() == "total = 1\n" + "total += 1\n" * 2


def test_a_command_that_no_sandbox_runs(bench: Workbench) -> None:
    assert run(bench, "echo", "a\0b").code == "not_run"
