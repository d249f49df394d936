"""Finding the repositories in what a job may see, since no job may see a repository.

A process that can write a repository's settings runs code outside, at the next git command there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_NAME = ".git"
_POINTER = b"gitdir:"
_LONGEST_POINTER = 4096 + len(_POINTER)


def repositories(named: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return every `.git` in the folders, and what a `.git` that is a link or a pointer leads to, if that is in them."""
    found: dict[Path, None] = {}
    for entry in (entry for folder in named for entry in _entries(folder)):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            found[path] = None
            continue
        if not entry.is_symlink():
            pointer = _pointer(path)
            if not pointer:
                # Empty, such as uv has in its cache to end git's search for a repository: it hides nothing.
                continue
            found[path] = None
            path = path.parent / os.fsdecode(pointer)
        target = path.resolve()
        if target.exists() and any(target.is_relative_to(each) and target != each for each in named):
            found[target] = None
    return tuple(sorted(found))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    pending = [str(folder)] if folder.is_dir() else []
    while pending:
        try:
            entries = os.scandir(pending.pop())
        except OSError:
            continue  # what we cannot list, a job with our rights cannot either
        with entries:
            for entry in entries:
                if entry.name == _NAME:
                    yield entry
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)


def _pointer(file: Path) -> bytes:
    """Return what stands in a `.git` file, without the word that git puts before it."""
    try:
        with file.open("rb") as content:
            return content.read(_LONGEST_POINTER).removeprefix(_POINTER).strip()
    except OSError:
        return b"."
