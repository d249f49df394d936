"""Every type of field: what it takes, how it comes back, how it is searched and sorted."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.tools.stacks.fastapi.services import body

NEEDED: dict[str, Any] = {
    "textNeeded": " as it is ",
    "integerNeeded": 1,
    "numberNeeded": 0.1,
    "moneyNeeded": 1.1,
    "booleanNeeded": False,
    "dateNeeded": "2030-02-28",
    "timestampNeeded": "2030-01-01T00:30:00.25+01:00",
    "emailNeeded": "Ada@Example.com",
    "urlNeeded": "https://example.com/a?b=c#d",
    "uuidNeeded": "6f1c2d3e-0000-4000-8000-00000000000b",
    "choiceNeeded": "so",
}
REFUSED: dict[str, list[Any]] = {
    "text": ["", " ", "\t\n", "\u3000", "\0", "a\ud800", "x" * 10_001, 5, None, ["a"], {}, True],
    "integer": [1.5, "1", True, None, 2**63, -(2**63) - 1, 10**400, [], ""],
    "number": ["1", True, None, [], {}],
    "money": [1.005, 0.001, "1", True, None, 1e13, 1e300, -1e13],
    "boolean": [0, 1, "true", None, []],
    "date": [
        "2030-02-30",
        "20300101",
        "2030-1-1",
        "2030-01-01T00:00:00Z",
        "0000-01-01",
        5,
        None,
        "",
        "\u0662030-01-01",
    ],
    "timestamp": [
        "2030-01-01T00:00:00",
        "2030-01-01",
        "2030-01-01 00:00:00Z",
        "2030-13-01T00:00:00Z",
        5,
        None,
    ],
    "email": [
        "a",
        "a@",
        "@b.cd",
        "a@b",
        "a b@c.de",
        "a@b.cd\n",
        "a@@b.cd",
        "a@b..cd",
        ".a@b.cd",
        5,
        None,
        "",
    ],
    "url": [
        "x",
        "example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https://a b",
        5,
        None,
        "",
    ],
    "uuid": ["x", "6f1c2d3e00004000800000000000000b", "{6f1c2d3e-0000-4000-8000-00000000000b}", 5, None, ""],
    "choice": ["SO", "other", "", 5, None, ["so"]],
}
TAKEN: dict[str, list[tuple[Any, Any]]] = {
    "text": [("x" * 10_000,) * 2, ("'; DROP TABLE samples; --",) * 2, ("{{ 7*7 }} %s \u202e é 🎉",) * 2],
    "integer": [(2**63 - 1,) * 2, (-(2**63),) * 2, (0, 0)],
    "number": [(0.30000000000000004,) * 2, (1e308,) * 2, (-0.0, 0), (5, 5), (5e-324,) * 2],
    "money": [(9999999999999.99,) * 2, (-0.01,) * 2, (0, 0), (1e2, 100), (0.07, 0.07)],
    "date": [("0001-01-01",) * 2, ("9999-12-31",) * 2],
    "timestamp": [("2030-01-01T00:00:00Z",) * 2, ("0001-01-02T00:00:00+14:00", "0001-01-01T10:00:00Z")],
    "email": [("a!#$%&'*+/=?^_`{|}~-.b@x-y.example",) * 2],
    "url": [("HTTP://example.com",) * 2, ("https://a.b:8080/%20?x#y",) * 2],
    "uuid": [("6F1C2D3E-0000-4000-8000-00000000000B", "6f1c2d3e-0000-4000-8000-00000000000b")],
    "choice": [("not so",) * 2],
    "boolean": [(True,) * 2],
}


def create(types: httpx.Client, **more: Any) -> httpx.Response:
    content = json.dumps(NEEDED | more).encode()
    return types.post("/samples", content=content, headers={"Content-Type": "application/json"})


def test_values_come_back_as_given_and_times_in_utc(types: httpx.Client) -> None:
    response = create(types)
    made = body(response)

    assert response.status_code == 201
    assert response.headers["location"] == f"/samples/{made['id']}"
    assert {name: made[name] for name in NEEDED} == NEEDED | {
        "timestampNeeded": "2029-12-31T23:30:00.250000Z"
    }
    assert body(types.get(response.headers["location"])) == made
    assert made["createdAt"] == made["updatedAt"]
    assert made["createdAt"].endswith("Z")
    assert made["textMaybe"] is None


def test_defaults(types: httpx.Client) -> None:
    made = body(create(types))

    assert {name: value for name, value in made.items() if name.endswith("Given")} == {
        "textGiven": "it's {{ 7 * 7 }} \\ %s :name",
        "integerGiven": 5,
        "numberGiven": 1.5,
        "moneyGiven": 9.99,
        "booleanGiven": True,
        "dateGiven": "2030-01-02",
        "timestampGiven": "2030-01-02T01:04:05Z",
        "emailGiven": "ada@example.com",
        "urlGiven": "https://example.com/x",
        "uuidGiven": "6f1c2d3e-0000-4000-8000-00000000000a",
        "choiceGiven": "not so",
    }


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, each) for kind, values in REFUSED.items() for each in values]
)
def test_refused(types: httpx.Client, kind: str, value: Any) -> None:
    response = create(types, **{f"{kind}Needed": value})

    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["field"] == f"{kind}Needed"


@pytest.mark.parametrize(
    ("kind", "value", "shown"), [(kind, *pair) for kind, pairs in TAKEN.items() for pair in pairs]
)
def test_taken(types: httpx.Client, kind: str, value: Any, shown: Any) -> None:
    response = create(types, **{f"{kind}Needed": value})

    assert response.status_code == 201, response.text
    assert response.json()[f"{kind}Needed"] == shown


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e999999999",
        "1e99999999999999999999",
        "9" * 5000,
        "01",
        "+1",
        "0x1",
    ],
)
@pytest.mark.parametrize("kind", ["integer", "number", "money"])
def test_numbers_that_are_none(types: httpx.Client, kind: str, number: str) -> None:
    content = json.dumps(NEEDED).replace(
        f'"{kind}Needed": {NEEDED[f"{kind}Needed"]}', f'"{kind}Needed": {number}'
    )
    assert number in content

    response = types.post("/samples", content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 422, response.text


@pytest.mark.parametrize("number", ["5.0", "5e0", "50e-1", "0.5E1"])
def test_a_whole_number_is_an_integer_however_it_is_written(types: httpx.Client, number: str) -> None:
    content = json.dumps(NEEDED).replace('"integerNeeded": 1', f'"integerNeeded": {number}')

    response = types.post("/samples", content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 201, response.text
    assert response.json()["integerNeeded"] == 5


def test_optional_text_may_be_blank(types: httpx.Client) -> None:
    assert body(create(types, textMaybe=""))["textMaybe"] == ""


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("AB12", 201),
        ("AB123", 201),
        ("AB1", 422),
        ("ABC12", 422),
        ("AB12345", 422),
        ("AB12\n", 422),
        ("xAB12", 422),
    ],
)
def test_a_pattern_holds_for_the_whole_value_and_lengths_too(
    types: httpx.Client, value: str, status: int
) -> None:
    assert create(types, exact=value).status_code == status


def test_a_pattern_cannot_hold_up_the_service(types: httpx.Client) -> None:
    response = create(types, evil="a" * 5000)

    assert response.status_code == 422
    assert response.elapsed.total_seconds() < 2
    assert create(types, evil="aaaab").status_code == 201


@pytest.mark.parametrize(("value", "status"), [(0.5, 201), (-0.5, 201), (0.51, 422), (-0.500001, 422)])
def test_bounds_are_inclusive(types: httpx.Client, value: float, status: int) -> None:
    assert create(types, half=value).status_code == status


@pytest.mark.parametrize("name", NEEDED)
def test_filters(types: httpx.Client, name: str) -> None:
    values = {
        "textNeeded": "only & this",
        "integerNeeded": -77,
        "numberNeeded": 12.125,
        "moneyNeeded": 77.7,
        "booleanNeeded": True,
        "dateNeeded": "1999-01-01",
        "timestampNeeded": "1999-01-01T00:00:00Z",
        "emailNeeded": "only@this.example",
        "urlNeeded": "https://only.this/",
        "uuidNeeded": "77777777-0000-4000-8000-00000000000b",
        "choiceNeeded": "not so",
    }
    made = body(create(types, **{name: values[name]}))
    create(types)
    asked = json.dumps(values[name]).strip('"')

    found = body(types.get("/samples", params={name: asked, "limit": "200"}))

    assert made["id"] in [each["id"] for each in found["items"]]
    assert {each[name] for each in found["items"]} == {values[name]}


@pytest.mark.parametrize(
    "query",
    [
        "integerNeeded=a", "integerNeeded=1.5", "integerNeeded=", "integerNeeded=9223372036854775808", "numberNeeded=x",
        "numberNeeded=1e400", "moneyNeeded=1.001", "booleanNeeded=1", "booleanNeeded=True", "dateNeeded=1",
        "timestampNeeded=2030-01-01T00:00:00", "uuidNeeded=1", "choiceNeeded=x", "textNeeded=%00", "textNeeded=%ff",
        "textNeeded=a&textNeeded=b", "unknown=1", "limit=0", "limit=201", "limit=x", "limit=1.0", "limit=1&limit=1",
        "limit=%D9%A1", "offset=-1", "offset=9223372036854775808", "sort=id", "sort=", "sort=--textMaybe", "evil=a",
        "&".join(f"x{each}=1" for each in range(200)), "textNeeded=" + "x" * 10_001,
    ],
)  # fmt: skip
def test_queries_that_are_refused(types: httpx.Client, query: str) -> None:
    response = types.get(f"/samples?{query}")

    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_pages_are_oldest_first_and_count_all(types: httpx.Client) -> None:
    ids = [body(create(types, integerNeeded=4242))["id"] for _ in range(5)]

    first = body(types.get("/samples?integerNeeded=4242&limit=2"))
    rest = body(types.get("/samples?integerNeeded=4242&limit=200&offset=2"))
    beyond = body(types.get("/samples?integerNeeded=4242&offset=9223372036854775807"))

    assert [each["id"] for each in first["items"] + rest["items"]] == ids
    assert first["total"] == rest["total"] == beyond["total"] == 5
    assert beyond["items"] == []


SORTED: dict[str, list[Any]] = {
    "text": ["B", "a", "á"],
    "integer": [-(2**63), 9, 10],
    "number": [-1e308, 0.5, 1e10],
    "money": [-1.5, 2, 10.01],
    "boolean": [False, True],
    "date": ["0001-01-01", "2030-01-01"],
    "timestamp": ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000001Z"],
    "choice": ["not so", "so"],
}


@pytest.mark.parametrize("kind", SORTED)
def test_sorts_both_ways_equal_ones_oldest_first_and_null_last(types: httpx.Client, kind: str) -> None:
    name, values = f"{kind}Maybe", SORTED[kind]
    mark = f"sorted by {kind}"
    for value in [None, *reversed(values), values[0]]:
        create(types, textNeeded=mark, **{name: value})

    up = body(types.get("/samples", params={"textNeeded": mark, "sort": name}))["items"]
    down = body(types.get("/samples", params={"textNeeded": mark, "sort": f"-{name}"}))["items"]

    assert [each[name] for each in up] == [values[0], *values, None]
    assert [each[name] for each in down] == [*reversed(values), values[0], None]
    for items in (up, down):
        same = [each["createdAt"] for each in items if each[name] == values[0]]
        assert same == sorted(same)


def test_a_merge_patch_changes_what_it_names(types: httpx.Client) -> None:
    made = body(create(types, textMaybe="x", integerMaybe=5))
    path = f"/samples/{made['id']}"
    kind = {"Content-Type": "application/merge-patch+json"}

    changed = body(types.patch(path, content='{"textMaybe": null, "moneyNeeded": 2.5}', headers=kind))

    assert changed["updatedAt"] > made["updatedAt"]
    assert changed == made | {"textMaybe": None, "moneyNeeded": 2.5, "updatedAt": changed["updatedAt"]}
    assert body(types.get(path)) == changed


def test_an_empty_patch_changes_nothing(types: httpx.Client) -> None:
    made = body(create(types))

    assert body(types.patch(f"/samples/{made['id']}", json={})) == made
    assert body(types.patch(f"/samples/{made['id']}")) == made


@pytest.mark.parametrize(
    "name", ["textNeeded", "textGiven", "booleanGiven", "id", "createdAt", "updatedAt", "nothing"]
)
def test_patches_that_are_refused(types: httpx.Client, name: str) -> None:
    made = body(create(types))

    response = types.patch(f"/samples/{made['id']}", json={name: None, "integerMaybe": 5})

    assert response.status_code == 422
    assert body(types.get(f"/samples/{made['id']}")) == made
