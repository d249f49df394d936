"""Control groups: the kernel's own bounds on memory and processes, where this user may set them."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.sandbox.model import Limits

_PREFIX = "shipcrew-"
_OWN_PROCESSES = 2
"""Room for what stands between us and the program."""
_REMOVAL_SECONDS = 2.0
_numbers = itertools.count()


@dataclass(frozen=True)
class Hierarchy:
    """A folder below which groups can be made."""

    folder: Path
    version: int
    controllers: frozenset[str]
    """Of "memory" and "pids"."""


class Group:
    """One job's group; in version 1 that is a folder for each controller."""

    def __init__(self, limits: Limits) -> None:
        """Make it, with its bounds; without any where no hierarchy is writable."""
        self._folders: list[Path] = []
        self.oom_events: int | None = None
        """Open file whose `oom_kill` line counts; None without a memory bound."""
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

    def attach(self, process: int) -> None:
        """Put a process, and what it forks from now on, into the group."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(process))

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process of the group for want of memory."""
        if self.oom_events is None:
            return False
        lines = os.pread(self.oom_events, 4096, 0).decode().splitlines()
        return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)

    def remove(self) -> None:
        """Remove the group, whose processes are dead or dying."""
        if self.oom_events is not None:
            os.close(self.oom_events)
            self.oom_events = None
        for folder in self._folders:
            _remove(folder, _REMOVAL_SECONDS)


@cache
def hierarchies() -> tuple[Hierarchy, ...]:
    """Return the hierarchies in which this process really can bound a job; found out once."""
    own = dict(_own_groups())
    found: list[Hierarchy] = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        root, mount_point = fields.split()[3:5]
        if kind == "cgroup":
            names = frozenset(options.split(" ")[-1].split(",")) & {"memory", "pids"} - _controllers(found)
            found += [
                _at(mount_point, root, own[name], 1, frozenset({name})) for name in names if name in own
            ]
        elif kind == "cgroup2" and "" in own:
            found += _delegated(_at(mount_point, root, own[""], 2, frozenset()))
    usable = tuple(each for each in found if _works(each))
    for each in usable:
        _sweep(each.folder)
    return usable


def _own_groups() -> list[tuple[str, str]]:
    """Return controller ("" for version 2) and path of each group that this process is in."""
    groups = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups += [(name, path) for name in controllers.split(",")]
    return groups


def _at(mount_point: str, root: str, path: str, version: int, controllers: frozenset[str]) -> Hierarchy:
    relative = os.path.relpath(path, root) if path.startswith(root) else "."
    return Hierarchy(Path(mount_point, relative), version, controllers)


def _controllers(found: list[Hierarchy]) -> set[str]:
    return {name for each in found for name in each.controllers}


def _delegated(own: Hierarchy) -> list[Hierarchy]:
    """Return the nearest group above ours in which children get controllers (version 2 keeps processes in leaves)."""
    for folder in (own.folder, *own.folder.parents):
        enabled = folder / "cgroup.subtree_control"
        if not enabled.exists():
            break
        names = frozenset(enabled.read_text().split()) & {"memory", "pids"}
        if names and os.access(folder, os.W_OK):
            return [Hierarchy(folder, 2, names)]
    return []


def _works(hierarchy: Hierarchy) -> bool:
    """Try it: make a group, bound it, put a process into it."""
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
    """Remove the groups of processes that were killed before they could."""
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
