"""Start the test runner in a sandbox, and describe the runs that it performs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from tools.sandbox import Completed, Job, Limits, Sandbox
from tools.testing.outcomes import Interpreter
from tools.workspace.removal import remove

INSIDE = Path(__file__).resolve().parent / "inside"


class Tripwire(BaseModel, frozen=True):
    """A test with a known outcome, mixed into the others to detect false results; see `tools/testing/tripwires.py`."""

    name: str
    source: str
    """Source of a function with that name and without parameters."""
    fails: bool
    """Whether the test always fails; otherwise, it always passes."""


class Run(BaseModel, frozen=True):
    """One run of pytest, in its own process and on its own copy of the workspace."""

    name: str
    select: tuple[str, ...] = ()
    """Node ids, files or folders, in the order to run them; none means all."""
    patch: dict[str, str] = {}
    """New text of files that are replaced in the copy, by path."""
    seed: int = 0
    """Seed for Hypothesis."""
    share: tuple[int, int] = (0, 1)
    """Index of the share of tests to run, and the number of shares."""
    lines: bool = False
    """Whether to record which tests run which lines."""
    brief: bool = False
    """Whether to stop at the first failure and omit explanations."""
    tripwires: tuple[Tripwire, ...] = ()
    seconds: float


class Project(BaseModel, frozen=True):
    """Import roots, name and version of a project that is tested without being installed."""

    roots: tuple[str, ...]
    """Folders, relative to the workspace, from which its packages are imported."""
    name: str = ""
    """Name of the distribution whose version can be queried; "" for none."""
    version: str = "0"


class RunnerInput(BaseModel, frozen=True):
    """The input of the runner in the sandbox."""

    workspace: Path
    out: Path
    path: tuple[Path, ...] = ()
    """Package folders in which to look for coverage.py."""
    warm: tuple[str, ...] = ()
    """Modules to import before the first run."""
    workers: int = 1
    """Maximum number of runs in parallel."""
    seconds: float
    """Time limit for all runs together."""
    runs: tuple[Run, ...]
    project: Project | None = None


@dataclass(frozen=True)
class SandboxRunner:
    """Runs one service's tests in a sandbox. They use copies of the workspace, which itself is never changed."""

    sandbox: Sandbox
    environment: Interpreter
    workspace: Path
    scratch: Path
    limits: Limits = field(default_factory=Limits)
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the tests."""
    project: Project | None = None
    """Set if the repository's own project is not installed in the environment."""
    coverage: Interpreter | None = None
    """Environment that contains coverage.py; None if no coverage is to be recorded."""

    def run_all(
        self, name: str, runs: tuple[Run, ...], seconds: float, *, warm: tuple[str, ...] = ()
    ) -> tuple[Path, Completed]:
        """Perform runs, as many in parallel as there are cores; return their report folder and the job's result.

        `seconds` limits all runs together.
        """
        packages = self.coverage.folder.glob("lib/python*/site-packages") if self.coverage else ()
        order = RunnerInput(
            workspace=self.workspace,
            out=self.scratch / name,
            path=tuple(sorted(packages)[:1]) if any(run.lines for run in runs) else (),
            warm=warm,
            workers=cores(),
            seconds=seconds,
            runs=runs,
            project=self.project,
        )
        remove(order.out)
        order.out.mkdir(parents=True)
        told = self.scratch / f"{name}.json"
        told.write_text(order.model_dump_json())
        job = Job(
            argv=(str(self.environment.python), "-s", "-P", "-B", str(INSIDE / "runner.py"), str(told)),
            folder=order.out,
            readable=(self.environment.folder, self.workspace, INSIDE, told, *order.path),
            writable=(order.out,),
            environment={**self.variables, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
            # Slightly longer than the runner's own limit, since a runner that stops by itself can report more.
            limits=self.limits.model_copy(update={"wall_seconds": seconds + 10}),
        )
        return order.out, self.sandbox.run(job)

    def sources(self, files: Iterable[str]) -> dict[str, str]:
        """Return the texts of those files that are regular UTF-8 files within the workspace."""
        return {file: text for file in files if (text := self._source(file)) is not None}

    def _source(self, file: str) -> str | None:
        path = self.workspace / file
        # The workspace contains untrusted files: links that lead out of it are not followed.
        if not path.resolve().is_relative_to(self.workspace.resolve()) or not path.is_file():
            return None
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError:
            return None


def cores() -> int:
    """Return the number of runs to perform in parallel: one per available CPU."""
    return len(os.sched_getaffinity(0))
