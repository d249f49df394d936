"""Paths of the platform's files and sockets, and who may access them."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tools.errors import PlatformError

LONGEST_FOLDER = 90
"""Maximum length of the runtime folder's path: with the names in it, socket paths must stay below 108 bytes."""


@dataclass(frozen=True)
class PlatformPaths:
    """The paths of one platform's persistent files, all in `<home>/platform`."""

    home: Path

    @property
    def folder(self) -> Path:
        """Folder of the platform's persistent files."""
        return self.home / "platform"

    @property
    def state(self) -> Path:
        """File with the persistent state, including the values of secrets; mode 0600."""
        return self.folder / "state.json"

    @property
    def lock(self) -> Path:
        """Lock file that the daemon holds for its whole lifetime."""
        return self.folder / "daemon.lock"

    @property
    def daemon(self) -> Path:
        """File in which the running daemon announces its process and its control socket."""
        return self.folder / "daemon.json"

    @property
    def processes(self) -> Path:
        """File that lists the services' processes, for the successor of a killed daemon."""
        return self.folder / "processes.json"

    @property
    def daemon_log(self) -> Path:
        """Log of the daemon itself."""
        return self.folder / "daemon.log"

    @property
    def logs(self) -> Path:
        """Folder of the services' logs."""
        return self.folder / "logs"

    def prepare(self) -> None:
        """Create the persistent folders, readable by this user only; raises PlatformError if that fails."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            own_folder(self.folder)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise PlatformError(f"Cannot create the platform's folder {self.folder}: {error}.") from error


def platform_paths(home: Path) -> PlatformPaths:
    """Return the paths of a home's platform."""
    return PlatformPaths(home.expanduser().resolve())


def runtime_folder(home: Path) -> Path:
    """Create and return the folder for this home's sockets: a short path, accessible to this user only.

    Raises PlatformError if another user owns it, since they could impersonate the services.
    """
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    configured = os.environ.get("XDG_RUNTIME_DIR", "")
    base = Path(configured) / "shipcrew"
    if not _usable(configured) or len(os.fsencode(base / name)) > LONGEST_FOLDER:
        base = Path("/tmp") / f"shipcrew-{os.getuid()}"  # noqa: S108  checked below, and it must be short
    for folder in (base, base / name):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PlatformError(f"Cannot create the runtime folder {folder}: {error}.") from error
        own_folder(folder)
    return (base / name).resolve()


def _usable(configured: str) -> bool:
    # After `sudo` or `su` the variable still names the previous user's folder.
    return bool(configured) and Path(configured).is_dir() and Path(configured).stat().st_uid == os.getuid()


def own_folder(folder: Path) -> None:
    """Make a folder private to this user; raises PlatformError if it is not a folder that this user owns."""
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode):
        raise PlatformError(f"{folder} is not a folder: remove it.")
    if facts.st_uid != os.getuid():
        raise PlatformError(
            f"{folder} belongs to another user (uid {facts.st_uid}). Have it removed by them or root."
        )
    if stat.S_IMODE(facts.st_mode) & 0o077:
        folder.chmod(0o700)
