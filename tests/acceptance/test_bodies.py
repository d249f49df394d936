"""What every delivered resource says of the bodies it is sent."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.acceptance.client import Api
from tests.acceptance.conftest import Deliver
from tests.acceptance.resources import RESOURCES, Resource


@pytest.fixture(
    scope="module", params=RESOURCES, ids=lambda each: f"{each.story.partition('.')[0]}{each.path}"
)
def resource(request: pytest.FixtureRequest) -> Resource:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def api(resource: Resource, service: Deliver) -> Iterator[Api]:
    running = service(resource.story)
    client = Api(running.url, running.log)
    yield client
    client.http.close()


def test_a_patch_changes_only_what_it_names(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    same = api.patch(path, {}).must(200).json
    assert {**same, "updatedAt": ""} == {**made, "updatedAt": ""}
    time.sleep(0.01)
    for kind in ("application/merge-patch+json", "application/json", "application/json; charset=utf-8"):
        value = f"{kind[-5:]}-new"
        changed = api.patch(path, {resource.text: value}, content_type=kind).must(200).json
        assert {**changed, "updatedAt": ""} == {**made, "updatedAt": "", resource.text: value}
        assert changed["createdAt"] == made["createdAt"]
        assert datetime.fromisoformat(changed["updatedAt"]) > datetime.fromisoformat(made["updatedAt"])
        assert api.get(path).must(200).json == changed


def test_a_patch_may_clear_what_is_optional(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    api.patch(path, {resource.text: None}).refused(422, field=resource.text)
    if resource.defaulted:
        api.patch(path, {resource.defaulted: None}).refused(422, field=resource.defaulted)
        api.post(resource.path, resource.body(api) | {resource.defaulted: None}).refused(
            422, field=resource.defaulted
        )
    if resource.optional:
        assert api.patch(path, {resource.optional: "x"}).must(200).json[resource.optional] == "x"
        assert api.patch(path, {resource.optional: None}).must(200).json[resource.optional] is None
        assert api.patch(path, {resource.optional: ""}).must(200).json[resource.optional] == ""
    assert api.get(path).must(200).json["id"] == made["id"]


def test_a_refused_patch_changes_nothing(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    for name, value in (("unknown", 1), ("id", made["id"])):
        api.patch(path, {resource.text: "new", name: value}).refused(422)
    for raw in ("[]", '"x"', "5", "true", "null"):
        api.patch(path, raw=raw).refused(422)
    assert api.get(path).must(200).json == made


@pytest.mark.parametrize("name", ["id", "createdAt", "updatedAt"])
def test_read_only_fields_are_422(api: Api, resource: Resource, name: str) -> None:
    path, made = resource.make(api)
    api.post(resource.path, resource.body(api) | {name: made[name]}).refused(422, field=name)
    api.patch(path, {name: made[name]}).refused(422, field=name)
    api.patch(path, {name: None}).refused(422, field=name)


@pytest.mark.parametrize("name", ["unknown", "", " ", "__proto__", "created_at", "$where", "ID", "é", "a.b"])
def test_unknown_fields_are_422(api: Api, resource: Resource, name: str) -> None:
    path, _ = resource.make(api)
    api.post(resource.path, resource.body(api) | {name: 1}).refused(422)
    api.patch(path, {name: 1}).refused(422)


def test_each_required_field_is_required(api: Api, resource: Resource) -> None:
    body: dict[str, Any] = resource.body(api)
    for name in body:
        api.post(resource.path, {key: value for key, value in body.items() if key != name}).refused(
            422, field=name
        )
        api.post(resource.path, body | {name: None}).refused(422, field=name)
        api.post(resource.path, body | {name: {}}).refused(422, field=name)
        api.post(resource.path, body | {name: []}).refused(422, field=name)
    api.post(resource.path, {}).refused(422)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "{",
        "}",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a" 1}',
        "nul",
        "null",
        "true",
        "7",
        '"text"',
        "[]",
        "[{}]",
        "{}{}",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 01}',
        '{"a": "\t"}',
        '{"a": "\\x"}',
        '{"a": "unterminated',
        b"\xff\xfe{}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"a": ' + "9" * 6000 + "}",
        "// comment\n{}",
    ],
    ids=lambda each: repr(each)[:20],
)
def test_malformed_json_is_422(api: Api, resource: Resource, raw: str | bytes) -> None:
    api.post(resource.path, raw=raw).refused(422)


def test_json_in_other_dress(api: Api, resource: Resource) -> None:
    body = json.dumps(resource.body(api))
    api.post(resource.path, raw=f"\r\n\t {body} \n").must(201)
    text = json.dumps(resource.body(api)).encode()
    for encoded in (
        b"\xef\xbb\xbf" + text,
        text.decode().encode("utf-16"),
        text.decode().encode("utf-32-le"),
    ):
        api.post(resource.path, raw=encoded).must(201, 422)
    doubled = json.dumps(resource.body(api))[:-1] + f', "{resource.text}": "second"}}'
    api.post(resource.path, raw=doubled).must(201, 422)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "json",
        "application/vnd.api+json",
    ],
)
def test_another_content_type_is_415(api: Api, resource: Resource, kind: str) -> None:
    path, _ = resource.make(api)
    api.post(resource.path, resource.body(api), content_type=kind).refused(415)
    api.patch(path, {}, content_type=kind).refused(415)


def test_content_types_in_other_spellings(api: Api, resource: Resource) -> None:
    for kind in (
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        "application/json ; charset=utf-8",
    ):
        api.post(resource.path, resource.body(api), content_type=kind).must(201)
    api.post(resource.path, resource.body(api), content_type=None).must(201, 415)


def test_a_body_over_1_mb_is_413(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    huge = {**resource.body(api), resource.text: "x" * 1_100_000}
    api.post(resource.path, huge).refused(413)
    api.patch(path, {resource.text: "x" * 1_100_000}).refused(413)
    large = {**resource.body(api), resource.text: "x" * 900_000}
    api.post(resource.path, large).refused(422, field=resource.text)
    api.post(resource.path, raw=json.dumps(resource.body(api)) + " " * 900_000).must(201)
    assert api.get(path).must(200).json == made


def test_a_streamed_body_over_1_mb_is_413(api: Api, resource: Resource) -> None:
    chunks = (b" " * 100_000 for _ in range(12))
    response = api.http.post(resource.path, content=chunks, headers={"content-type": "application/json"})
    assert response.status_code == 413, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    api.get(resource.path, limit=1).must(200)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE orders; --",
        "{{7*7}} ${7*7} %s %(x)s {0}",
        "../../etc/passwd",
        "  kept \t as is\n ",
        "e\u0301 is not \u00e9",
        "\u202eright to left\u202c",
        "\U0001f469\u200d\U0001f469",
        "\u0001\u001f\u007f",
        "\ufeffbom",
        "\\u0000",
        "null",
        "1e5",
        "a\u2028b\u2029c",
        '"quoted" \\ back',
    ],
)
def test_text_is_never_interpreted(api: Api, resource: Resource, text: str) -> None:
    path, _ = resource.make(api)
    assert api.patch(path, {resource.text: text}).must(200).json[resource.text] == text
    assert api.get(path).must(200).json[resource.text] == text


@pytest.mark.parametrize(
    "text", ["\\u0000", "a\\u0000b", "\\ud800", "a\\udc00", "\\udc00\\ud800", "\\ud83dx"]
)
def test_nul_and_lone_surrogates_are_422(api: Api, resource: Resource, text: str) -> None:
    path, made = resource.make(api)
    for name in {resource.text, resource.optional or resource.text}:
        api.patch(path, raw=f'{{"{name}": "{text}"}}').refused(422, field=name)
    api.patch(path, raw=f'{{"{text}": "x"}}').refused(422)
    api.patch(path, raw=f'{{"x": {{"{text}": ["{text}"]}}}}').refused(422)
    assert api.get(path).must(200).json == made


def test_a_surrogate_pair_is_one_character(api: Api, resource: Resource) -> None:
    path, _ = resource.make(api)
    assert (
        api.patch(path, raw=f'{{"{resource.text}": "\\ud83d\\ude00"}}').must(200).json[resource.text]
        == "\U0001f600"
    )


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0", "\u2003\u3000"])
def test_blank_required_text_is_422(api: Api, resource: Resource, text: str) -> None:
    if resource.text == resource.defaulted:
        pytest.skip("a text with a default is not required")
    path, _ = resource.make(api)
    api.patch(path, {resource.text: text}).refused(422, field=resource.text)
    api.post(resource.path, resource.body(api) | {resource.text: text}).refused(422, field=resource.text)


def test_text_has_a_longest(api: Api, resource: Resource) -> None:
    path, _ = resource.make(api)
    for letter in ("x", "é", "\U0001f600"):
        longest = letter * resource.longest
        assert api.patch(path, {resource.text: longest}).must(200).json[resource.text] == longest
        api.patch(path, {resource.text: longest + letter}).refused(422, field=resource.text)
    if resource.optional:
        api.patch(path, {resource.optional: "x" * 10_000}).must(200)
        api.patch(path, {resource.optional: "x" * 10_001}).refused(422, field=resource.optional)


@pytest.mark.parametrize("value", [1, 1.5, True, ["x"], {"x": "y"}, 0])
def test_text_is_a_string(api: Api, resource: Resource, value: Any) -> None:
    path, _ = resource.make(api)
    api.patch(path, {resource.text: value}).refused(422, field=resource.text)


def test_bodies_where_none_belongs(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    assert api.call("GET", path, {"x": 1}).must(200).json == made
    packed = gzip.compress(json.dumps(resource.body(api)).encode())
    api.post(resource.path, raw=packed).refused(422)
    api.call("DELETE", path, {"x": 1}).must(204, 422)
