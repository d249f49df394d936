"""Persistent state of the platform: services that are meant to run, their ports, and migrations that have run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from tools.errors import PlatformError
from tools.runtimes.local.json_files import read
from tools.runtimes.local.paths import PlatformPaths
from tools.runtimes.local.processes import Process, alive
from tools.runtimes.local.version import LocalVersion

PROTOCOL = 1
"""Version of the control API, incremented when a daemon or client becomes incompatible with earlier ones."""


class PlatformState(BaseModel, frozen=True):
    """The platform's persistent state, written only by the holder of the daemon's lock."""

    format: Literal[1] = 1
    wanted: dict[str, LocalVersion] = {}
    """The version that last became ready, by `Version.key`."""
    ports: dict[str, int] = {}
    """The loopback port of a service, by `Version.key`; used again unless it is taken."""
    migrated: tuple[str, ...] = ()
    """Digests of completed migrations, which are not repeated when an older version is started again."""


class Announcement(BaseModel, frozen=True):
    """Identity and address of the running daemon."""

    protocol: int
    process: Process
    parent: Process | None = None
    """The process that starts the daemon again if it is killed; None if it was not started with `--detach`."""
    control: Path
    """Path of the daemon's control socket."""
    token: str
    """Required on the control socket: not every sandbox can prevent a service from connecting to it, but each prevents
    the service from reading this file."""


def load(paths: PlatformPaths) -> PlatformState:
    """Return the saved state, or an empty one if there is no file; raises PlatformError if the file is invalid."""
    try:
        return read(paths.state, PlatformState) or PlatformState()
    except ValidationError as error:
        raise PlatformError(
            f"{paths.state} is damaged ({error.error_count()} errors). Run `crew down` to discard it; "
            "a service runs again after its next delivery."
        ) from error


def find_daemon(paths: PlatformPaths) -> Announcement | None:
    """Return the announcement of this platform's daemon, or None if no daemon is running."""
    daemon = _announced(paths)
    return daemon if daemon is not None and alive(daemon.process) else None


def find_parent(paths: PlatformPaths) -> Process | None:
    """Return the parent of the daemon that ran last, or None if it has exited."""
    daemon = _announced(paths)
    return daemon.parent if daemon is not None and daemon.parent and alive(daemon.parent) else None


def _announced(paths: PlatformPaths) -> Announcement | None:
    try:
        return read(paths.daemon, Announcement)
    except ValidationError:
        return None
