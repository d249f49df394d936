"""Jobs and their results."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel


class Limits(BaseModel, frozen=True):
    """Limits of one job, enforced by cgroups where writable, otherwise by rlimits and monitoring."""

    memory_mb: int = 1024
    """Resident memory of all its processes together."""
    processes: int = 128
    """Concurrent processes and threads."""
    cpu_seconds: int = 600
    """CPU time of all its processes together."""
    wall_seconds: float | None = 600
    """None means no limit, for services."""
    file_mb: int = 256
    """Largest file it can write. The log of a started job is truncated to its end."""
    scratch_mb: int = 512
    """Size of its scratch folder, and of its shared memory."""
    output_bytes: int = 1_000_000
    """How much of the end of stdout and of stderr is kept."""


class Job(BaseModel, frozen=True):
    """What to run, and what it may see.

    Files and folders must be real paths: one that leads through a symbolic link is refused, since an earlier job may
    have planted it. The contents of a writable folder are writable, even if they are listed as readable.
    """

    argv: tuple[str, ...]
    folder: Path
    """Working folder; must be inside one of the folders below."""
    readable: tuple[Path, ...] = ()
    """Files and folders it can read and execute, at their real paths."""
    writable: tuple[Path, ...] = ()
    """Folders it can write."""
    environment: dict[str, str] = {}
    """Its environment variables besides PATH, HOME, TMPDIR and LANG."""
    network: bool = False
    """True only for installing dependencies."""
    limits: Limits = Limits()


Ending = Literal["exited", "timed_out", "out_of_memory", "killed"]
"""`timed_out` is wall or CPU time; `killed` is any other death by a signal, including a crash."""


class Completed(BaseModel, frozen=True):
    """How a job ended."""

    ending: Ending
    exit_code: int
    """Exit code of the process, or minus the signal number; 127 if the program does not exist, 126 if it cannot run."""
    stdout: str
    stderr: str
    seconds: float


class Facts(BaseModel, frozen=True):
    """What a sandbox enforces on this machine, and how."""

    name: str
    """"bubblewrap", "namespaces", "landlock" or "none"."""
    enforced: dict[str, str]
    """What is enforced to how, such as "memory" to "cgroup v2"."""
    gaps: tuple[str, ...] = ()
    """What it cannot do here, one sentence each."""
