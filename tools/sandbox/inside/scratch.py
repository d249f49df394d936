"""Measures and removes the scratch folder of a job without namespaces."""

from __future__ import annotations

import errno
import os

from tools.workspace import removal

_MOST_LEVELS = 200
_MOST_ENTRIES = 1_000_000
_TOO_LARGE = 1 << 62


def size(folder: str) -> int:
    """Return the disk usage of a folder's contents in bytes.

    A folder that is too deep or has too many entries to be measured counts as larger than any limit.
    """
    total, count = 0, 0
    pending = [(folder, 0)]
    while pending:
        place, level = pending.pop()
        try:
            entries = _entries(place)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return _TOO_LARGE
            continue
        count += len(entries)
        if level > _MOST_LEVELS or count > _MOST_ENTRIES:
            return _TOO_LARGE
        for entry in entries:
            try:
                total += entry.stat(follow_symlinks=False).st_blocks * 512
            except OSError:
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, level + 1))
    return total


def remove(folder: str) -> None:
    """Remove a folder and its contents as far as possible, ignoring errors."""
    try:
        removal.remove(folder)
    except OSError:
        return


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)
