"""Where code that the crew generated, or that a story brought, runs: nowhere else.

A job sees the system's libraries and the base Python interpreter read-only, the folders it names at their real
paths, a private scratch folder as `TMPDIR`, and nothing more. `.git` folders are never among them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict


class Limits(BaseModel):
    """Bounds of one job. cgroups enforce them where writable, rlimits otherwise."""

    model_config = ConfigDict(frozen=True)

    memory_mb: int = 1024
    """Resident memory of all its processes together."""
    processes: int = 128
    """Processes and threads at one time."""
    cpu_seconds: int = 600
    wall_seconds: float | None = 600
    """None, for services, means until it is stopped."""
    file_mb: int = 256
    """Largest file it can write."""
    output_bytes: int = 1_000_000
    """How much of stdout and of stderr is kept, from the end."""


class Job(BaseModel):
    """What to run, and what it may see."""

    model_config = ConfigDict(frozen=True)

    argv: tuple[str, ...]
    folder: Path
    """Working folder; must lie in one of the folders below."""
    readable: tuple[Path, ...] = ()
    """Files and folders it can read and execute, at their real paths."""
    writable: tuple[Path, ...] = ()
    """Folders it can write."""
    environment: dict[str, str] = {}
    """All of its environment besides PATH, HOME, TMPDIR and LANG."""
    network: bool = False
    """True only for installing dependencies."""
    limits: Limits = Limits()


Ending = Literal["exited", "timed_out", "out_of_memory", "killed"]


class Completed(BaseModel):
    """How a job ended."""

    model_config = ConfigDict(frozen=True)

    ending: Ending
    exit_code: int
    """The process' own, or minus the signal's number."""
    stdout: str
    stderr: str
    seconds: float


class Running(Protocol):
    """A job that goes on until it is stopped or this process ends."""

    @property
    def pid(self) -> int:
        """Process id, seen from outside, of the process whose end ends the whole job."""

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""

    def stop(self, grace_seconds: float) -> int:
        """Ask it to end (SIGTERM to the program), kill everything after the grace, return the exit code."""


class Sandbox(Protocol):
    """One way of confining a job."""

    name: str
    """"bubblewrap", "namespaces", "landlock" or "none"."""

    def run(self, job: Job) -> Completed:
        """Run a job to its end. All of its processes die with it, and with us."""

    def start(self, job: Job, log: Path) -> Running:
        """Start a job, its output appended to `log`; it dies with the calling process."""
