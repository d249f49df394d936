"""Every sandbox that this machine allows, and short ways to run something in it."""

from __future__ import annotations

import os
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.errors import SandboxUnavailable
from tools.sandbox import Completed, Job, Sandbox, cgroups, choose
from tools.sandbox.filesystem import base_python
from tools.sandbox.landlock import Landlock

NAMES = ("bubblewrap", "namespaces", "landlock", "landlock-2")
"""The last is the third on a kernel whose Landlock knows nothing of truncating, TCP and signals."""

Run = Callable[..., Completed]


@pytest.fixture(scope="session", params=NAMES)
def any_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox in turn; skipped with the reason where it does not work."""
    name, _, version = str(request.param).partition("-")
    try:
        sandbox = choose(name)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    return Landlock(int(version)) if version else sandbox


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of this test, apart from /tmp, which is a job's scratch."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="crew-test-") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def sandbox(any_sandbox: Sandbox, place: Path) -> Iterator[Sandbox]:
    """Each sandbox in turn; afterwards no process that was told of this test's folder may be left."""
    yield any_sandbox
    assert_no_process(str(place))


@pytest.fixture
def workspace(place: Path) -> Path:
    """A writable folder of jobs."""
    folder = place / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def python(workspace: Path) -> Callable[..., Job]:
    """Make a job of Python code; the workspace is writable."""

    def make(code: str, *arguments: object, **fields: Any) -> Job:
        argv = (str(base_python()), "-I", "-c", textwrap.dedent(code), str(workspace), *map(str, arguments))
        return Job(argv=argv, **({"folder": workspace, "writable": (workspace,)} | fields))

    return make


@pytest.fixture
def run(sandbox: Sandbox, python: Callable[..., Job]) -> Run:
    """Run Python code in the sandbox; `sys.argv[1]` is the workspace."""
    return lambda code, *arguments, **fields: sandbox.run(python(code, *arguments, **fields))


@pytest.fixture(params=["cgroups", "rlimits"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With control groups, and as on a machine where none is writable."""
    if request.param == "rlimits":
        monkeypatch.setattr(cgroups, "hierarchies", tuple)
    elif not cgroups.hierarchies():
        pytest.skip("no control group is writable here")
    return str(request.param)


def processes_told(word: str) -> dict[int, str]:
    """Return the processes in whose command line the word occurs, without our own."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if word in line:
                found[int(folder.name)] = line
    return found


def assert_no_process(word: str, seconds: float = 45.0) -> None:
    """Wait until no process is left in whose command line the word occurs."""
    deadline = time.monotonic() + seconds
    while left := processes_told(word):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.01)
