"""Finds the git repositories in the folders of a job, which must be hidden from it.

A process that can write a repository's configuration can make the next git command run code outside the sandbox.
"""

from __future__ import annotations

import errno
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
"""Age from which a ctime is safe to cache: any later change is certain to have a different one."""
_MOST_LISTINGS = 200_000

_Listing = tuple[int, tuple[str, ...], tuple[str, ...]]
_listings: Final[dict[str, _Listing]] = {}
"""Cache by folder: its ctime, which no job can set, its subfolders, and its entries named `.git`. Listings are
cached because every job names the service's environment, which has thousands of files."""


def repositories(named: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return all `.git` folders and pointer files, and the targets of pointers and links inside the folders."""
    found: dict[Path, None] = {}
    for path in (path for folder in named for path in _git_entries(folder)):
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
                # Empty, such as the one in uv's cache that stops git's search for a repository.
                continue
            found[path] = None
            target = path.parent / os.fsdecode(pointer)
        target = target.resolve()
        if target.exists() and any(target.is_relative_to(each) and target != each for each in named):
            found[target] = None
    return tuple(sorted(found))


def _git_entries(folder: Path) -> Iterator[Path]:
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
        return 0, (), ()  # a file, or a folder that neither this user nor a job can list
    folders = tuple(name for name, is_folder in listed if is_folder and name != _NAME)
    listing = (changed, folders, tuple(name for name, _ in listed if name == _NAME))
    if time.time_ns() - changed > _SETTLED_NANOSECONDS:
        if len(_listings) >= _MOST_LISTINGS:
            _listings.clear()
        _listings[path] = listing
    return listing


def _pointer(file: Path) -> bytes:
    """Return the path that a `.git` file points to, b"." if it cannot be read, or b"" if it is not a regular file."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        return b"" if error.errno == errno.ENXIO else b"."  # a socket
    with os.fdopen(handle, "rb") as content:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        return content.read(_LONGEST_POINTER).removeprefix(_POINTER).strip()
