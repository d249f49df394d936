"""The JSON documents of the control API, and an HTTP client for the daemon's unix socket."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tools.runtimes import Ended, ServiceStatus
from tools.runtimes.local.state import Announcement

STATUSES = TypeAdapter(list[ServiceStatus])
ENDED = TypeAdapter(list[Ended])
MAYBE_ENDED = TypeAdapter(Ended | None)


@dataclass(frozen=True)
class Answer:
    """HTTP status and body of the daemon's response."""

    status: int
    body: bytes


def request(daemon: Announcement, method: str, path: str, body: str = "", seconds: float = 20) -> Answer:
    """Send a request to the daemon and return its response.

    Raises TimeoutError if there is no response in time, OSError or HTTPException if the daemon exits or is not
    running.
    """
    connection = _UnixConnection(daemon.control, seconds)
    try:
        headers = {"Authorization": f"Bearer {daemon.token}"}
        connection.request(method, path, body=body.encode(), headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("platform", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
