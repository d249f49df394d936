"""What the local runtime knows about a version beyond what every runtime does."""

from __future__ import annotations

from pathlib import Path

from tools.runtimes import Version


class LocalVersion(Version, frozen=True):
    """A version and its folders on this machine. Two that are equal are the same version."""

    folder: Path
    """Its code, the working folder, read-only."""
    readable: tuple[Path, ...] = ()
    """Further folders it reads: its interpreter environment."""
    data: Path | None = None
    """The folder it may write, which holds its database; shared by successive versions."""
    sandbox: str = ""
    """Name of the sandbox it runs in; "" for the best one available."""
