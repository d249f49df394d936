from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.runtimes.local.json_files import read
from tools.runtimes.local.processes import Process, Processes, process
from tools.runtimes.local.runtime import LocalRuntime
from tools.runtimes.local.state import load
from tools.runtimes.local.version import LocalVersion

Make = Callable[..., LocalVersion]


@pytest.fixture
def living(tmp_path: Path) -> Callable[[], list[int]]:
    """Ids of the living processes that the test began: they work in its folder, or name it."""

    def find() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                text = (entry / "cmdline").read_bytes() + os.fsencode((entry / "cwd").readlink())
                if os.fsencode(tmp_path) in text and process(int(entry.name)):
                    found.append(int(entry.name))
        return found

    return find


def is_running(runtime: LocalRuntime, version: LocalVersion) -> bool:
    """Whether exactly this version takes the traffic and is ready."""
    wanted = load(runtime._paths).wanted.get(version.key)
    states = [each.state for each in runtime.status() if f"{each.name}/{each.environment}" == version.key]
    return wanted == version and states == ["running"]


def running(runtime: LocalRuntime) -> tuple[Process, ...]:
    """Return the processes of the services, as their daemon has registered them."""
    return (read(runtime._paths.processes, Processes) or Processes()).running


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    shutil.copy(Path(__file__).with_name("service.py"), folder / "service.py")
    return folder


@pytest.fixture
def make(code: Path) -> Make:
    """Make a version of the tiny service, named so by all that it answers."""

    def version(name: str, variables: dict[str, str] | None = None, **fields: Any) -> LocalVersion:
        given: dict[str, Any] = {
            "service": "checkout",
            "version": name,
            "folder": code,
            "serve": (os.path.realpath(sys.executable), "service.py"),
            "variables": {"NAME": name, **(variables or {})},
            "ready_seconds": 60,
        }
        return LocalVersion(**(given | fields))

    return version


@pytest.fixture
def runtime(tmp_path: Path, living: Callable[[], list[int]]) -> Iterator[LocalRuntime]:
    """A platform of its own, of which nothing is left afterwards."""
    runtime = LocalRuntime(tmp_path / "home")
    yield runtime
    runtime.down()
    deadline = (
        time.monotonic() + 30
    )  # what was being started when its daemon was killed takes a moment to die
    while living() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert living() == []
