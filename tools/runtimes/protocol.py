"""A request to the daemon, over its control socket."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from pathlib import Path

from tools.runtimes.state import Announcement


@dataclass(frozen=True)
class Answer:
    """What the daemon said."""

    status: int
    body: bytes


def request(daemon: Announcement, method: str, path: str, body: str = "", seconds: float = 20) -> Answer:
    """Return the daemon's answer.

    Raises TimeoutError if it says nothing for so long, OSError or HTTPException if it is not there or ends.
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
