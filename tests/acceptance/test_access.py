"""Tokens: what counts as one, and what comes before what."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.acceptance.client import NOWHERE, Api, fresh, token

STORY = "checkout.yaml"


def body() -> dict[str, Any]:
    return {"code": f"JWT-{fresh()}", "percent": 5, "expiryDate": "2090-01-01"}


def part(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


GOOD = token("admin")
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")
FORGED = part({"roles": ["admin"], "exp": int(time.time()) + 600})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer ..",
        f"Bearer {HEAD}.{PAYLOAD}",
        f"Bearer {HEAD}.{PAYLOAD}.",
        f"Bearer {HEAD}.{FORGED}.{SIGNATURE}",
        f"Bearer {part({'alg': 'none'})}.{PAYLOAD}.",
        f"Bearer {part({'alg': 'none', 'typ': 'JWT'})}.{PAYLOAD}.{SIGNATURE}",
        f"Bearer {token('admin', algorithm='none')}",
        f"Bearer {token('admin', algorithm='HS512')}",
        f"Bearer {token('admin', algorithm='HS384')}",
        f"Bearer {token('admin', secret='another secret that is also long enough')}",
        f"Bearer {token('admin', secret='')}",
        f"Bearer {token('admin', expires_in=-3600)}",
        f"Bearer {token('admin', claims={'exp': 'tomorrow'})}",
        f"Bearer {GOOD} {GOOD}",
        f"Bearer {GOOD}x",
        f"Basic {GOOD}",
        f"Token {GOOD}",
        GOOD,
        "Bearer " + "x" * 6000,
        "Bearer \u00e9".encode("latin-1").decode("latin-1"),
    ],
    ids=lambda each: each[:40] or "empty",
)
def test_bad_tokens_are_401(api: Api, header: str) -> None:
    answer = api.http.post(
        "/discount-codes", json=body(), headers=[(b"authorization", header.encode("latin-1"))]
    )
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "roles", [[], ["clerk"], ["Admin"], ["ADMIN"], ["admin "], ["administrator"], ["a", "b"]]
)
def test_other_roles_are_403(api: Api, roles: list[str]) -> None:
    api.post("/discount-codes", body(), roles=tuple(roles)).refused(403)


@pytest.mark.parametrize("roles", ["admin", None, 5, {"admin": True}, [["admin"]], [None], [5], True])
def test_roles_that_are_no_list_of_names_are_refused(api: Api, roles: Any) -> None:
    answer = api.post("/discount-codes", body(), bearer=f"Bearer {token(claims={'roles': roles})}")
    answer.refused(401, 403)


@pytest.mark.parametrize(
    "claims", [{"sub": None}, {"sub": 5}, {"iat": 0}, {"extra": {"a": [1]}}, {"aud": "x"}, {"iss": "y"}]
)
def test_other_claims_do_not_matter_or_spoil_the_token(api: Api, claims: dict[str, Any]) -> None:
    answer = api.post("/discount-codes", body(), bearer=f"Bearer {token('admin', claims=claims)}")
    answer.must(201, 401)


def test_good_tokens(api: Api) -> None:
    api.post("/discount-codes", body(), bearer=f"Bearer {token('admin')}").must(201)
    api.post("/discount-codes", body(), bearer=f"Bearer {token('clerk', 'admin', 'x')}").must(201)
    api.post("/discount-codes", body(), bearer=f"Bearer {token('admin', expires_in=None)}").must(201)
    api.post("/discount-codes", body(), bearer=f"bearer {token('admin')}").must(201, 401)


def test_access_comes_before_everything_else(api: Api) -> None:
    for raw, kind in (
        ("{", "application/json"),
        ("{}", "text/plain"),
        ('{"percent": 0}', "application/json"),
    ):
        api.post("/discount-codes", raw=raw, content_type=kind).refused(401, 415)
    api.post("/discount-codes", raw="{").refused(401)
    api.post("/discount-codes", raw="{", roles=("clerk",)).refused(403)
    for missing in (NOWHERE, "nonsense"):
        api.delete(f"/discount-codes/{missing}").refused(401)
        api.delete(f"/discount-codes/{missing}", roles=("clerk",)).refused(403)
        api.delete(f"/discount-codes/{missing}", roles=("admin",)).refused(404)


def test_reading_is_open(api: Api) -> None:
    made = api.make("/discount-codes", body(), roles=("admin",))
    for header in ("Bearer nonsense", f"Bearer {token('clerk')}", f"Bearer {token('admin', expires_in=-10)}"):
        assert api.get(f"/discount-codes/{made['id']}", bearer=header).must(200).json == made
        api.get("/discount-codes", bearer=header).must(200)


def test_a_refusal_without_a_token_creates_nothing(api: Api) -> None:
    wanted = body()
    before = api.get("/discount-codes").must(200).json["total"]
    api.post("/discount-codes", wanted).refused(401)
    api.post("/discount-codes", wanted, roles=("clerk",)).refused(403)
    assert api.get("/discount-codes").must(200).json["total"] == before
    api.make("/discount-codes", wanted, roles=("admin",))
