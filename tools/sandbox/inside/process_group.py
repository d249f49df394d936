"""Lists and kills the processes of a job."""

from __future__ import annotations

import os
import time

from tools.sandbox.inside import kernel, watchdog

_PAUSE_SECONDS = 0.002
_PATIENCE_SECONDS = 10.0
"""How long to wait for unkillable processes; in a process namespace, they die with the namespace."""


def members() -> list[int]:
    """Return the ids of all processes of the job except this one."""
    own = os.getpid()
    if own == 1:
        return [process for process in _all() if process != own]
    children = _children_by_list(own)
    return children if children is not None else _children_by_search(own)


def kill_all(confined: bool = False) -> None:
    """Kill every process of the job and wait until all are gone.

    `confined` means that this process is in a Landlock domain, and so cannot signal processes outside it.
    """
    everyone = os.getpid() == 1 or (confined and _cannot_reach_outside())
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if everyone:
            _kill(-1)
        else:
            for process in members():
                _kill(process)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_PAUSE_SECONDS)


def _cannot_reach_outside() -> bool:
    """Return whether signals to the guard, which is outside the domain, are denied: only then is kill(-1) safe."""
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return True
    return False


def _kill(process: int) -> None:
    try:
        os.kill(process, kernel.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _children_by_list(parent: int) -> list[int] | None:
    """Return all descendants, from the kernel's lists of children; None if the kernel was built without these."""
    found: list[int] = []
    pending = [parent]
    while pending:
        process = pending.pop()
        try:
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children", "rb") as file:
                    children = list(map(int, file.read().split()))
                found += children
                pending += children
        except FileNotFoundError:
            if process == parent:
                return None
        except ProcessLookupError:
            continue
    return found


def _children_by_search(parent: int) -> list[int]:
    parents = {process: int(fields[1]) for process in _all() if (fields := watchdog.stat(process))}
    found = {parent}
    while more := {process for process, its in parents.items() if its in found} - found:
        found |= more
    return sorted(found - {parent})
