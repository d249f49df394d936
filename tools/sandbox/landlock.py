"""A sandbox based on Landlock, seccomp and rlimits alone, for machines that do not allow user namespaces.

The job shares the host's process table and file system. What Landlock does not cover is handled by the seccomp
filter and by the supervisor, which decides about sockets and file modes in place of the kernel.
"""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from tools.errors import JobRefused, SandboxUnavailable
from tools.sandbox.base import Sandbox
from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import View, view
from tools.sandbox.inside import landlock
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Facts, Job

NEWEST_KNOWN = 7
_FACTS = (
    "/etc/group",
    "/etc/hosts",
    "/etc/passwd",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/kernel/cap_last_cap",
    "/proc/sys/kernel/ngroups_max",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/random",
    "/proc/sys/vm/overcommit_memory",
    "/proc/uptime",
    "/proc/version",
    "/sys/devices/system/cpu",
)
"""Files and folders from which programs learn about the machine. Of the processes in /proc, they see only their own."""
_GAPS = (
    "A job sees the names of Python packages that are installed for the base interpreter, but cannot read them.",
    "A job sees the existence and size of other files, but not their contents.",
    "A job has no loopback: a service must listen on a unix socket, not on a port.",
    "A job has no shared memory (`multiprocessing` locks) and cannot change the owner of files.",
    "A folder that contains a .git is refused, since it cannot be hidden.",
)
_LATER: Final = {
    2: "Files cannot be moved from one folder to another: this kernel's Landlock is too old.",
    landlock.SIGNALS_SINCE: "Every signal is approved individually: this kernel's Landlock is older than version 6.",
}
"""Limitations of older versions of Landlock, by the version that removes them."""


class Landlock(Sandbox):
    """A sandbox that confines a job with Landlock, as far as this kernel supports it."""

    name = "landlock"

    def __init__(self, newest: int = NEWEST_KNOWN) -> None:
        """Determine the Landlock version to use, at most `newest`; raises SandboxUnavailable if there is none."""
        self._version = min(landlock.version(), newest)
        if not self._version:
            raise SandboxUnavailable(
                "the kernel has no Landlock: it needs Linux 5.13 or newer with landlock among the security modules "
                "(boot option lsm=landlock,...)."
            )

    def plan(self, job: Job) -> Plan:
        """Return the plan for confining a job; raises JobRefused if a `.git` cannot be hidden from it."""
        return Plan(self.name, job, _view(job), scratch_folder(), self._version)

    def describe(self) -> Facts:
        """Return what the sandbox enforces on this machine, and by what means."""
        gaps = (*_GAPS, *(text for since, text in _LATER.items() if self._version < since))
        files, end = f"Landlock {self._version}", "a guard process that kills them"
        return describe(self.name, files, "seccomp", end, own_world=False, gaps=gaps)


def _view(job: Job) -> View:
    seen = view(job)
    if seen.repositories:
        raise JobRefused(
            f"{seen.repositories[0]} would be accessible: this sandbox cannot hide a folder inside another. "
            "Name folders without it, or install bubblewrap."
        )
    return replace(
        seen,
        system=_carved(seen.system, seen.packages),
        links=(),
        packages=(),
        # To find modules, Python lists its library folder, which also contains the folder of packages.
        listable=tuple({each.parent for each in seen.packages}),
    )


@cache
def _carved(shown: tuple[tuple[Path, Path], ...], hidden: tuple[Path, ...]) -> tuple[tuple[Path, Path], ...]:
    """Return the visible paths, with each folder that contains a hidden one replaced by its other entries."""
    kept: list[Path] = [Path(each) for each in _FACTS if Path(each).exists()]
    pending = [real for real, _ in shown]
    while pending:
        path = pending.pop()
        if path in hidden:
            continue
        if any(each.is_relative_to(path) for each in hidden):
            pending += path.iterdir()
        else:
            kept.append(path)
    return tuple((path, path) for path in kept)


def scratch_folder() -> Path:
    """Return the path for a new scratch folder, which the launcher creates and always removes."""
    return Path(tempfile.gettempdir()).resolve() / f"crew-{secrets.token_hex(8)}"
