"""Where the platform keeps its files and its sockets, and whom it lets near them."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tools.errors import PlatformError

LONGEST_FOLDER = 90
"""A socket's path must stay under 108 bytes; the rest is for what lies in the runtime folder."""


@dataclass(frozen=True)
class Places:
    """The files of one platform under `<home>/platform`, and its runtime folder for sockets."""

    home: Path

    @property
    def folder(self) -> Path:
        """Everything of the platform that lasts."""
        return self.home / "platform"

    @property
    def state(self) -> Path:
        """What should run; holds the values of secrets, mode 0600."""
        return self.folder / "state.json"

    @property
    def lock(self) -> Path:
        """Locked by the daemon as long as it lives."""
        return self.folder / "daemon.lock"

    @property
    def daemon(self) -> Path:
        """Who the daemon is and where its control socket is."""
        return self.folder / "daemon.json"

    @property
    def processes(self) -> Path:
        """The services' processes, for a daemon that comes after a killed one."""
        return self.folder / "processes.json"

    @property
    def daemon_log(self) -> Path:
        """What the daemon itself has to say."""
        return self.folder / "daemon.log"

    @property
    def logs(self) -> Path:
        """What the services said."""
        return self.folder / "logs"

    def prepare(self) -> None:
        """Make the lasting folders, readable by this user only; raises PlatformError if that cannot be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            own_folder(self.folder)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise PlatformError(f"The platform's folder {self.folder} cannot be made: {error}.") from error


def places(home: Path) -> Places:
    """Return the places of the platform of that home."""
    return Places(home.expanduser().resolve())


def runtime_folder(home: Path) -> Path:
    """Make and return the folder for this home's sockets: short, this user's, closed to others.

    Raises PlatformError if somebody else owns it, since they could then answer in the services' place.
    """
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    base = Path(given) / "shipcrew"
    if not _usable(given) or len(os.fsencode(base / name)) > LONGEST_FOLDER:
        base = Path("/tmp") / f"shipcrew-{os.getuid()}"  # noqa: S108  checked below, and it must be short
    for folder in (base, base / name):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PlatformError(f"The runtime folder {folder} cannot be made: {error}.") from error
        own_folder(folder)
    return (base / name).resolve()


def _usable(given: str) -> bool:
    # After `sudo` or `su` the variable still names the folder of the user before.
    return bool(given) and Path(given).is_dir() and Path(given).stat().st_uid == os.getuid()


def own_folder(folder: Path) -> None:
    """Close a folder to others; raises PlatformError if it is not a folder, or not this user's."""
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode):
        raise PlatformError(f"{folder} is not a folder. Remove it.")
    if facts.st_uid != os.getuid():
        raise PlatformError(f"{folder} belongs to another user (uid {facts.st_uid}). Have it removed.")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        folder.chmod(0o700)
