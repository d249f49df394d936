"""Reverse proxy from a loopback port to the version that takes its traffic.

A request is assigned to the version that is current when its head arrives, so a switch drops no requests.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import Protocol

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tools.runtimes.local.backend import Backend, ConnectionLost, url_of
from tools.runtimes.local.metrics import Metrics, Outcome, status_class

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
) | frozenset(("proxy-authenticate", "proxy-authorization", "proxy-connection"))
FORWARDED = frozenset(("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"))
"""Headers that are replaced: the router is the first hop, so a client's claims about earlier ones are false."""

REFUSED_METHODS = frozenset(("CONNECT", "TRACE"))
WHOLE_BYTES = 64 * 1024
"""Maximum size of a body that is buffered and sent as a whole, which saves a write and absorbs slow clients."""
LINE_BYTES = 32 * 1024
"""Maximum length of the request line and of a header; services may have stricter limits."""
CLIENT_IDLE_SECONDS = 75.0
HEAD_SECONDS = 60.0
"""How long a version may take to start its response."""
BODY_SECONDS = 30.0
"""How long a client may take to send a body that is sent as a whole."""
READ_SECONDS = 60.0
"""How long a client may take to accept the next part of a response."""
MOST_CONNECTIONS = 1_000
"""Maximum number of open client connections of a service: each may hold two of the daemon's descriptors."""


class Target(Protocol):
    """A version that can take requests."""

    @property
    def metrics(self) -> Metrics:
        """The metrics that count the version's responses."""

    @property
    def backend(self) -> Backend | None:
        """The connections to the version, or None while it is not ready."""

    @property
    def health(self) -> Collection[str]:
        """Paths at which the version reports its readiness."""

    @property
    def disk_full(self) -> str:
        """Sentence about the file that has reached its size limit; "" if none has."""


class _Connection(web.RequestHandler):
    """A client's connection, on which malformed requests are also answered with problem details."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Respond with problem details to a request that aiohttp rejects, and close the connection."""
        super().handle_error(request, status, exc, message)  # raises if a response has been started
        detail = "The request is not valid HTTP." if status < 500 else "The router failed."
        response = problem(status, HTTPStatus(status).phrase, detail)
        response.force_close()
        return response


class _Request(web.BaseRequest):
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        # aiohttp adds its name and version and has no public way to leave them out.
        response.headers.pop("Server", None)


def _request(
    message: RawRequestMessage,
    payload: aiohttp.StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    return _Request(message, payload, protocol, writer, task, asyncio.get_running_loop())


class _Server(web.Server):
    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Accept a client's connection, or refuse it with problem details if there are too many."""
        super().connection_made(handler, transport)
        if len(self.connections) > MOST_CONNECTIONS:
            detail = f"The service has {MOST_CONNECTIONS:,} open connections, the most that are allowed."
            body = problem_document(503, "Service unavailable", detail)
            transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                b"Content-Length: %d\r\nRetry-After: 1\r\nConnection: close\r\n\r\n%b" % (len(body), body)
            )
            transport.close()

    def __call__(self) -> _Connection:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=CLIENT_IDLE_SECONDS,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
        )


class Route:
    """A loopback port, whose requests are forwarded to the current version of a service."""

    def __init__(self, service: str, pick: Callable[[], Target | None]) -> None:
        self.service = service
        self.port = 0
        """The port number; 0 until the port is open."""
        self._pick = pick
        """Called for every request to select the version; returns None if there is none."""
        server = _Server(self._handle, handler_cancellation=True, request_factory=_request)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1)

    async def open(self, ports: Iterable[int]) -> int:
        """Listen on the first of the ports that is free and return it; raises OSError if none is free."""
        await self._runner.setup()
        for port in ports:
            site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=1024)
            try:
                await site.start()
            except OSError:
                await site.stop()
                continue
            self.port = site.port
            return self.port
        raise OSError("none of the platform's loopback ports is free")

    async def close(self) -> None:
        """Stop listening and close the remaining connections."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started, target = time.perf_counter(), self._pick()
        if request.method in REFUSED_METHODS:
            return problem(
                405, "Method not allowed", f"The router does not forward {request.method} requests."
            )
        if target is None or (backend := target.backend) is None:
            if target is not None:
                target.metrics.add("away", time.perf_counter() - started)
            return problem(503, "Service unavailable", f"{self.service} is not running.")
        if target.disk_full and request.path in target.health:
            target.metrics.add("away", time.perf_counter() - started)
            return problem(503, "Service unavailable", target.disk_full)
        outcome: Outcome = "left"
        with backend:
            try:
                response, outcome = await self._forward(request, backend, target)
            finally:
                target.metrics.add(outcome, time.perf_counter() - started)
        return response

    async def _forward(
        self, request: web.BaseRequest, backend: Backend, target: Target
    ) -> tuple[web.StreamResponse, Outcome]:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body_of(request)
        except TimeoutError:
            late = problem(408, "Request timeout", f"The body did not arrive within {BODY_SECONDS:g} s.")
            late.force_close()
            return late, "left"
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                answer = await backend.session(request.method, body is not None).request(
                    request.method,
                    _target(request),
                    headers=_request_headers(request),
                    data=body,
                    allow_redirects=False,
                )
        except TimeoutError:
            return problem(504, "Gateway timeout", f"{self.service} did not respond in time."), "away"
        except aiohttp.ClientConnectorError:
            return problem(503, "Service unavailable", f"{self.service} is not listening."), "away"
        except (aiohttp.ClientError, ConnectionLost):
            return problem(
                502, "Bad gateway", f"{self.service} closed the connection before it responded."
            ), "away"
        async with answer:
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and target.disk_full:
                # The version cannot know the reason: it sees only that its database does not accept the write.
                return problem(507, "Insufficient storage", target.disk_full), "5xx"
            return await _pass_back(request, answer, self.service)


async def _pass_back(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, service: str
) -> tuple[web.StreamResponse, Outcome]:
    if answer.status < 200:
        return problem(502, "Bad gateway", f"{service} requested a protocol upgrade."), "away"
    headers = _end_to_end(answer.headers)
    outcome = status_class(answer.status)
    length = answer.content_length
    if request.method == "HEAD" or (length is not None and length <= WHOLE_BYTES):
        try:
            whole = await answer.read()
        except aiohttp.ClientError:
            return problem(
                502, "Bad gateway", f"{service} closed the connection during its response."
            ), "away"
        return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=whole), outcome
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            async with asyncio.timeout(READ_SECONDS):
                await response.write(chunk)
    except (aiohttp.ClientPayloadError, TimeoutError):
        # The head has been sent: only an aborted connection can tell the client that the response is incomplete.
        if request.transport is not None:
            request.transport.abort()
        return response, "away"
    return response, outcome


async def _body_of(request: web.BaseRequest) -> bytes | aiohttp.StreamReader | None:
    if not request.body_exists:
        return None
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    if request.content_length is not None and request.content_length <= WHOLE_BYTES:
        return await request.read()
    return request.content


def _target(request: web.BaseRequest) -> URL:
    path = request.raw_path
    if not path.startswith("/"):  # absolute form, or "*"
        path = request.rel_url.raw_path_qs if request.rel_url.raw_path.startswith("/") else "/"
    return url_of(path)


def _request_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    for name in FORWARDED:
        headers.popall(name, None)
    headers.popall("Expect", None)
    headers["X-Forwarded-For"] = request.remote or "127.0.0.1"
    headers["X-Forwarded-Host"] = request.host
    headers["X-Forwarded-Proto"] = "http"
    return headers


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {
        token.strip().lower() for value in headers.getall("Connection", ()) for token in value.split(",")
    }
    dropped = HOP_BY_HOP | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def problem(status: int, title: str, detail: str) -> web.Response:
    """Return an error response of the router itself, as RFC 9457 problem details."""
    return web.Response(
        status=status,
        body=problem_document(status, title, detail),
        content_type="application/problem+json",
        headers={"Retry-After": "1"} if status == 503 else None,
    )


def problem_document(status: int, title: str, detail: str) -> bytes:
    """Return the body of an error response of the router itself."""
    return json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
