"""Keeps one version running: restarts it with growing delays when it exits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

from tools.runtimes import State
from tools.runtimes.local.backend import Backend
from tools.runtimes.local.instance import POLL_SECONDS, Instance, NotReadyError
from tools.runtimes.local.metrics import Metrics
from tools.runtimes.local.version import LocalVersion

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A version that ran this long has recovered: its next exit counts as the first."""
DISK_SECONDS = 1.0
"""Interval at which a version's disk usage is measured."""
CRASHING_FROM = 3
"""Number of consecutive exits from which a service counts as "crashing"."""


def pause_seconds(exits: int) -> float:
    """Return the delay before the next restart, given the number of consecutive exits (at least 1)."""
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(exits - 1, 20), LONGEST_PAUSE_SECONDS))


class RestartPolicy:
    """Keeps one version running, and tracks its state and its current instance."""

    def __init__(
        self, version: LocalVersion, metrics: Metrics, new: Callable[[LocalVersion], Instance]
    ) -> None:
        self.version = version
        self.metrics = metrics
        self.state: State = "starting"
        self.since = datetime.now(UTC)
        self.restarts = 0
        self.detail = ""
        self.disk_full = ""
        """Sentence about the file that has reached its size limit; "" if none has."""
        self.first_result = asyncio.Event()
        """Set once the first start has succeeded or failed."""
        self._new = new
        self.instance: Instance | None = None
        """The current instance, or the latest one if none is running."""
        self._ready = False
        self._watchdog: asyncio.Task[None] | None = None

    @property
    def backend(self) -> Backend | None:
        """The connections that take requests, or None while the version is not ready."""
        return self.instance.backend if self.instance is not None and self._ready else None

    @property
    def health(self) -> tuple[str, ...]:
        """Paths at which the version reports its readiness."""
        return self.version.health

    async def start(self) -> None:
        """Start the version and keep it running; if this first start fails, clean up and raise NotReadyError."""
        await self._begin()
        self.keep()

    def keep(self) -> None:
        """Keep the version running from now on in a background task, which also starts it if necessary."""
        self._watchdog = asyncio.create_task(self._keep(), name=f"keep {self.version.key}")

    async def end(self, drain: bool) -> None:
        """Stop the version for good; with `drain`, waits for requests in flight first."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.wait([self._watchdog])
        if self.instance is None:
            return
        try:
            if drain and self._ready:
                await self.instance.drain()
        finally:
            self._ready = False
            await self.instance.stop()

    async def _begin(self) -> Instance:
        self.instance = instance = self._new(self.version)
        try:
            await instance.start()
        except (NotReadyError, asyncio.CancelledError):
            await instance.stop()
            raise
        self._ready = True
        self._enter("running")
        return instance

    async def _keep(self) -> None:
        exits = 0
        while True:
            started = time.monotonic()
            reason = await self._one_run()
            exits = 1 if time.monotonic() - started > STEADY_SECONDS else exits + 1
            self._enter("crashing" if exits >= CRASHING_FROM else "restarting", reason)
            await asyncio.sleep(pause_seconds(exits))
            self.restarts += 1

    async def _one_run(self) -> str:
        try:
            instance = self.instance if self.instance and self._ready else await self._begin()
        except NotReadyError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  the service is restarted after any failure
            return f"It could not be started: {error!r}"
        next_check = time.monotonic()
        while (code := instance.exit_code()) is None:
            await asyncio.sleep(POLL_SECONDS)
            if time.monotonic() < next_check:
                continue
            use = await asyncio.to_thread(instance.disk_use)
            self.disk_full = self.detail = use.full
            if use.exceeded:
                self._ready = False
                await instance.stop()
                return use.exceeded
            next_check = time.monotonic() + DISK_SECONDS
        self._ready = False
        with contextlib.suppress(OSError):
            await instance.stop()
        return instance.explain(f"It exited with code {code}.")

    def _enter(self, state: State, detail: str = "") -> None:
        if state != self.state:
            self.since = datetime.now(UTC)
        self.state, self.detail = state, detail
        self.first_result.set()
