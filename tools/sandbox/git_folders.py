"""Finding the repositories in what a job may see, since no job may see a repository.

A process that can write a repository's settings runs code outside, at the next git command there.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_NAME = ".git"
_POINTER = b"gitdir:"
_LONGEST_POINTER = 4096 + len(_POINTER)

_SETTLED_NANOSECONDS = 10**9
"""How old a change must be for the next one to have another time."""
_MOST_LISTINGS = 200_000

_Listing = tuple[int, tuple[str, ...], tuple[str, ...]]
_listings: Final[dict[str, _Listing]] = {}
"""By folder: when it changed, its folders, and its entries of that name. A service's environment has thousands of
files and is named in every job. The time is that of the inode, which no job can set."""


def repositories(named: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return every `.git` in the folders, and what one that is a link or a pointer leads to within them."""
    found: dict[Path, None] = {}
    for path in (path for folder in named for path in _places(folder)):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(mode):
            found[path] = None
            continue
        target = path
        if not stat.S_ISLNK(mode):
            pointer = _pointer(path)
            if not pointer:
                # Empty, such as uv has in its cache to end git's search for a repository: it hides nothing.
                continue
            found[path] = None
            target = path.parent / os.fsdecode(pointer)
        target = target.resolve()
        if target.exists() and any(target.is_relative_to(each) and target != each for each in named):
            found[target] = None
    return tuple(sorted(found))


def _places(folder: Path) -> Iterator[Path]:
    pending = [str(folder)]
    while pending:
        path = pending.pop()
        _, folders, repositories = _listing(path)
        pending += [f"{path}/{name}" for name in folders]
        yield from (Path(path, name) for name in repositories)


def _listing(path: str) -> _Listing:
    try:
        changed = Path(path).lstat().st_ctime_ns
        known = _listings.get(path)
        if known is not None and known[0] == changed:
            return known
        with os.scandir(path) as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return 0, (), ()  # a file, or a folder that we cannot list; a job with our rights cannot either
    folders = tuple(name for name, is_folder in listed if is_folder and name != _NAME)
    listing = (changed, folders, tuple(name for name, _ in listed if name == _NAME))
    if time.time_ns() - changed > _SETTLED_NANOSECONDS:
        if len(_listings) >= _MOST_LISTINGS:
            _listings.clear()
        _listings[path] = listing
    return listing


def _pointer(file: Path) -> bytes:
    """Return what stands in a `.git` file, without the word that git puts before it."""
    try:
        with file.open("rb") as content:
            return content.read(_LONGEST_POINTER).removeprefix(_POINTER).strip()
    except OSError:
        return b"."
