"""Descriptions of disk and SQLite errors that tell a person how to fix them."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FULL = "The disk with {place} is full. Free some space"
_READ_ONLY = "{place} is on a read-only file system. Mount it read-write, or use another home: --home FOLDER"
_FORBIDDEN = "{place} may not be read or written by this user. Change its owner or permissions"
_BROKEN = (
    "The disk with {place} reports an input/output error. Check the disk, and restore the file from a backup"
)
_DAMAGED = "{place} is damaged. Restore it from a backup"
_PROBE_BYTES = 1_000_000
"""Bytes written to find out whether the disk has room left."""
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL.replace("is full", "has no room left within your quota"),
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EIO: _BROKEN,
}
_BY_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY + ". First check the permissions of {place}",
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def storage_problem(error: BaseException, home: Path, *, damaged: bool = True) -> str:
    """Return the disk problem that an error or one of its causes indicates, and how to fix it; "" if there is none.

    SQLite errors do not name a file; they are attributed to `home`, which may be a file in a home. If `damaged` is
    false, reporting a damaged file is left to the caller.
    """
    for each in _causes(error):
        if isinstance(each, OSError) and each.errno in _BY_ERRNO:
            name = each.filename2 or each.filename
            path = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else home
            text = _BY_ERRNO[each.errno]
            # Report permission errors only for files that the crew stores; tools report those of their own files.
            if text is _FORBIDDEN and not path.resolve().is_relative_to(home.resolve()):
                continue
            return f"{text.format(place=path)} ({os.strerror(each.errno)})."
        if isinstance(each, sqlite3.Error):
            text = _BY_CODE.get(getattr(each, "sqlite_errorcode", 0) & 0xFF, "")
            if text and text is not _DAMAGED and (problem := disk_problem(home)):
                return problem
            if text and (damaged or text is not _DAMAGED):
                return f"{text.format(place=home)} ({each})."
    return ""


def disk_problem(home: Path) -> str:
    """Return why no file can be written to a home (or to the folder of a file in it); "" if a test file can be.

    The test is needed because SQLite reports full and read-only disks as input/output errors.
    """
    folder = home if home.is_dir() else home.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
    except OSError as error:
        text = _BY_ERRNO.get(error.errno or 0, "{place} cannot be written")
        return f"{text.format(place=folder)} ({error.strerror})."
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
