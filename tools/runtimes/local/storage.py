"""The disk usage of a running version, and its limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.errors import TooManyFiles
from tools.sandbox import Limits
from tools.workspace.walk import walk

TOTAL_BYTES = 4 << 30
"""Maximum total size of the files that a version has written; a version that exceeds it is stopped."""
MARGIN_BYTES = 1 << 20
"""Remaining room at which a file counts as full, since a database grows by whole pages and needs a journal."""


@dataclass(frozen=True)
class DiskUse:
    """Problems with the size of a version's files, each described in a sentence; "" if there is no problem."""

    full: str = ""
    """Set if the largest file has reached its limit, so that writing to it fails."""
    exceeded: str = ""
    """Set if the files together exceed what a version may write."""


def disk_use(folders: Iterable[Path], limits: Limits) -> DiskUse:
    """Compare the files in a version's writable folders with its limits."""
    total, largest, name = 0, 0, ""
    try:
        for folder in folders:
            for place, _, others in walk(folder):
                for entry in others:
                    try:
                        size = entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        continue
                    total += size
                    if size > largest:
                        largest, name = size, (place / entry.name).relative_to(folder).as_posix()
    except TooManyFiles as error:
        return DiskUse(exceeded=str(error))
    exceeded = f"It has written more than {TOTAL_BYTES >> 20:,} MB." if total > TOTAL_BYTES else ""
    if largest < (limits.file_mb << 20) - MARGIN_BYTES:
        return DiskUse(exceeded=exceeded)
    return DiskUse(
        full=f"The disk limit is reached: {name} has {largest >> 20:,} MB of at most {limits.file_mb:,}. "
        "Delete data, or move it to another database.",
        exceeded=exceeded,
    )
