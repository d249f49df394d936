"""Programs of the crew's own run as long as this process, and no longer."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tools.runtimes.local.processes import process
from tools.runtimes.server import Server

ROOT = Path(__file__).parents[3]


def gone(pid: int, within: float = 15) -> bool:
    deadline = time.monotonic() + within
    while process(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process(pid) is None


def test_it_runs_in_its_folder_with_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of ours")

    server = Server(("/bin/sh", "-c", "pwd; env; echo bad >&2"), tmp_path, tmp_path / "log")

    assert gone(server.pid)
    said = (tmp_path / "log").read_text().splitlines()
    assert said[0] == str(tmp_path)
    assert "bad" in said
    assert {each.partition("=")[0] for each in said if "=" in each} <= {
        "PATH",
        "HOME",
        "LANG",
        "PWD",
        "_",
        "SHLVL",
        "OLDPWD",
    }


def test_it_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    made: list[Server] = []
    thread = threading.Thread(
        target=lambda: made.append(Server(("/bin/sleep", "60"), tmp_path, tmp_path / "log"))
    )
    thread.start()
    thread.join()
    time.sleep(0.3)

    assert not made[0].has_exited
    assert process(made[0].pid) is not None

    made[0].stop()
    assert made[0].has_exited
    assert process(made[0].pid) is None


def test_it_is_killed_if_it_does_not_end(tmp_path: Path) -> None:
    command = ("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    server = Server(command, tmp_path, tmp_path / "log")
    while not (tmp_path / "log").read_text():
        time.sleep(0.01)

    server.stop()

    assert process(server.pid) is None


def test_it_dies_with_a_killed_owner(tmp_path: Path) -> None:
    owner = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from tools.runtimes.server import Server

        folder = Path(sys.argv[1])
        print(Server(("/bin/sleep", "60"), folder, folder / "log").pid, flush=True)
        time.sleep(60)
        """
    )
    command = (sys.executable, "-c", owner, str(tmp_path))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        pid = int(started.stdout.readline())
        assert process(pid) is not None
        started.kill()

    assert gone(pid)


def test_a_program_that_is_not_there_ends_and_says_so(tmp_path: Path) -> None:
    server = Server(("/nowhere/program",), tmp_path, tmp_path / "log")

    assert gone(server.pid)
    server.stop()
    assert server.has_exited
    assert "FileNotFoundError" in (tmp_path / "log").read_text()
