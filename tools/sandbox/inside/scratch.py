"""Measures and removes the scratch folder of a job without namespaces."""

from __future__ import annotations

import os


def size(folder: str) -> int:
    """Return the disk usage of a folder's contents in bytes."""
    total = 0
    for entry in _entries(folder):
        try:
            total += entry.stat(follow_symlinks=False).st_blocks * 512
            if entry.is_dir(follow_symlinks=False):
                total += size(entry.path)
        except OSError:
            continue
    return total


def remove(folder: str) -> None:
    """Remove a folder and its contents as far as possible, ignoring errors."""
    try:
        os.chmod(folder, 0o700)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                remove(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(folder)
    except OSError:
        return


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
