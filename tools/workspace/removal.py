"""Removal of files and folders, however deeply untrusted code has nested them.

The launcher of a sandbox contains this module too, so it imports almost nothing.
"""

from __future__ import annotations

import os
import stat

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(path: str | os.PathLike[str]) -> None:
    """Remove a file, link or folder including its content, whatever the permissions. A missing path is ignored."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISDIR(mode):
        os.unlink(path)
        return
    folder = _open(path)
    try:
        _empty(folder)
    finally:
        os.close(folder)
    os.rmdir(path)


def _empty(root: int) -> None:
    """Remove the content of an open folder.

    The subfolders of each subfolder are moved to the top before it is removed. Therefore, neither the depth of the
    nesting nor the length of a path matters, and at most two folders are open at a time.
    """
    prefix, count = f".{os.urandom(8).hex()}-", 0
    while entries := _entries(root):
        for name, is_folder in entries:
            if not is_folder:
                os.unlink(name, dir_fd=root)
                continue
            folder = _open(name, root)
            try:
                for inner, is_inner_folder in _entries(folder):
                    if is_inner_folder:
                        os.close(_open(inner, folder))  # moving a folder requires permission to write to it
                        count += 1
                        os.rename(inner, f"{prefix}{count}", src_dir_fd=folder, dst_dir_fd=root)
                    else:
                        os.unlink(inner, dir_fd=folder)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=root)


def _open(path: str | os.PathLike[str], parent: int | None = None) -> int:
    """Open a folder, never through a link, and make it accessible to its owner."""
    place = os.open(path, os.O_PATH | _FOLDER, dir_fd=parent)
    try:
        os.chmod(f"/proc/self/fd/{place}", stat.S_IRWXU)
        return os.open(".", os.O_RDONLY | _FOLDER, dir_fd=place)
    finally:
        os.close(place)


def _entries(folder: int) -> list[tuple[str, bool]]:
    """Return the names of the entries of an open folder, and whether they are folders themselves."""
    with os.scandir(folder) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
