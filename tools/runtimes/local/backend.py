"""HTTP connections to the unix socket of a running version."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from pathlib import Path

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from yarl import URL

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
IDLE_SECONDS = 1.0
"""How long idle connections are kept: less than any common server's keep-alive time (gunicorn's is 2 s)."""
CONNECT_SECONDS = 5.0
QUEUE_PAUSE_SECONDS = 0.002
HEADER_BYTES = 64 * 1024


def url_of(path: str) -> URL:
    """Return the URL for a path of the version; its host becomes the Host header of health probes."""
    return URL("http://localhost" + path, encoded=True)


class Backend:
    """Connects to the socket of a running version, and counts the requests in flight."""

    def __init__(self, path: Path) -> None:
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._pooled = _session(_Connector(str(path), limit=0, keepalive_timeout=IDLE_SECONDS))
        self._single = _session(_Connector(str(path), limit=0, force_close=True), middlewares=(_no_retry,))

    def __enter__(self) -> None:
        self._requests += 1
        self._idle.clear()

    def __exit__(self, *_: object) -> None:
        self._requests -= 1
        if self._requests == 0:
            self._idle.set()

    def session(self, method: str, has_body: bool) -> aiohttp.ClientSession:
        """Return the client session for a request.

        The version may close a kept-alive connection at the moment it is reused. The request is then sent again,
        which is allowed only for safe methods without a body; other requests get a new connection.
        """
        return self._pooled if method in SAFE_METHODS and not has_body else self._single

    async def probe(self, path: str) -> int | None:
        """Request a path and return the HTTP status, or None if there is no response within 2 s."""
        try:
            async with asyncio.timeout(2), self._single.get(url_of(path), allow_redirects=False) as answer:
                return answer.status
        except (TimeoutError, aiohttp.ClientError, ConnectionLost):
            return None

    async def drain(self, seconds: float) -> bool:
        """Wait until no request is in flight; returns False if some still are after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Close all connections to the version."""
        await self._pooled.close()
        await self._single.close()


class ConnectionLost(Exception):  # noqa: N818  names what happened
    """Raised if the version closes the connection before it responds, and a retry might repeat a side effect."""


async def _no_retry(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    # aiohttp retries PUT and DELETE after a lost connection; an error of another type prevents that.
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost from error


def _session(
    connector: aiohttp.BaseConnector, middlewares: tuple[aiohttp.ClientMiddlewareType, ...] = ()
) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        middlewares=middlewares,
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        auto_decompress=False,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
    )


class _Connector(aiohttp.UnixConnector):
    """A connector that retries while the version's connection queue is full.

    The event loop would mistake the kernel's EAGAIN for a connection in progress, and the first write would fail.
    """

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        loop = asyncio.get_running_loop()
        try:
            await _connect(connection, self.path)
            _, protocol = await loop.create_unix_connection(lambda: ResponseHandler(loop), sock=connection)
        except OSError as error:
            connection.close()
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        except asyncio.CancelledError:
            connection.close()
            raise
        return protocol


async def _connect(connection: socket.socket, path: str) -> None:
    """Connect a socket to the unix socket at `path`; raises OSError, including TimeoutError.

    The service owns its folder and could replace its socket with a link to one that only this process may reach.
    The file is therefore opened first, checked, and connected to through its descriptor.
    """
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            raise OSError(errno.ENOTSOCK, f"{path} is not a socket")
        async with asyncio.timeout(CONNECT_SECONDS):
            while True:
                try:
                    return connection.connect(f"/proc/self/fd/{handle}")
                except BlockingIOError:
                    await asyncio.sleep(QUEUE_PAUSE_SECONDS)
    finally:
        os.close(handle)
