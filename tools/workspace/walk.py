"""Iteration over the files of a workspace, excluding build artefacts and caches."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

NOISE = frozenset({
    "__pycache__", ".git", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", ".hypothesis", ".eggs", ".cache", ".gradle", ".idea", ".terraform", "htmlcov",
})  # fmt: skip
"""Names of folders that development tools create, such as caches and virtual environments."""
_NOISY_ENDINGS = (".pyc", ".pyo", ".egg-info", ".swp")


def files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in alphabetical order, skipping symbolic links and noise."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not is_noise(each))
        for name in sorted(names):
            path = Path(place, name)
            if not is_noise(name) and stat.S_ISREG(path.lstat().st_mode):
                yield path


def is_noise(name: str) -> bool:
    """Whether a name is that of a file or folder created by a tool rather than a person."""
    return name in NOISE or name.endswith(_NOISY_ENDINGS)


def shown(name: str) -> str:
    """Return a path as text that can be encoded, escaping bytes that are not valid UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()
