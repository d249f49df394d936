from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.runtimes.local.processes import Register, alive, kill, kill_left_over, process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sleep", "60"]) as running:
        yield running
        running.kill()


def test_a_process_is_known_by_more_than_its_id(sleeper: subprocess.Popen[bytes]) -> None:
    known = process(sleeper.pid)
    assert known is not None
    assert alive(known)
    assert not alive(known.model_copy(update={"started": known.started - 1}))
    assert not alive(known.model_copy(update={"boot": "another"}))


def test_only_that_very_process_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    known = process(sleeper.pid)
    assert known is not None
    assert not kill(known.model_copy(update={"started": known.started - 1}))
    assert sleeper.poll() is None

    assert kill(known)
    assert sleeper.wait(60) == -signal.SIGKILL
    assert not kill(known)


def test_a_dead_process_that_nobody_buried_is_none(sleeper: subprocess.Popen[bytes]) -> None:
    known = process(sleeper.pid)
    assert known is not None
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert process(sleeper.pid) is None
    assert not alive(known)


def test_a_name_with_brackets_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as running:
        known = process(running.pid)
        running.kill()
    assert known is not None
    assert known.started > 0


def test_what_is_registered_is_killed_once(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    register = Register(tmp_path / "processes.json")
    register.add(sleeper.pid)
    register.add(os.getpid())
    register.remove(os.getpid())

    assert kill_left_over(tmp_path / "processes.json") == 1
    assert sleeper.wait(60) == -signal.SIGKILL
    assert kill_left_over(tmp_path / "processes.json") == 0


def test_a_damaged_register_kills_nothing(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text("[")
    assert kill_left_over(tmp_path / "processes.json") == 0
