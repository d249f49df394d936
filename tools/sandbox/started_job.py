"""Runs a started launcher's job to completion, or in the background."""

from __future__ import annotations

import os
import selectors
import threading
import time
from pathlib import Path
from typing import IO, get_args

from tools.errors import SandboxFailed
from tools.sandbox.launcher import Launcher, last_line
from tools.sandbox.model import Completed, Ending, Job

_CHUNK = 1 << 16
_PATIENCE_SECONDS = 10.0
"""Delay after the wall time limit at which the launcher itself is killed, if it has not killed the job."""
_DRAIN_SECONDS = 2.0
_KILLED = -9


def run_to_end(launcher: Launcher, job: Job) -> Completed:
    """Read a job's output until it exits, and kill leftover processes; raises SandboxFailed if it never started."""
    started = time.monotonic()
    wall = job.limits.wall_seconds
    deadline = started + wall + _PATIENCE_SECONDS if wall is not None else None
    stdout, stderr, status = (_Tail(job.limits.output_bytes) for _ in range(3))
    process = launcher.process
    try:
        with selectors.DefaultSelector() as selector:
            streams = (process.stdout, process.stderr, launcher.status)
            for stream, tail in zip(streams, (stdout, stderr, status), strict=True):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, tail)
            _read(selector, launcher, deadline)
    finally:
        out_of_memory = launcher.out_of_memory()
        launcher.close()
    ending, code = _ending(status.text(), out_of_memory, stderr.text())
    seconds = time.monotonic() - started
    return Completed(
        ending=ending, exit_code=code, stdout=stdout.text(), stderr=stderr.text(), seconds=seconds
    )


class StartedJob:
    """A background job, which runs until it exits or is stopped, or until this process exits."""

    def __init__(self, launcher: Launcher, log: IO[bytes], path: Path) -> None:
        """Wait until the program has started; raises SandboxFailed, with the log's last line, if it does not."""
        self._launcher = launcher
        self._code: int | None = None
        self._lock = threading.Lock()
        self._status = _read_line(launcher.status)
        log.close()
        if not self._status.startswith("started"):
            launcher.close()
            tail = b"" if path.is_fifo() else path.read_bytes()[-4096:]
            raise SandboxFailed(_failure(self._status, last_line(tail)))

    @property
    def pid(self) -> int:
        """Process id of the launcher outside the sandbox; if it dies, all processes of the job die too."""
        return self._launcher.process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while the job is running."""
        with self._lock:
            if self._code is None and self._launcher.process.poll() is not None:
                self._finish()
            return self._code

    def stop(self, grace_seconds: float) -> int:
        """Send SIGTERM to the program, kill everything after the grace period, and return the exit code."""
        deadline = time.monotonic() + grace_seconds
        self._launcher.terminate()
        while (code := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.005)
        if code is not None:
            return code
        with self._lock:
            return self._finish()

    def _finish(self) -> int:
        if self._code is None:
            self._launcher.kill()
            self._status += _read_all(self._launcher.status, _DRAIN_SECONDS)
            self._launcher.close()
            self._code = _ending(self._status, False, "")[1]
        return self._code


class _Tail:
    """A buffer that keeps only the last bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > 2 * self._limit + _CHUNK:
            del self._data[: -self._limit or None]

    def text(self) -> str:
        return bytes(self._data[-self._limit or len(self._data) :]).decode(errors="replace")


def _read(selector: selectors.BaseSelector, launcher: Launcher, deadline: float | None) -> None:
    """Read until all streams are closed, until shortly after the launcher has exited, or until the deadline."""
    selector.register(launcher.ended, selectors.EVENT_READ)
    while selector.get_map():
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return
        for key, _ in selector.select(left):
            data = os.read(key.fd, _CHUNK) if key.data else b""
            if data:
                key.data.add(data)
                continue
            selector.unregister(key.fileobj)
            if not key.data:
                deadline = time.monotonic() + _DRAIN_SECONDS


def _read_line(pipe: int) -> str:
    text = b""
    while not text.endswith(b"\n"):
        data = os.read(pipe, 1)
        if not data:
            break
        text += data
    return text.decode(errors="replace")


def _read_all(pipe: int, patience_seconds: float) -> str:
    text = b""
    deadline = time.monotonic() + patience_seconds
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            data = os.read(pipe, _CHUNK)
            if not data:
                break
            text += data
    return text.decode(errors="replace")


def _ending(status: str, out_of_memory: bool, stderr: str) -> tuple[Ending, int]:
    """Parse the launcher's status lines: "started", then the ending and the exit code."""
    endings: dict[str, Ending] = {ending: ending for ending in get_args(Ending)}
    lines = status.splitlines()
    for line in lines:
        word, _, code = line.partition(" ")
        if word in endings:
            return endings[word], int(code)
    if "started" in lines:
        return "out_of_memory" if out_of_memory else "killed", _KILLED
    raise SandboxFailed(_failure(status, last_line(stderr.encode())))


def _failure(status: str, message: str) -> str:
    reason = status.removeprefix("failed ").strip() or message or "the launcher gave no reason"
    return f"The sandbox could not be set up: {reason}"
