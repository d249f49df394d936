"""The processes of a job: which they are, and the end of all of them."""

from __future__ import annotations

import os
import time
from _collections_abc import Callable  # collections.abc itself takes a millisecond more to load

from tools.sandbox.inside import kernel

_PAUSE_SECONDS = 0.002


def members() -> list[int]:
    """Return all processes of the job, without this one; it is process 1 of a world of their own."""
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]


def kill_all(reap: Callable[[], bool]) -> None:
    """Kill every process of the job and wait until all are gone; `reap` says whether any are left."""
    while True:
        _kill_everyone()
        if not reap():
            return
        time.sleep(_PAUSE_SECONDS)


def _kill_everyone() -> None:
    if os.getpid() != 1:
        raise RuntimeError("only process 1 of a job can mean just that job by everyone")
    try:
        os.kill(-1, kernel.SIGKILL)
    except ProcessLookupError:
        return
