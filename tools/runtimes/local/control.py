"""The daemon's control API: JSON over HTTP on a unix socket."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from tools.errors import ToolError
from tools.runtimes import Ended
from tools.runtimes.local.metrics import exposition
from tools.runtimes.local.protocol import ENDED, MAYBE_ENDED, STATUSES
from tools.runtimes.local.router import problem
from tools.runtimes.local.supervisor import Supervisor
from tools.runtimes.local.version import LocalVersion

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger("shipcrew.platform")


class Control:
    """The request handlers of the daemon's control API, which `LocalRuntime` calls."""

    def __init__(self, supervisor: Supervisor, token: str) -> None:
        self.down = asyncio.Event()
        """Set when the daemon should exit."""
        self._supervisor = supervisor
        self._token = token
        self._changes: set[asyncio.Task[Any]] = set()
        """Starts and stops in progress. They continue if the client disconnects; it can then repeat the request."""
        self._closing = False

    @property
    def busy(self) -> bool:
        """Whether the daemon has a reason to keep running."""
        return bool(self._changes) or self._supervisor.busy

    def application(self) -> web.Application:
        """Return the control API as an aiohttp application."""
        application = web.Application(middlewares=[self._guard], client_max_size=16 * 1024 * 1024)
        application.add_routes(
            [
                web.get("/status", self._status),
                web.post("/start", self._start),
                web.post("/stop", self._stop),
                web.post("/down", self._down),
                web.get("/metrics", self._metrics),
            ]
        )
        return application

    async def close(self, forget: bool) -> list[Ended]:
        """Refuse new changes, cancel those in progress, and stop all services; returns the services stopped."""
        self._closing = True
        for change in self._changes:
            change.cancel()
        if self._changes:
            await asyncio.wait(self._changes)
        return await self._supervisor.close(forget)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return problem(401, "Unauthorized", "The request needs the token in daemon.json.")
        try:
            return await handler(request)
        except ValidationError as error:
            # The input is left out, because it may contain secrets.
            problems = [".".join(map(str, each["loc"])) + ": " + each["msg"] for each in error.errors()]
            return problem(422, "Unprocessable content", "; ".join(problems))
        except (ToolError, OSError) as error:
            log.exception("%s failed", request.path)
            return problem(500, "Internal server error", str(error))

    async def _status(self, _: web.Request) -> web.Response:
        return _json(STATUSES.dump_json(self._supervisor.status()))

    async def _start(self, request: web.Request) -> web.Response:
        version = LocalVersion.model_validate_json(await request.read())
        return await self._change(
            self._supervisor.start(version), lambda release: release.model_dump_json().encode()
        )

    async def _stop(self, request: web.Request) -> web.Response:
        key = f"{request.query['service']}/{request.query['environment']}"
        return await self._change(self._supervisor.stop(key), MAYBE_ENDED.dump_json)

    async def _down(self, _: web.Request) -> web.Response:
        ended = await self.close(forget=True)
        self.down.set()
        return _json(ENDED.dump_json(ended))

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=exposition(self._supervisor.metrics()))

    async def _change(self, change: Coroutine[Any, Any, Any], dump: Callable[[Any], bytes]) -> web.Response:
        if self._closing:
            change.close()
            return problem(503, "Service unavailable", "The platform is shutting down.")
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        await asyncio.wait([task])
        if task.cancelled():
            return problem(409, "Conflict", "The platform was shut down before the change completed.")
        return _json(dump(task.result()))


def _json(document: bytes) -> web.Response:
    return web.Response(body=document, content_type="application/json")
