"""The local platform, seen from the crew: versions as processes of this machine behind a router.

One daemon a home does the work and outlives the crew. It is begun when something is to run, and found by its
announcement under `<home>/platform`.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

from pydantic import TypeAdapter

import tools
from tools.errors import PlatformError
from tools.runtimes import Ended, Environment, Release, ServiceStatus, Version, state
from tools.runtimes.places import places, runtime_folder
from tools.runtimes.processes import alive, kill, kill_left_over, process
from tools.runtimes.protocol import request
from tools.runtimes.state import PROTOCOL, Announcement, announced

BEGIN_SECONDS = 75.0
"""How long a daemon may take to begin, or the one before it to end."""
ANSWER_SECONDS = 20.0
ATTEMPTS = 3
"""Daemons that one call tries; a daemon may end, or be killed, just when it is asked."""

DOWN_SECONDS = 60.0
"""Services get their `stop_seconds` to end in."""
LOG_BYTES = 1_000_000
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")
"""Environment variables of the crew that the daemon gets."""

_STATUSES = TypeAdapter(list[ServiceStatus])
_ENDED = TypeAdapter(list[Ended])
_MAYBE_ENDED = TypeAdapter(Ended | None)


class LocalRuntime:
    """See `tools.runtimes.Runtime`."""

    def __init__(self, home: Path) -> None:
        self._places = places(home)

    def start(self, version: Version) -> Release:
        """Give the version all traffic, within the times that it names, and drop no request."""
        body = version.model_dump_json(context={"secrets": "shown"})
        seconds = version.migrate_seconds + version.ready_seconds + version.drain_seconds
        # Starts of the same service queue up behind each other.
        answer = self._ask(
            "POST", "/start", body, seconds=2 * (seconds + version.stop_seconds) + ANSWER_SECONDS
        )
        return Release.model_validate_json(answer)

    def is_running(self, version: Version) -> bool:
        """Whether this very version takes the traffic and is ready for it."""
        if not self._needed():
            return False
        body = version.model_dump_json(context={"secrets": "shown"})
        return self._ask("POST", "/is-running", body) == b"true"

    def status(self) -> list[ServiceStatus]:
        """Return all services that should run; begins a daemon that was killed anew, but none for nothing."""
        if not self._needed():
            return []
        return _STATUSES.validate_json(self._ask("GET", "/status"))

    def stop(self, service: str, environment: Environment) -> Ended | None:
        """End a service for good, after the requests that are on their way to it."""
        if not self._needed():
            return None
        query = urllib.parse.urlencode({"service": service, "environment": environment})
        return _MAYBE_ENDED.validate_json(self._ask("POST", f"/stop?{query}", seconds=120))

    def metrics(self) -> str:
        """Return what the router counted, in Prometheus' text format; "" if nothing runs."""
        return self._ask("GET", "/metrics").decode() if self._needed() else ""

    def down(self) -> list[Ended]:
        """End all services and the daemon; if that does not answer it is killed, and they end with it."""
        if not self._places.folder.is_dir():
            return []
        deadline = time.monotonic() + BEGIN_SECONDS
        ended: list[Ended] = []
        while time.monotonic() < deadline:
            daemon = announced(self._places)
            if daemon is not None:
                ended += self._take_down(daemon)
            elif (forgotten := self._forget()) is not None:
                return ended + forgotten
            time.sleep(0.05)
        raise PlatformError(f"The platform does not end. Its log: {self._places.daemon_log}")

    def _needed(self) -> bool:
        """Whether there is anything a daemon would have to say."""
        return announced(self._places) is not None or bool(state.load(self._places).wanted)

    def _ask(self, method: str, path: str, body: str = "", seconds: float = ANSWER_SECONDS) -> bytes:
        """Ask the daemon, beginning one if there is none. All that can be asked may be asked twice."""
        for _ in range(ATTEMPTS):
            daemon = announced(self._places) or self._begin()
            if daemon.protocol != PROTOCOL:
                raise PlatformError("Another release of the crew runs the platform. `crew down` ends it.")
            try:
                answer = request(daemon, method, path, body, seconds)
            except TimeoutError as error:
                raise PlatformError(
                    f"The platform did not answer {path} within {seconds:g} s. `crew down` ends it by force."
                ) from error
            except (OSError, http.client.HTTPException):
                _wait_for_end(daemon)
                continue
            if answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:  # it is about to end
                _wait_for_end(daemon)
                continue
            if answer.status != http.HTTPStatus.OK:
                raise PlatformError(str(json.loads(answer.body)["detail"]))
            return answer.body
        raise PlatformError(
            f"The platform ended when asked, time and again:\n{_tail(self._places.daemon_log)}"
        )

    def _begin(self) -> Announcement:
        """Begin a daemon and return it once it answers."""
        self._places.prepare()
        self._places.daemon_log.touch(mode=0o600)
        argv = [
            sys.executable,
            "-P",
            "-m",
            "tools.runtimes.daemon",
            "--home",
            str(self._places.home),
            "--detach",
        ]
        with self._places.daemon_log.open("ab") as log:
            if log.tell() > LOG_BYTES:
                log.truncate(0)
            # It gets none of the crew's own secrets, and hangs on neither its terminal nor its folder.
            begun = subprocess.run(  # noqa: S603  our own interpreter and module
                argv,
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                check=False,
                timeout=BEGIN_SECONDS,
            )
        child = process(int(begun.stdout)) if begun.stdout else None
        deadline = time.monotonic() + BEGIN_SECONDS
        while time.monotonic() < deadline:
            ended = child is None or not alive(child)
            if (daemon := announced(self._places)) is not None:
                return daemon
            if ended:
                break
            time.sleep(0.02)
        raise PlatformError(f"The platform did not start:\n{_tail(self._places.daemon_log)}")

    def _take_down(self, daemon: Announcement) -> list[Ended]:
        try:
            answer = request(daemon, "POST", "/down", seconds=DOWN_SECONDS)
            ended = _ENDED.validate_json(answer.body) if answer.status == http.HTTPStatus.OK else []
        except TimeoutError:
            kill(daemon.process)
            ended = []
        except (OSError, http.client.HTTPException):
            ended = []
        _wait_for_end(daemon)
        return ended

    def _forget(self) -> list[Ended] | None:
        """Where no daemon is, forget what should run and return it; None if one is about to begin or end."""
        with self._places.lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            kill_left_over(self._places.processes)
            with contextlib.suppress(PlatformError):  # a folder that is not ours holds nothing of ours
                shutil.rmtree(runtime_folder(self._places.home), ignore_errors=True)
            try:
                known = state.load(self._places)
            except PlatformError:
                self._places.state.rename(self._places.state.with_suffix(".damaged"))
                return []
            if known.wanted:
                state.save(self._places, known.model_copy(update={"wanted": {}}))
            return [
                Ended(name=each.service, environment=each.environment, version=each.version)
                for each in known.wanted.values()
            ]


def _wait_for_end(daemon: Announcement) -> None:
    deadline = time.monotonic() + BEGIN_SECONDS
    while alive(daemon.process):
        if time.monotonic() > deadline:
            raise PlatformError(f"The platform (process {daemon.process.pid}) neither answers nor ends.")
        time.sleep(0.02)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(tools.__path__[0]).parent)}


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
