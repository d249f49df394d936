"""Limits the memory and processes of a job, and counts its CPU time, with control groups, where they are writable."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.sandbox.inside import watchdog
from tools.sandbox.model import Limits

_PREFIX = "shipcrew-"
_WANTED = frozenset({"memory", "pids", "cpuacct"})
_OWN_PROCESSES = 2
"""Allowance, added to a job's process limit, for the launcher's own processes."""
_REMOVAL_SECONDS = 2.0
_numbers = itertools.count()


@dataclass(frozen=True)
class Hierarchy:
    """A cgroup folder in which child groups can be created."""

    folder: Path
    version: int
    controllers: frozenset[str]
    """The controllers to use: a subset of "memory", "pids" and "cpuacct"; version 2 counts CPU time without any."""

    @property
    def cpu_usage(self) -> str:
        """Name of the file with the CPU time of a group; "" if the hierarchy does not count it."""
        if self.version == 2:
            return "cpu.stat"
        return "cpuacct.usage" if "cpuacct" in self.controllers else ""


class Group:
    """The control group of one job, which consists of one folder per hierarchy."""

    def __init__(self, limits: Limits) -> None:
        """Create the group and set its limits; does nothing if no hierarchy is usable."""
        self._folders: list[Path] = []
        self.oom_events: int | None = None
        """Descriptor of the file with the `oom_kill` counter; None without a memory limit."""
        self.cpu_usage: int | None = None
        """Descriptor of the file with the CPU time used; None if it is not counted."""
        self.bounds: frozenset[str] = frozenset()
        name = f"{_PREFIX}{os.getpid()}-{next(_numbers)}"
        for hierarchy in hierarchies():
            folder = hierarchy.folder / name
            folder.mkdir()
            self._folders.append(folder)
            _bound(folder, hierarchy, limits)
            self.bounds |= hierarchy.controllers
            if "memory" in hierarchy.controllers:
                events = "memory.events" if hierarchy.version == 2 else "memory.oom_control"
                self.oom_events = os.open(folder / events, os.O_RDONLY | os.O_CLOEXEC)
            if hierarchy.cpu_usage and self.cpu_usage is None:
                self.cpu_usage = os.open(folder / hierarchy.cpu_usage, os.O_RDONLY | os.O_CLOEXEC)

    def attach(self, process: int) -> None:
        """Move a process into the group; its future children will belong to the group too."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(process))

    def out_of_memory(self) -> bool:
        """Return whether the kernel has killed a process of the group for lack of memory."""
        return watchdog.kills_for_memory(self.oom_events)

    def remove(self) -> None:
        """Remove the group; all of its processes must be dead or exiting."""
        for descriptor in (self.oom_events, self.cpu_usage):
            if descriptor is not None:
                os.close(descriptor)
        self.oom_events = self.cpu_usage = None
        for folder in self._folders:
            _remove(folder, _REMOVAL_SECONDS)


@cache
def hierarchies() -> tuple[Hierarchy, ...]:
    """Return the hierarchies in which this process can actually limit a job; the result is cached."""
    groups = own_groups(Path("/proc/self/cgroup").read_text())
    usable = [each for each in candidates(Path("/proc/self/mountinfo").read_text(), groups) if _works(each)]
    for each in usable:
        _sweep(each.folder)
    return tuple(usable)


def own_groups(text: str) -> dict[str, str]:
    """Parse /proc/PID/cgroup into a mapping of controllers to group paths; the key "" stands for cgroup v2."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    return {name: path for _, controllers, path in lines for name in controllers.split(",")}


def candidates(mountinfo: str, groups: dict[str, str]) -> list[Hierarchy]:
    """Return the hierarchies that might be usable, given /proc/self/mountinfo and the groups of this process."""
    found: list[Hierarchy] = []
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        root, mount_point = fields.split()[3:5]
        taken = {name for each in found for name in each.controllers}
        names = frozenset(options.split(",")) & _WANTED & groups.keys() - taken
        if kind == "cgroup" and names:
            found.append(Hierarchy(_folder(mount_point, root, groups[min(names)]), 1, names))
        elif kind == "cgroup2" and "" in groups:
            found += _delegated(_folder(mount_point, root, groups[""]), taken)
    return found


def _folder(mount_point: str, root: str, path: str) -> Path:
    """Return the folder of a group, given the mount point of its hierarchy and the part mounted there."""
    relative = os.path.relpath(path, root) if Path(path).is_relative_to(root) else "."
    return Path(os.path.normpath(Path(mount_point, relative)))


def _delegated(own: Path, taken: Set[str]) -> list[Hierarchy]:
    """Find the nearest group, upwards from `own`, that delegates controllers; a v2 group with processes cannot."""
    for folder in (own, *own.parents):
        enabled = folder / "cgroup.subtree_control"
        if not enabled.exists():
            break
        names = frozenset(enabled.read_text().split()) & _WANTED - taken
        if names and os.access(folder, os.W_OK):
            return [Hierarchy(folder, 2, names)]
    return []


def _works(hierarchy: Hierarchy) -> bool:
    """Return whether a group can be created, limited and joined by a process, by trying it."""
    folder = hierarchy.folder / f"{_PREFIX}{os.getpid()}-trial"
    try:
        folder.mkdir()
        _bound(folder, hierarchy, Limits())
        with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            (folder / "cgroup.procs").write_text(str(process.pid))
    except OSError:
        return False
    finally:
        _remove(folder, _REMOVAL_SECONDS)
    return True


def _bound(folder: Path, hierarchy: Hierarchy, limits: Limits) -> None:
    memory = str(limits.memory_mb << 20)
    if "pids" in hierarchy.controllers:
        (folder / "pids.max").write_text(str(limits.processes + _OWN_PROCESSES))
    if "memory" in hierarchy.controllers and hierarchy.version == 2:
        (folder / "memory.max").write_text(memory)
        with contextlib.suppress(OSError):  # no swap accounting in this kernel
            (folder / "memory.swap.max").write_text("0")
    elif "memory" in hierarchy.controllers:
        (folder / "memory.limit_in_bytes").write_text(memory)
        with contextlib.suppress(OSError):
            (folder / "memory.memsw.limit_in_bytes").write_text(memory)


def _sweep(folder: Path) -> None:
    """Remove the groups of crew processes that no longer exist."""
    for left in folder.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            _remove(left, 0)


def _remove(folder: Path, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.005)
