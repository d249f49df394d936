"""The client of the local platform, which runs versions as processes on this machine, behind a router.

One daemon per home does the work and outlives the crew's own process. It is started when a service is to run, and
found through its announcement in `<home>/platform`.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import tools
from tools.errors import PlatformError
from tools.runtimes import Build, Ended, Environment, Release, ServiceStatus, Version
from tools.runtimes.local import state
from tools.runtimes.local.json_files import write
from tools.runtimes.local.paths import platform_paths, runtime_folder
from tools.runtimes.local.processes import Process, alive, kill, kill_left_over, process
from tools.runtimes.local.protocol import ENDED, MAYBE_ENDED, STATUSES, request
from tools.runtimes.local.state import PROTOCOL, Announcement, find_daemon, find_parent
from tools.runtimes.local.version import LocalVersion
from tools.workspace.removal import remove

START_SECONDS = 75.0
"""How long a daemon may take to start, or its predecessor to exit."""
ANSWER_SECONDS = 20.0
ATTEMPTS = 3
"""Number of daemons to try per call, since one may exit or be killed just as it receives a request."""

DOWN_SECONDS = 60.0
"""Time limit of a shutdown, including the `stop_seconds` of the services."""
LOG_BYTES = 1_000_000
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")
"""Environment variables of the crew that the daemon inherits."""


class LocalRuntime:
    """Runs services on this machine through a daemon; see `tools.runtimes.Runtime`."""

    def __init__(self, home: Path, sandbox: str = "") -> None:
        self._paths = platform_paths(home)
        self._sandbox = sandbox

    @classmethod
    def from_address(cls, address: str, home: Path, sandbox: str) -> LocalRuntime:
        """Return the local runtime of a home; raises PlatformError for an address, as each home has only one."""
        if address:
            raise PlatformError(f"The local runtime has no address: write `local`, not `local:{address}`.")
        return cls(home, sandbox)

    def start(self, version: Version, build: Build) -> Release:
        """See `Runtime.start`; the service's data is kept in `<home>/data/<service>/<environment>`."""
        data = self._paths.home / "data" / version.service / version.environment
        variables = {name: value.replace("{data}", str(data)) for name, value in version.variables.items()}
        local = {
            **dict(version),
            "variables": variables,
            "folder": build.code,
            "readable": (build.dependencies,),
            "data": data,
            "sandbox": self._sandbox,
        }
        return self.launch(LocalVersion.model_validate(local))

    def launch(self, version: LocalVersion) -> Release:
        """Start a version and switch all traffic to it, within its time limits and without dropping requests."""
        body = version.model_dump_json(context={"secrets": "shown"})
        seconds = (
            version.migrate_seconds + version.ready_seconds + version.drain_seconds + version.stop_seconds
        )
        # Doubled, because another start of the same service may be queued before this one.
        answer = self._ask("POST", "/start", body, seconds=2 * seconds + ANSWER_SECONDS)
        return Release.model_validate_json(answer)

    def status(self) -> list[ServiceStatus]:
        """See `Runtime.status`; restarts a daemon that was killed, but only if a service is meant to run."""
        if not self._needed():
            return []
        return STATUSES.validate_json(self._ask("GET", "/status"))

    def stop(self, service: str, environment: Environment) -> Ended | None:
        """Stop a service for good, after its requests in flight have finished."""
        if not self._needed():
            return None
        query = urllib.parse.urlencode({"service": service, "environment": environment})
        return MAYBE_ENDED.validate_json(self._ask("POST", f"/stop?{query}", seconds=120))

    def metrics(self) -> str:
        """Return the router's metrics in the Prometheus text format, or "" if nothing is running."""
        return self._ask("GET", "/metrics").decode() if self._needed() else ""

    def down(self) -> list[Ended]:
        """Stop all services and the daemon; a daemon that does not respond is killed together with its services."""
        if not self._paths.folder.is_dir():
            return []
        deadline = time.monotonic() + START_SECONDS
        ended: list[Ended] = []
        while time.monotonic() < deadline:
            daemon = find_daemon(self._paths)
            if daemon is not None:
                ended += self._take_down(daemon)
            else:
                # The parent of a daemon that was killed would start it again.
                if (left := find_parent(self._paths)) is not None:
                    kill(left)
                if (forgotten := self._forget()) is not None:
                    return ended + forgotten
            time.sleep(0.05)
        raise PlatformError(f"The platform does not exit. Its log: {self._paths.daemon_log}")

    def _needed(self) -> bool:
        """Return whether a daemon is running or should be."""
        return find_daemon(self._paths) is not None or bool(state.load(self._paths).wanted)

    def _ask(self, method: str, path: str, body: str = "", seconds: float = ANSWER_SECONDS) -> bytes:
        """Send a request to the daemon, starting one if there is none. All requests are idempotent."""
        for _ in range(ATTEMPTS):
            daemon = find_daemon(self._paths) or self._start_daemon()
            if daemon.protocol != PROTOCOL:
                raise PlatformError(
                    "The platform was started by another release of the crew. Run `crew down`."
                )
            try:
                answer = request(daemon, method, path, body, seconds)
            except TimeoutError as error:
                raise PlatformError(
                    f"The platform did not respond to {path} within {seconds:g} s. `crew down` stops it by force."
                ) from error
            except (OSError, http.client.HTTPException):
                _wait_for_exit(daemon.process)
                continue
            if answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:  # it is about to exit
                _wait_for_exit(daemon.process)
                continue
            if answer.status != http.HTTPStatus.OK:
                raise PlatformError(str(json.loads(answer.body)["detail"]))
            return answer.body
        raise PlatformError(
            f"The platform exited on {ATTEMPTS} requests in a row:\n{_tail(self._paths.daemon_log)}"
        )

    def _start_daemon(self) -> Announcement:
        """Start a daemon and return its announcement."""
        self._paths.prepare()
        self._paths.daemon_log.touch(mode=0o600)
        home = str(self._paths.home)
        argv = [sys.executable, "-P", "-m", "tools.runtimes.local.daemon", "--home", home, "--detach"]
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with self._paths.daemon_log.open("ab") as log:
            if log.tell() > LOG_BYTES:
                log.truncate(0)
            # The daemon inherits no secrets of the crew, and depends on neither its terminal nor its working folder.
            launched = subprocess.run(  # noqa: S603  the crew's interpreter and module
                argv,
                cwd="/",
                env=inherited | {"PYTHONPATH": str(Path(tools.__path__[0]).parent)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                check=False,
                timeout=START_SECONDS,
            )
        child = process(int(launched.stdout)) if launched.stdout else None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            exited = child is None or not alive(child)
            if (daemon := find_daemon(self._paths)) is not None:
                return daemon
            if exited:
                break
            time.sleep(0.02)
        raise PlatformError(f"The platform did not start:\n{_tail(self._paths.daemon_log)}")

    def _take_down(self, daemon: Announcement) -> list[Ended]:
        ended: list[Ended] = []
        try:
            answer = request(daemon, "POST", "/down", seconds=DOWN_SECONDS)
            if answer.status == http.HTTPStatus.OK:
                ended = ENDED.validate_json(answer.body)
        except TimeoutError:
            if daemon.parent is not None:
                kill(daemon.parent)
            kill(daemon.process)
        except (OSError, http.client.HTTPException):
            _wait_for_exit(daemon.process)  # its parent is stopped next, or has exited too
            return ended
        for each in (daemon.process, daemon.parent):
            if each is not None:
                _wait_for_exit(each)
        return ended

    def _forget(self) -> list[Ended] | None:
        """Forget all services that are meant to run and return them, or None if a daemon is starting or exiting."""
        with self._paths.lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            kill_left_over(self._paths.processes)
            with contextlib.suppress(
                PlatformError, OSError
            ):  # another user's folder holds nothing of this platform
                remove(runtime_folder(self._paths.home))
            try:
                known = state.load(self._paths)
            except PlatformError:
                self._paths.state.rename(self._paths.state.with_suffix(".damaged"))
                return []
            if known.wanted:
                write(self._paths.state, known.model_copy(update={"wanted": {}}))
            return [
                Ended(name=each.service, environment=each.environment, version=each.version)
                for each in known.wanted.values()
            ]


def _wait_for_exit(known: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while alive(known):
        if time.monotonic() > deadline:
            raise PlatformError(f"The platform (process {known.pid}) neither responds nor exits.")
        time.sleep(0.02)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
