"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)

_FAULTS: Final = 50
_FIELD_LENGTH: Final = 200
"""Characters of a client's own member name that are sent back."""
_MESSAGES: Final = {"extra_forbidden": "is read-only, or unknown here", "missing": "is required"}


@dataclass(frozen=True)
class Fault:
    """One member of a body, or one parameter, that is wrong."""

    field: str
    """Its name as the client wrote it; "" is the whole body."""
    message: str


class Problem(Exception):  # noqa: N818  the word of RFC 9457
    """Ends a request with an error status; what it changed so far is rolled back."""

    def __init__(
        self,
        status: int,
        detail: str,
        *faults: Fault,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = faults
        self.headers = headers or {}


def invalid(field: str, message: str) -> Problem:
    """Return the problem of one bad member or parameter."""
    return Problem(422, f"{field}: {message}" if field else message, Fault(field, message))


def from_validation(error: ValidationError) -> Problem:
    """Return the problem that lists everything pydantic found."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [_fault(each) for each in found[:_FAULTS]]
    detail = "; ".join(f"{each.field}: {each.message}" if each.field else each.message for each in faults)
    return Problem(422, detail, *faults)


def response(problem: Problem) -> Response:
    """Return the HTTP answer; other than ASCII is escaped, so any text can be shown."""
    content: dict[str, object] = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.faults:
        content["errors"] = [
            {"field": each.field, "message": each.message} for each in problem.faults
        ]
    return Response(
        json.dumps(content),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        return response(error if isinstance(error, Problem) else Problem(500, "Unexpected error."))

    async def on_http_exception(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return response(Problem(404, "There is nothing at this path."))
        if status == 405:
            allowed = ", ".join(_allowed_methods(app, request.scope["path"]))
            detail = f"{request.method} is not offered here."
            return response(Problem(405, detail, headers={"Allow": allowed}))
        return response(Problem(status, _title(status)))

    async def on_conflict(_: Request, error: Exception) -> Response:
        log.info("the database refused a write", exc_info=error)
        return response(Problem(409, "This conflicts with another resource."))

    async def on_busy(_: Request, error: Exception) -> Response:
        log.error("the database does not answer", exc_info=error)
        detail = "The database is busy or away; try again."
        return response(Problem(503, detail, headers={"Retry-After": "1"}))

    async def on_error(_: Request, error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        return response(Problem(500, "Something unexpected happened; it has been logged."))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(IntegrityError, on_conflict)
    app.add_exception_handler(OperationalError, on_busy)
    app.add_exception_handler(PoolTimeoutError, on_busy)
    app.add_exception_handler(Exception, on_error)


async def left_out() -> Response:
    """Answer at a path that a resource would have if it offered more operations."""
    raise HTTPException(405)


def _allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods that the path knows, whichever route offers them."""
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.endpoint is not left_out and route.path_regex.match(path):
            found |= route.methods or set()
    return sorted(found | {"HEAD"} if "GET" in found else found)


def _fault(error: ErrorDetails) -> Fault:
    field = ".".join(str(each) for each in error["loc"])[:_FIELD_LENGTH]
    message = _MESSAGES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return Fault(field, message)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
