"""Confining a job with bubblewrap (`bwrap`), which sets the namespaces and mounts up."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.errors import SandboxUnavailable
from tools.sandbox.facts import describe
from tools.sandbox.launcher import launch, log_file
from tools.sandbox.model import Completed, Facts, Job
from tools.sandbox.running import StartedJob, run_to_end
from tools.sandbox.view import View, view

_USER = "1000"
"""Who a job thinks it is: some programs refuse to run as root. Outside it is whoever we are."""


class Bubblewrap:
    """See `tools.sandbox.Sandbox`."""

    name = "bubblewrap"

    def __init__(self, user_namespace: bool = True) -> None:
        """Find the program; raises SandboxUnavailable. Without a user namespace it has to be run as root."""
        found = shutil.which("bwrap")
        if found is None:
            raise SandboxUnavailable("bwrap is not installed: install the package bubblewrap.")
        self._program = found
        self._user_namespace = user_namespace

    def run(self, job: Job) -> Completed:
        """Run a job to its end."""
        arguments = self._arguments(job)
        return run_to_end(
            launch(self.name, job, lambda python, process: [*arguments, *_end(python, process)]), job
        )

    def start(self, job: Job, log: Path) -> StartedJob:
        """Start a job, its output appended to `log`."""
        arguments = self._arguments(job)
        handle = log_file(log)
        started = launch(self.name, job, lambda python, process: [*arguments, *_end(python, process)], handle)
        return StartedJob(started, handle, log)

    def describe(self) -> Facts:
        """Say what is enforced on this machine, and how."""
        return describe(self.name, "mount namespace", "network namespace", "process namespace")

    def _arguments(self, job: Job) -> list[str]:
        seen = view(job)
        namespaces = ["--unshare-all"]
        if self._user_namespace:
            namespaces += ["--unshare-user", "--uid", _USER, "--gid", _USER]
        if job.network:
            namespaces.append("--share-net")
        confinement = [
            "--hostname",
            "sandbox",
            "--new-session",
            "--as-pid-1",
            "--cap-drop",
            "ALL",
            "--clearenv",
        ]
        return [self._program, *namespaces, *confinement, *_mounts(seen, job.limits.scratch_mb << 20)]


def _end(python: list[str], process: int) -> list[str]:
    return ["--info-fd", str(process), "--", *python]


def _mounts(seen: View, scratch_bytes: int) -> list[str]:
    """Return the options for the files.

    /proc is read-only since bwrap leaves /proc/sys writable to the machine's root, even in a user namespace.
    """
    size = ["--size", str(scratch_bytes)]
    words = ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm"]  # noqa: S108
    words += ["--remount-ro", "/dev", *size, "--tmpfs", "/tmp"]  # noqa: S108  its own, not ours
    for link, target in seen.links:
        words += ["--symlink", target, str(link)]
    for path in (*seen.system, *seen.readable):
        words += ["--ro-bind", str(path), str(path)]
    for path in seen.writable:
        words += ["--bind", str(path), str(path)]
    for path in (*seen.packages, *seen.repositories):
        words += ["--ro-bind", "/dev/null", str(path)] if path.is_file() else _empty(path)
    return [*words, "--remount-ro", "/proc", "--remount-ro", "/", "--chdir", "/"]


def _empty(folder: Path) -> list[str]:
    return ["--tmpfs", str(folder), "--remount-ro", str(folder)]
