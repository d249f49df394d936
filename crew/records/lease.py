"""Leases, which ensure that only one process at a time works on a delivery."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crew.errors import LeaseTaken


def owner_of(folder: Path, delivery: str) -> int | None:
    """Return the id of the process that owns a delivery, or None."""
    path = folder / f"{delivery}.lock"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(path.read_text() or 0)
    finally:
        os.close(handle)
    return None


@contextmanager
def lease(folder: Path, delivery: str) -> Iterator[None]:
    """Own a delivery for the duration of the block; the kernel releases the lease if this process dies.

    Raises LeaseTaken if another process owns the delivery.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{delivery}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = path.read_text() or "unknown"
            raise LeaseTaken(
                f"Another process (pid {owner}) is working on {delivery}. Wait for it to exit, or stop it, then resume."
            ) from error
        os.truncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)
