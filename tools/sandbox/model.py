"""What a job is, how it ends, and what a sandbox offers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict


class Limits(BaseModel):
    """Bounds of one job. cgroups enforce them where writable, rlimits and watching otherwise."""

    model_config = ConfigDict(frozen=True)

    memory_mb: int = 1024
    """Resident memory of all its processes together."""
    processes: int = 128
    """Processes and threads at one time."""
    cpu_seconds: int = 600
    """Of all its processes together."""
    wall_seconds: float | None = 600
    """None, for services, means until it is stopped."""
    file_mb: int = 256
    """Largest file it can write. The log of a started job is kept to the last of it."""
    scratch_mb: int = 512
    """What fits into its scratch folder, and into its shared memory."""
    output_bytes: int = 1_000_000
    """How much of stdout and of stderr is kept, from the end."""


class Job(BaseModel):
    """What to run, and what it may see.

    Named files and folders are real paths: one that leads through a symbolic link is refused, since an earlier job
    may have planted it. What lies in a writable folder is writable, also when it is named readable.
    """

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
"""`timed_out` is wall or CPU time; `killed` is any other end by a signal, its own crash among them."""


class Completed(BaseModel):
    """How a job ended."""

    model_config = ConfigDict(frozen=True)

    ending: Ending
    exit_code: int
    """The process' own, or minus the signal's number; 127 when there is no such program, 126 when it cannot run."""
    stdout: str
    stderr: str
    seconds: float


class Facts(BaseModel):
    """What a sandbox enforces on this machine, and how."""

    model_config = ConfigDict(frozen=True)

    name: str
    """"bubblewrap", "namespaces", "landlock" or "none"."""
    enforced: dict[str, str]
    """Such as "memory" to "cgroup v2"."""
    gaps: tuple[str, ...] = ()
    """What it cannot do here, one sentence each."""


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
    """One way of confining a job.

    Both calls raise `JobRefused` for a job that asks for what a sandbox does not give, and `SandboxFailed` when
    the sandbox itself cannot be set up.
    """

    name: str
    """"bubblewrap", "namespaces", "landlock" or "none"."""

    def run(self, job: Job) -> Completed:
        """Run a job to its end. All of its processes die with it, and with us."""

    def start(self, job: Job, log: Path) -> Running:
        """Start a job, its output appended to `log`; it dies with the calling process.

        A `log` that is a named pipe is written to as the output comes; somebody must be reading it.
        """

    def describe(self) -> Facts:
        """Say what is enforced on this machine, and how."""
