"""Identifies processes by their ids and their start times in /proc, since the kernel reuses ids."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tools.runtimes.local.json_files import read, write


class Process(BaseModel, frozen=True):
    """The identity of a process, never equal to that of a later process with the same id."""

    pid: int
    started: int
    """Start time in clock ticks since boot."""
    boot: str
    """The kernel's random id for the boot during which the process started."""


class Processes(BaseModel, frozen=True):
    """The document in which a `Register` stores the services' processes."""

    running: tuple[Process, ...] = ()


def process(pid: int) -> Process | None:
    """Return the identity of a process, or None if there is no process with that id or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may contain spaces and parentheses; the fields after the last parenthesis do not.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Process(pid=pid, started=int(fields[19]), boot=boot)


def alive(known: Process) -> bool:
    """Return whether exactly this process is still running."""
    return process(known.pid) == known


def kill(known: Process) -> bool:
    """Kill exactly this process, never a later one with its id; returns whether it was running."""
    try:
        handle = os.pidfd_open(known.pid)
    except ProcessLookupError:
        return False
    try:
        # The descriptor refers to whichever process has the id now, so the process checked is the one killed.
        if not alive(known):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


class Register:
    """A register of the services' processes, kept in a file for the successor of a killed daemon."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[int, Process] = {}

    def add(self, pid: int) -> None:
        """Add a started process."""
        if (started := process(pid)) is not None:
            self._known[pid] = started
            self._write()

    def remove(self, pid: int) -> None:
        """Remove a process that has exited."""
        if self._known.pop(pid, None) is not None:
            self._write()

    def _write(self) -> None:
        write(self._file, Processes(running=tuple(self._known.values())))


def kill_left_over(file: Path) -> int:
    """Kill the registered processes that outlived their daemon; returns their number."""
    try:
        register = read(file, Processes) or Processes()
    except ValidationError:
        register = Processes()
    killed = sum(kill(each) for each in register.running)
    file.unlink(missing_ok=True)
    return killed
