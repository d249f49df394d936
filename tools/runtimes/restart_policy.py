"""Keeps one version running: watches it, and starts it again with growing pauses when it ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

from tools.runtimes import State, Version
from tools.runtimes.backend import Backend
from tools.runtimes.instance import POLL_SECONDS, Instance, NotReadyError
from tools.runtimes.metrics import Measures

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A version that ran this long has recovered: its next end counts as the first."""
CRASHING_FROM = 3
"""Ends in a row from which on it is called crashing."""


def pause_seconds(ends: int) -> float:
    """Return the pause after so many ends in a row, at least 1."""
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(ends - 1, 20), LONGEST_PAUSE_SECONDS))


class Keeper:
    """One version that is to run."""

    def __init__(self, version: Version, measures: Measures, new: Callable[[Version], Instance]) -> None:
        self.version = version
        self.measures = measures
        self.state: State = "starting"
        self.since = datetime.now(UTC)
        self.restarts = 0
        self.detail = ""
        self.settled = asyncio.Event()
        """Set once it is known whether it came up."""
        self._new = new
        self._instance: Instance | None = None
        self._ready = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def backend(self) -> Backend | None:
        """Where its requests go, None while it is not ready."""
        return self._instance.backend if self._instance is not None and self._ready else None

    @property
    def instance(self) -> Instance | None:
        """What runs, or ran last."""
        return self._instance

    async def start(self) -> None:
        """Start it for the first time; raises NotReadyError, and leaves nothing behind then."""
        await self._begin()
        self.keep()

    def keep(self) -> None:
        """Watch it from now on, in the background; starts it as well if it does not run yet."""
        self._watch = asyncio.create_task(self._keep(), name=f"keep {self.version.key}")

    async def end(self, drain: bool) -> None:
        """Stop it for good, with `drain` once the requests on their way to it are answered."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        if self._instance is None:
            return
        try:
            if drain and self._ready:
                await self._instance.drain()
        finally:
            self._ready = False
            await self._instance.stop()

    async def _begin(self) -> Instance:
        self._instance = instance = self._new(self.version)
        try:
            await instance.start()
        except (NotReadyError, asyncio.CancelledError):
            await instance.stop()
            raise
        self._ready = True
        self._enter("running")
        return instance

    async def _keep(self) -> None:
        ends = 0
        while True:
            began = time.monotonic()
            reason = await self._one_run()
            ends = 1 if time.monotonic() - began > STEADY_SECONDS else ends + 1
            self._enter("crashing" if ends >= CRASHING_FROM else "restarting", reason)
            await asyncio.sleep(pause_seconds(ends))
            self.restarts += 1

    async def _one_run(self) -> str:
        try:
            instance = self._instance if self._instance and self._ready else await self._begin()
        except NotReadyError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  whatever went wrong, the service is to be tried again
            return f"It could not be started: {error!r}"
        while (code := instance.ended()) is None:
            await asyncio.sleep(POLL_SECONDS)
        self._ready = False
        with contextlib.suppress(OSError):
            await instance.stop()
        return instance.why(f"It ended by itself with exit code {code}.")

    def _enter(self, state: State, detail: str = "") -> None:
        if state != self.state:
            self.since = datetime.now(UTC)
        self.state, self.detail = state, detail
        self.settled.set()
