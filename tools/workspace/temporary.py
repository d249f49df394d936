"""Temporary folders that untrusted code may fill."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.workspace.removal import remove


@contextmanager
def temporary_folder(inside: Path | None = None, prefix: str = "crew-") -> Iterator[Path]:
    """Create a folder, and remove it at the end even if it is nested too deeply for `tempfile.TemporaryDirectory`."""
    folder = Path(tempfile.mkdtemp(dir=inside, prefix=prefix)).resolve()
    try:
        yield folder
    finally:
        remove(folder)
