"""Bounded, seeded nonsense: nothing is a 500, and every refusal is a problem document."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.acceptance.client import NOWHERE, Api
from tests.acceptance.conftest import Deliver
from tests.acceptance.story_files import NAMES

REQUESTS = 150
SEED = 20260102
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    0.1,
    1.005,
    1e308,
    2**63,
    -(2**63) - 1,
    10**50,
    "",
    " ",
    "x",
    "x" * 10_001,
    "\u0000",
    "\ud800",
    "\U0001f600",
    "2024-02-30",
    "2024-01-01",
    "0000-00-00",
    "9999-12-31T23:59:60+23:59",
    "0001-01-01T00:00:00+14:00",
    "2024-01-01T00:00:00Z",
    "a@b.example",
    "http://[::1",
    "https://example.com",
    NOWHERE,
    "AB-123",
    "draft",
    [],
    {},
    [None],
    {"id": 1},
)
WORDS = (
    *(f"{each}" for each in VALUES if isinstance(each, str | int) and len(str(each)) < 60),
    "-total",
    "%",
    "asc",
)


@pytest.fixture(params=NAMES)
def api(request: pytest.FixtureRequest, service: Deliver) -> Iterator[Api]:
    running = service(request.param)
    client = Api(running.url, running.log)
    yield client
    client.http.close()


def _known(api: Api) -> tuple[list[str], list[str], list[str]]:
    contract = yaml.safe_load(api.get("/openapi.yaml").must(200).response.text)
    names: set[str] = set()
    for schema in contract["components"]["schemas"].values():
        names |= set(schema.get("properties", {}))
    ids = [NOWHERE, "x", "%00"]
    for path, item in contract["paths"].items():
        if "{" not in path and "get" in item:
            answer = api.get(path)
            if answer.headers["content-type"].startswith("application/json"):
                body = answer.json
                ids += [each["id"] for each in body.get("items", [])[:5]] if isinstance(body, dict) else []
    return list(contract["paths"]), sorted(names), ids


def _body(dice: random.Random, names: list[str]) -> bytes:
    body = {dice.choice(names): dice.choice(VALUES) for _ in range(dice.randrange(7))}
    text = json.dumps(body).encode()
    if dice.random() < 0.1:
        cut = dice.randrange(len(text))
        text = text[:cut] + bytes([dice.randrange(256)]) + text[cut + 1 :]
    return text


def test_nothing_is_a_500(api: Api) -> None:
    dice = random.Random(SEED)
    paths, names, ids = _known(api)
    roles = ("admin", "clerk", "keeper", "accountant", "librarian", "dispatcher")
    for _ in range(REQUESTS):
        path = "/".join(dice.choice(ids) if "{" in each else each for each in dice.choice(paths).split("/"))
        method = dice.choice(("GET", "POST", "POST", "POST", "PATCH", "PATCH", "DELETE", "PUT"))
        query = {}
        if dice.random() < 0.3:
            keys = (*names, "limit", "offset", "sort")
            query = {dice.choice(keys): dice.choice(WORDS) for _ in range(2)}
        answer = api.call(
            method,
            path,
            raw=_body(dice, names) if method in ("POST", "PATCH", "PUT") else None,
            content_type=dice.choice(
                ("application/json",) * 8 + ("text/plain", "application/merge-patch+json")
            ),
            roles=roles if dice.random() < 0.8 else None,
            query={key: value.encode("utf-8", "replace").decode() for key, value in query.items()},
        )
        assert answer.status < 500
    api.get("/readyz").must(200)
