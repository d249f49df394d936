"""A client that holds every answer to what is promised of all answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.delivery import SECRET

PROBLEM = "application/problem+json"
NOWHERE = "00000000-0000-4000-8000-000000000000"
_numbers = itertools.count(1)


def fresh() -> int:
    """Return a number that this run has not used yet."""
    return next(_numbers)


def token(
    *roles: str,
    secret: str = SECRET,
    algorithm: str = "HS256",
    expires_in: float | None = 600,
    claims: dict[str, Any] | None = None,
) -> str:
    """Return a signed JWT with these roles; `claims` are put over the usual ones."""
    payload: dict[str, Any] = {"sub": "tester", "roles": list(roles)}
    if expires_in is not None:
        payload["exp"] = int(time.time() + expires_in)
    payload |= claims or {}
    parts = [_base64(json.dumps(each).encode()) for each in ({"alg": algorithm, "typ": "JWT"}, payload)]
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(algorithm)
    signed = ".".join(parts).encode()
    signature = _base64(hmac.new(secret.encode(), signed, digest).digest()) if digest else ""
    return f"{signed.decode()}.{signature}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Answer:
    """A response; numbers of its body are exact decimals."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers

    @property
    def json(self) -> Any:
        """The body; numbers with a fraction or an exponent are `Decimal`."""
        return json.loads(self.response.text, parse_float=Decimal)

    def __repr__(self) -> str:
        request = self.response.request
        sent = request.content[:300] if hasattr(request, "_content") else b"<streamed>"
        return (
            f"{request.method} {request.url} {sent!r} -> {self.status} "
            f"{self.headers.get('content-type')} {self.response.text[:600]}"
        )

    def must(self, *statuses: int) -> Answer:
        """Check the status and return itself."""
        assert self.status in statuses, f"not {statuses}: {self!r}"
        return self

    def refused(self, *statuses: int, field: str = "") -> Answer:
        """Check for a problem document with one of these statuses, naming the field when one is given."""
        self.must(*statuses)
        assert self.headers.get("content-type", "").partition(";")[0] == PROBLEM, repr(self)
        if self.response.request.method != "HEAD":
            body = self.json
            assert isinstance(body, dict), repr(self)
            assert body.get("status", self.status) == self.status, repr(self)
            assert field in self.response.text, f"{field} is not named: {self!r}"
        return self


class Api:
    """Calls of one service. An answer of 500 and above fails where it happens."""

    def __init__(self, url: str, log: Path) -> None:
        self.http = httpx.Client(base_url=url, timeout=20)
        self._log = log

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | bytes | None = None,
        content_type: str | None = "application/json",
        roles: tuple[str, ...] | None = None,
        bearer: str | None = None,
        query: dict[str, str] | None = None,
        **params: Any,
    ) -> Answer:
        """Send a request; `raw` goes as it is, `body` as JSON, and neither sends no body."""
        sent: dict[str, str] = {}
        content = json.dumps(body, default=_plain).encode() if raw is None and body is not None else raw
        if content is not None and content_type is not None:
            sent["content-type"] = content_type
        if roles is not None:
            sent["authorization"] = f"Bearer {token(*roles)}"
        if bearer is not None:
            sent["authorization"] = bearer
        asked = {key: str(each).lower() if isinstance(each, bool) else each for key, each in params.items()}
        asked |= query or {}
        response = self.http.request(method, path, content=content, headers=sent, params=asked or None)
        answer = Answer(response)
        if answer.status >= 500:
            raise AssertionError(f"{answer!r}\n{self._log.read_text(errors='replace')[-2500:]}")
        if answer.status >= 400 and method != "HEAD":
            answer.refused(answer.status)
        return answer

    def get(self, path: str, **rest: Any) -> Answer:
        """Send GET."""
        return self.call("GET", path, **rest)

    def post(self, path: str, body: Any = None, **rest: Any) -> Answer:
        """Send POST."""
        return self.call("POST", path, body, **rest)

    def patch(self, path: str, body: Any = None, **rest: Any) -> Answer:
        """Send PATCH as a merge patch."""
        return self.call("PATCH", path, body, **{"content_type": "application/merge-patch+json", **rest})

    def delete(self, path: str, **rest: Any) -> Answer:
        """Send DELETE."""
        return self.call("DELETE", path, **rest)

    def make(self, path: str, body: Any, **rest: Any) -> dict[str, Any]:
        """Create a resource and return it."""
        made: dict[str, Any] = self.post(path, body, **rest).must(201).json
        return made


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral() else float(value)
    raise TypeError(f"{value!r}")


def is_uuid(value: str) -> bool:
    """Whether it is a UUID in the usual spelling."""
    return str(uuid.UUID(value)) == value
