"""Facts about processes, from /proc, so that a process id is never taken for another process' one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tools.runtimes.documents import read, write


class Process(BaseModel):
    """A process that a later one with the same id is never equal to."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: int
    """Clock ticks from the machine's start to the process'."""
    boot: str
    """The machine's start."""


class Processes(BaseModel):
    """The services' processes."""

    model_config = ConfigDict(frozen=True)

    running: tuple[Process, ...] = ()


def process(pid: int) -> Process | None:
    """Return the process of that id, or None if there is none or it is dead and only not yet buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may hold blanks and brackets; what follows the last bracket does not.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Process(pid=pid, started=int(fields[19]), boot=boot)


def alive(known: Process) -> bool:
    """Whether that very process runs."""
    return process(known.pid) == known


def kill(known: Process) -> bool:
    """Kill that very process, and return whether it ran."""
    try:
        handle = os.pidfd_open(known.pid)
    except ProcessLookupError:
        return False
    try:
        # The handle holds on to whatever has the id now; so what is checked is what is killed.
        if not alive(known):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


class Register:
    """The services' processes, in a file, for a daemon that comes after a killed one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[int, Process] = {}

    def add(self, pid: int) -> None:
        """Note a process that was started."""
        if (found := process(pid)) is not None:
            self._known[pid] = found
            self._write()

    def remove(self, pid: int) -> None:
        """Note that a process is gone."""
        if self._known.pop(pid, None) is not None:
            self._write()

    def _write(self) -> None:
        write(self._file, Processes(running=tuple(self._known.values())))


def kill_left_over(file: Path) -> int:
    """Kill the registered processes that outlived their daemon, and return how many did."""
    try:
        register = read(file, Processes) or Processes()
    except ValidationError:
        register = Processes()
    killed = sum(kill(each) for each in register.running)
    file.unlink(missing_ok=True)
    return killed
