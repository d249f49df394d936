"""What the platform must not forget: what should run, on which ports, and which data is up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tools.errors import PlatformError
from tools.runtimes import Version
from tools.runtimes.documents import read, write
from tools.runtimes.places import Places
from tools.runtimes.processes import Process, alive

PROTOCOL = 1
"""Counted up when daemon and client no longer understand the ones before."""


class PlatformState(BaseModel):
    """What should run. Written by the holder of the daemon's lock only."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    wanted: dict[str, Version] = {}
    """By `Version.key`: the version that was ready last."""
    ports: dict[str, int] = {}
    """By `Version.key`: the loopback port, kept for good."""
    migrated: tuple[str, ...] = ()
    """Digests of the migrations that were run to their end; a return to an older version repeats none."""


class Announcement(BaseModel):
    """Who the daemon is and how to reach it."""

    model_config = ConfigDict(frozen=True)

    protocol: int
    process: Process
    control: Path
    """Its control socket."""
    token: str
    """What the control socket asks for: not every sandbox can keep a service from connecting to it, but each
    keeps it from reading this file."""


def load(places: Places) -> PlatformState:
    """Return the state, empty if there is none yet; raises PlatformError if its file is damaged."""
    try:
        return read(places.state, PlatformState) or PlatformState()
    except ValidationError as error:
        raise PlatformError(
            f"{places.state} is damaged ({error.error_count()} errors). `crew down` forgets it; "
            "what is delivered again runs again."
        ) from error


def save(places: Places, state: PlatformState) -> None:
    """Replace the state, all of it or nothing of it."""
    write(places.state, state)


def announced(places: Places) -> Announcement | None:
    """Return the daemon of these places, or None if none says that it is there, or it is there no more."""
    try:
        found = read(places.daemon, Announcement)
    except ValidationError:
        return None
    return found if found is not None and alive(found.process) else None
