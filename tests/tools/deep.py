"""Folders nested more deeply than any path can name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.workspace.removal import remove


def nest(folder: Path, levels: int = 3000, name: str = "d") -> None:
    """Create folders inside one another, with a file in the innermost."""
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=handle)
        inner = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)


@contextmanager
def nested(folder: Path, levels: int = 3000, name: str = "d") -> Iterator[None]:
    """Remove the folders at the end, since pytest cannot."""
    nest(folder, levels, name)
    try:
        yield
    finally:
        remove(folder / name)
