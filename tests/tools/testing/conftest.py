"""A small service with tests, an environment to run them in, and the machine's sandbox."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.sandbox import Sandbox, choose
from tools.testing import SandboxRunner, TestReport, run_tests


@dataclass(frozen=True)
class Folder:
    """An environment, as `tools.environments.install` makes them."""

    python: Path
    folder: Path


def make_environment(folder: Path, *distributions: str) -> Folder:
    """Make an environment of distributions that our own tests use, so that nothing is downloaded."""
    uv = Path(sys.executable).parent / "uv"
    base = Path(sys._base_executable)  # type: ignore[attr-defined]
    subprocess.run([uv, "venv", "--quiet", "--python", base, folder], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for name in distributions:
        for file in importlib.metadata.files(name) or ():
            if file.parts[0] not in ("..", "__pycache__") and "__pycache__" not in file.parts:
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target)
    return Folder(python=folder / "bin" / "python", folder=folder)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The service's environment."""
    names = ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "hypothesis", "sortedcontainers")
    return make_environment(tmp_path_factory.mktemp("service") / "env", *names)


@pytest.fixture(scope="session")
def coverage(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The environment of the crew's own tools."""
    made = make_environment(tmp_path_factory.mktemp("judges") / "env", "coverage")
    (next(made.folder.glob("lib/python*/site-packages")) / "tool_of_the_crew.py").touch()
    return made


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The best sandbox of this machine."""
    return choose()


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write the files of a service and return its folder."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return workspace

    return make


@pytest.fixture
def run(
    write: Callable[..., Path], sandbox: Sandbox, environment: Folder, tmp_path: Path
) -> Callable[..., TestReport]:
    """Write a service and run its tests."""

    def go(files: dict[str, str], select: Sequence[str] = (), **options: object) -> TestReport:
        own = {name: options.pop(name) for name in ("new", "reruns", "shares") if name in options}
        runner = SandboxRunner(sandbox, environment, write(files), tmp_path / "scratch", **options)
        return run_tests(runner, select, **own)

    return go
