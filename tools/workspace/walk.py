"""Iteration over the files of a folder, within limits, excluding build artefacts and caches if requested."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tools.errors import TooManyFiles

MOST_LEVELS = 100
"""Maximum nesting depth of folders."""
LONGEST_PATH = 2_000
"""Maximum length in bytes of a path relative to the folder: the kernel refuses paths of more than 4,096."""
MOST_ENTRIES = 500_000
"""Maximum number of files and folders that are visited."""
NOISE = frozenset({
    "__pycache__", ".git", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", ".hypothesis", ".eggs", ".cache", ".gradle", ".idea", ".terraform", "htmlcov",
})  # fmt: skip
"""Names of folders that development tools create, such as caches and virtual environments."""
_NOISY_ENDINGS = (".pyc", ".pyo", ".egg-info", ".swp")

Entries = list[os.DirEntry[str]]


def walk(folder: Path) -> Iterator[tuple[Path, Entries, Entries]]:
    """Yield each folder with its subfolders and its other entries, like `os.walk`, but without recursion.

    Links are not followed. The caller can remove subfolders from the list, so that they are not visited. A folder that
    cannot be listed is skipped. Raises TooManyFiles if the tree exceeds one of the limits above.
    """
    pending, count = [folder], 0
    while pending:
        place = pending.pop()
        if is_too_deep(place.relative_to(folder).as_posix()):
            raise TooManyFiles(
                f"{folder} contains folders nested more than {MOST_LEVELS} deep, or paths of more than "
                f"{LONGEST_PATH:,} bytes, and is not read any further. Remove them, for example with `rm -rf`."
            )
        folders: Entries = []
        others: Entries = []
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                count += 1
                if count > MOST_ENTRIES:
                    raise TooManyFiles(
                        f"{folder} contains more than {MOST_ENTRIES:,} files and folders and is not read any "
                        "further. Remove what is not needed."
                    )
                (folders if entry.is_dir(follow_symlinks=False) else others).append(entry)
        yield place, folders, others
        pending += [place / each.name for each in reversed(folders)]


def is_too_deep(path: str) -> bool:
    """Return whether a relative path is nested too deeply or is too long."""
    return path.count("/") >= MOST_LEVELS or len(os.fsencode(path)) > LONGEST_PATH


def files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in alphabetical order, skipping symbolic links and noise."""
    for place, folders, others in walk(folder):
        folders[:] = sorted((each for each in folders if not is_noise(each.name)), key=_name)
        for entry in sorted(others, key=_name):
            if not is_noise(entry.name) and entry.is_file(follow_symlinks=False):
                yield place / entry.name


def is_noise(name: str) -> bool:
    """Return whether a name is that of a file or folder created by a tool rather than by a person."""
    return name in NOISE or name.endswith(_NOISY_ENDINGS)


def shown(name: str) -> str:
    """Return a path as text that can be encoded, escaping bytes that are not valid UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
