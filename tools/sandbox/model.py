"""Models of jobs, their resource limits and their results."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel


class Limits(BaseModel, frozen=True):
    """Resource limits of a job, enforced by cgroups if they are writable, otherwise by rlimits and monitoring."""

    memory_mb: int = 1024
    """Total resident memory of all processes of the job."""
    processes: int = 128
    """Maximum number of concurrent processes and threads."""
    cpu_seconds: int = 600
    """Total CPU time of all processes of the job."""
    wall_seconds: float | None = 600
    """Maximum elapsed time; None means no limit, as services need."""
    file_mb: int = 256
    """Maximum size of a file that the job can write. A started job's log loses its older half at this size."""
    scratch_mb: int = 512
    """Maximum size of the scratch folder, and likewise of shared memory."""
    output_bytes: int = 1_000_000
    """Number of bytes kept from the end of stdout, and likewise of stderr."""


class Job(BaseModel, frozen=True):
    """A program to run, and what it may access.

    Files and folders must be real paths: a path that leads through a symbolic link is refused, since an earlier job may
    have planted the link. The contents of a writable folder are writable, even if they are also listed as readable.
    """

    argv: tuple[str, ...]
    folder: Path
    """Working folder; must be inside one of the readable or writable folders."""
    readable: tuple[Path, ...] = ()
    """Files and folders that the job can read and execute, at their real paths."""
    writable: tuple[Path, ...] = ()
    """Folders in which the job can create, change and delete files."""
    environment: dict[str, str] = {}
    """Environment variables in addition to PATH, HOME, TMPDIR and LANG."""
    network: bool = False
    """Whether the job may use the network, which is meant only for installing dependencies."""
    limits: Limits = Limits()


Ending = Literal["exited", "timed_out", "out_of_memory", "killed"]
"""`timed_out` refers to wall or CPU time; `killed` is any other termination by a signal, including a crash."""


class Completed(BaseModel, frozen=True):
    """The result of a job that has ended."""

    ending: Ending
    exit_code: int
    """Exit code of the program, or minus the signal number; 127 if the program does not exist, 126 if it cannot run."""
    stdout: str
    stderr: str
    seconds: float


class Facts(BaseModel, frozen=True):
    """A description of what a sandbox enforces on this machine."""

    name: str
    """Name of the sandbox: "bubblewrap", "namespaces", "landlock" or "none"."""
    enforced: dict[str, str]
    """Mapping of what is confined or limited to the mechanism in use, such as "memory" to "cgroup v2"."""
    gaps: tuple[str, ...] = ()
    """What the sandbox cannot enforce or allow on this machine, one sentence each."""
