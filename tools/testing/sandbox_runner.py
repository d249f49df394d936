"""Runs of tests in a sandbox: what the runner there is told, and where."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from tools.sandbox import Completed, Job, Limits, Sandbox
from tools.testing.outcomes import Interpreter

INSIDE = Path(__file__).resolve().parent / "inside"


class Run(BaseModel, frozen=True):
    """One run of pytest, in a process and on a copy of the workspace of its own."""

    name: str
    select: tuple[str, ...] = ()
    """Node ids, files or folders, in the order to run them; none means all."""
    patch: dict[str, str] = {}
    """Files of the copy that hold something else."""
    seed: int = 0
    """For Hypothesis."""
    share: tuple[int, int] = (0, 1)
    """Which of how many equal shares of the tests to run."""
    lines: bool = False
    """Whether to note which test runs which line."""
    brief: bool = False
    """Whether to stop at the first failure and explain nothing."""
    seconds: float


class Project(BaseModel, frozen=True):
    """What the tests of a repository find of it, although it is not installed."""

    roots: tuple[str, ...]
    """Folders, relative to the workspace, from which its packages are imported."""
    name: str = ""
    """Of the distribution that programs ask for its version; "" for none."""
    version: str = "0"


class RunnerInput(BaseModel, frozen=True):
    """What the runner in the sandbox is told."""

    workspace: Path
    out: Path
    path: tuple[Path, ...] = ()
    """Folders of packages in which coverage.py is looked for."""
    warm: tuple[str, ...] = ()
    """Modules to import before the first run."""
    workers: int = 1
    """Runs at one time."""
    seconds: float
    """For all runs together."""
    runs: tuple[Run, ...]
    project: Project | None = None


@dataclass(frozen=True)
class SandboxRunner:
    """Where one service's tests run, or are judged. The workspace is copied, and never changed."""

    sandbox: Sandbox
    environment: Interpreter
    workspace: Path
    scratch: Path
    limits: Limits = field(default_factory=Limits)
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the tests' environment."""
    project: Project | None = None
    """What a repository that is not installed offers all the same."""
    coverage: Interpreter | None = None
    """Environment that holds coverage.py; None where nobody asks which test runs which line."""

    def run_all(
        self, name: str, runs: tuple[Run, ...], seconds: float, *, warm: tuple[str, ...] = ()
    ) -> tuple[Path, Completed]:
        """Carry out runs, as many at a time as there are cores, and return the folder of their reports.

        `seconds` bounds all of them together.
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
        shutil.rmtree(order.out, ignore_errors=True)
        order.out.mkdir(parents=True)
        told = self.scratch / f"{name}.json"
        told.write_text(order.model_dump_json())
        job = Job(
            argv=(str(self.environment.python), "-s", "-P", "-B", str(INSIDE / "runner.py"), str(told)),
            folder=order.out,
            readable=(self.environment.folder, self.workspace, INSIDE, told, *order.path),
            writable=(order.out,),
            environment={**self.variables, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
            # A little more than the runner takes, which can say more of what went wrong than an end by force.
            limits=self.limits.model_copy(update={"wall_seconds": seconds + 10}),
        )
        return order.out, self.sandbox.run(job)

    def sources(self, files: Iterable[str]) -> dict[str, str]:
        """Return the texts of those files of the workspace that are plain and have one."""
        return {file: text for file in files if (text := self._source(file)) is not None}

    def _source(self, file: str) -> str | None:
        path = self.workspace / file
        # The workspace holds what others wrote: no link is followed out of it.
        if not path.resolve().is_relative_to(self.workspace.resolve()) or not path.is_file():
            return None
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError:
            return None


def cores() -> int:
    """Return how many runs to have at one time."""
    return len(os.sched_getaffinity(0))
