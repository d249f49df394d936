"""Runs of tests in a sandbox: what the runner there is told, and where."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tools.sandbox import Completed, Job, Limits, Sandbox
from tools.testing.outcomes import Interpreter

INSIDE = Path(__file__).resolve().parent / "inside"


class Run(BaseModel):
    """One run of pytest, in a process and on a copy of the workspace of its own."""

    model_config = ConfigDict(frozen=True)

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


class Project(BaseModel):
    """What the tests of a repository find of it, although it is not installed."""

    model_config = ConfigDict(frozen=True)

    roots: tuple[str, ...]
    """Folders, relative to the workspace, from which its packages are imported."""
    name: str = ""
    """Of the distribution that programs ask for its version; "" for none."""
    version: str = "0"


class RunnerInput(BaseModel):
    """What the runner in the sandbox is told."""

    model_config = ConfigDict(frozen=True)

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

    def out(self, name: str) -> Path:
        """Return where what came of an order lies."""
        return self.scratch / name

    def run_all(
        self,
        name: str,
        runs: tuple[Run, ...],
        seconds: float,
        *,
        path: tuple[Path, ...] = (),
        warm: tuple[str, ...] = (),
    ) -> Completed:
        """Have runs carried out, as many at one time as there are cores; `seconds` bounds them together."""
        order = RunnerInput(
            workspace=self.workspace,
            out=self.out(name),
            path=path,
            warm=warm,
            workers=cores(),
            seconds=seconds,
            runs=runs,
            project=self.project,
        )
        return _start(self, order)

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


def _start(bench: SandboxRunner, order: RunnerInput) -> Completed:
    shutil.rmtree(order.out, ignore_errors=True)
    order.out.mkdir(parents=True)
    told = order.out.parent / f"{order.out.name}.json"
    told.write_text(order.model_dump_json())
    return bench.sandbox.run(
        Job(
            argv=(str(bench.environment.python), "-s", "-P", "-B", str(INSIDE / "runner.py"), str(told)),
            folder=order.out,
            readable=(bench.environment.folder, order.workspace, INSIDE, told, *order.path),
            writable=(order.out,),
            environment={**bench.variables, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
            # A little more than the runner takes, which can say more of what went wrong than an end by force.
            limits=bench.limits.model_copy(update={"wall_seconds": order.seconds + 10}),
        )
    )


def cores() -> int:
    """Return how many runs to have at one time."""
    return len(os.sched_getaffinity(0))


def job_failure(done: Completed) -> str | None:
    """Say what ended the job before its runs did, or None."""
    if done.ending == "exited" and done.exit_code == 0:
        return None
    endings = {"timed_out": "took too long", "out_of_memory": "ran out of memory", "killed": "was killed"}
    what = endings.get(done.ending, f"ended with exit {done.exit_code}")
    return f"The tests' job {what}. {done.stderr[-1_000:]}".strip()
