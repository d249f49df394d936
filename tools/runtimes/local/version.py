"""The local runtime's model of a version, which adds its folders and sandbox on this machine."""

from __future__ import annotations

from pathlib import Path

from tools.runtimes import Version


class LocalVersion(Version, frozen=True):
    """A version with its folders on this machine; equal objects denote the same version."""

    folder: Path
    """Folder of the version's code, which is its working folder; read-only."""
    readable: tuple[Path, ...] = ()
    """Further folders that the version may read, such as its interpreter environment."""
    data: Path | None = None
    """Folder that the version may write to, which holds its database; shared by successive versions."""
    sandbox: str = ""
    """Name of the sandbox in which the version runs; "" means the best one available."""
