"""A single run of a version, with its sandboxed processes, its socket and its log."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError
from tools.runtimes.local.backend import Backend
from tools.runtimes.local.logs import ServiceLog
from tools.runtimes.local.processes import Register
from tools.runtimes.local.storage import DiskUse, disk_use
from tools.runtimes.local.version import LocalVersion
from tools.sandbox import Job, Sandbox, StartedJob
from tools.sandbox.filesystem import base_python
from tools.workspace.removal import remove

RELAY = Path(__file__).with_name("relay.py")
POLL_SECONDS = 0.1
FIRST_PROBE_SECONDS = 0.02
SLOWEST_PROBE_SECONDS = 0.5


class NotReadyError(Exception):
    """Raised if a version does not become ready; the message gives the reason and the tail of its log."""


@dataclass(frozen=True)
class Platform:
    """The resources of the platform that all instances share."""

    sandbox: Callable[[str], Sandbox]
    """Returns the sandbox with a given name; raises ToolError if it is not available."""
    starter: ThreadPoolExecutor
    """Executor with one thread, which lives as long as the daemon: a sandbox dies with the thread that started it."""
    sockets: Path
    """Runtime folder, with a subfolder for each instance."""
    logs: Path
    register: Register


class Instance:
    """A single run of a version, of either its migration or its server."""

    def __init__(self, version: LocalVersion, number: int, platform: Platform) -> None:
        self.version = version
        self._platform = platform
        self._folder = platform.sockets / str(number)
        """Folder that the service may write to; no other folder of the platform is visible to it."""
        self._socket = self._folder / "s"
        name = f"{version.service}-{version.environment}-{version.version}.log"
        self._log = ServiceLog(platform.logs / name, platform.sockets / f"{number}.log", version.secrets)
        self._running: StartedJob | None = None
        self.backend: Backend | None = None
        """The connections to the server; None until it is launched."""

    def exit_code(self) -> int | None:
        """Return the exit code, or None while the process is running; 0 if it was never launched."""
        return self._running.poll() if self._running else 0

    def explain(self, reason: str) -> str:
        """Return the reason followed by the tail of the log."""
        tail = self._log.tail()
        return f"{reason}\nThe end of {self._log.file}:\n{tail}" if tail else f"{reason}\nIts log is empty."

    def disk_use(self) -> DiskUse:
        """Compare what the version has written with its limits."""
        folders = [self._folder, *([self.version.data] if self.version.data else [])]
        return disk_use(folders, self.version.limits)

    async def migrate(self) -> None:
        """Run the migration to completion; raises NotReadyError if it fails or times out."""
        try:
            await self._launch(self.version.migrate, {})
            deadline = time.monotonic() + self.version.migrate_seconds
            while (code := self.exit_code()) is None and time.monotonic() < deadline:
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await self.stop()
        if code is None:
            raise NotReadyError(
                self.explain(f"The migration took more than {self.version.migrate_seconds:g} s.")
            )
        if code != 0:
            raise NotReadyError(self.explain(f"The migration exited with code {code}."))

    async def start(self) -> None:
        """Launch the server and wait until it is ready; raises NotReadyError if it exits first or times out."""
        await self._launch(*self._serve())
        self.backend = backend = Backend(self._socket)
        deadline = time.monotonic() + self.version.ready_seconds
        pause = FIRST_PROBE_SECONDS
        while (unready := await self._unready(backend)) is not None:
            if (code := self.exit_code()) is not None:
                await asyncio.sleep(POLL_SECONDS)  # for the last lines of its log
                raise NotReadyError(self.explain(f"It exited with code {code} before it was ready."))
            if time.monotonic() > deadline:
                raise NotReadyError(
                    self.explain(f"It was not ready within {self.version.ready_seconds:g} s: {unready}.")
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, SLOWEST_PROBE_SECONDS)

    async def drain(self) -> bool:
        """Wait for requests in flight to finish; returns False if some have not within `drain_seconds`."""
        return self.backend is None or await self.backend.drain(self.version.drain_seconds)

    async def stop(self) -> None:
        """Stop the process if it is running, close its connections and log, and remove the instance's folder."""
        if self._running is not None:
            await asyncio.to_thread(self._running.stop, self.version.stop_seconds)
            self._platform.register.remove(self._running.pid)
        if self.backend is not None:
            await self.backend.close()
        await asyncio.to_thread(self._log.close)
        with contextlib.suppress(OSError):
            remove(self._folder)

    async def _unready(self, backend: Backend) -> str | None:
        for path in self.version.health:
            status = await backend.probe(path)
            if status is None:
                return f"{path} did not respond"
            if not 200 <= status <= 299:
                return f"{path} returned {status}"
        return None

    async def _launch(self, argv: tuple[str, ...], variables: dict[str, str]) -> None:
        try:
            self._folder.mkdir(mode=0o700)
            if self.version.data is not None:
                self.version.data.mkdir(parents=True, exist_ok=True)
            self._log.open()
            sandbox = self._platform.sandbox(self.version.sandbox)
            start = asyncio.get_running_loop().run_in_executor(
                self._platform.starter, sandbox.start, self._job(argv, variables), self._log.pipe
            )
            # Shielded, so that a job that is being started is never lost on cancellation.
            self._running = await asyncio.shield(start)
        except (OSError, ValueError, ToolError) as error:
            raise NotReadyError(f"It could not be started: {error}") from error
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                self._running = await start
            raise
        self._platform.register.add(self._running.pid)
        self._log.follow()

    def _serve(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the command that serves on the socket, and the environment variables that name the socket or port."""
        argv, listen, path = self.version.serve, self.version.listen, str(self._socket)
        if listen.kind == "socket":
            return tuple(part.replace("{socket}", path) for part in argv), {"SOCKET": path}
        port = str(listen.port or _free_port())
        # The relay is passed as text, not as a file: no sandbox can see where the crew is installed.
        relay = (str(base_python()), "-I", "-S", "-c", RELAY.read_text(), path, port)
        return (*relay, *(part.replace("{port}", port) for part in argv)), {"PORT": port}

    def _job(self, argv: tuple[str, ...], variables: dict[str, str]) -> Job:
        version = self.version
        secrets = {name: value.get_secret_value() for name, value in version.secrets.items()}
        return Job(
            argv=argv,
            folder=version.folder,
            readable=(version.folder, *version.readable),
            writable=(self._folder, *([version.data] if version.data else [])),
            environment={**version.variables, **secrets, **variables},
            limits=version.limits,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
