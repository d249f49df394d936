"""What holds for every resource, whatever it is."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.bodies import RESOURCES, Resource
from tests.support import ROOT, Api, accepted, moment, refused

NOWHERE = "6f1c2d3e-0000-4000-8000-00000000dead"
READ_ONLY = {
    "id": NOWHERE,
    "createdAt": "2030-01-31T12:00:00Z",
    "updatedAt": "2030-01-31T12:00:00Z",
}
NO_OBJECTS = {
    "nothing": b"",
    "malformed": b'{"a": ',
    "an array": b"[]",
    "a text": b'"text"',
    "null": b"null",
    "not UTF-8": b'{"a": "\xff"}',
    "infinite": b'{"a": Infinity}',
}


def resources(*operations: str) -> pytest.MarkDecorator:
    """Run a test for each resource that offers the operations."""
    found = [each for each in RESOURCES if each.operations.issuperset(operations)]
    return pytest.mark.parametrize("resource", found, ids=[each.path for each in found])


@resources("create")
def test_unknown_members_are_refused(api: Api, resource: Resource) -> None:
    refused(api.post(resource.path, resource.body(api, {"surplus": 1})), 422, "surplus")


@resources("create")
@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_members_are_refused(api: Api, resource: Resource, name: str) -> None:
    refused(api.post(resource.path, resource.body(api, {name: READ_ONLY[name]})), 422, name)


@resources("create", "update")
@pytest.mark.parametrize("name", ["surplus", *READ_ONLY])
def test_an_update_refuses_them_too(api: Api, resource: Resource, name: str) -> None:
    made = resource.make(api)

    response = api.patch(f"{resource.path}/{made['id']}", {name: READ_ONLY.get(name)})

    refused(response, 422, name)


@resources("create")
@pytest.mark.parametrize("content", NO_OBJECTS.values(), ids=NO_OBJECTS)
def test_a_body_must_be_an_object(api: Api, resource: Resource, content: bytes) -> None:
    response = api.send("POST", resource.path, content=content, kind="application/json")

    if content or resource.needs_body:
        refused(response, 422)
    else:
        accepted(response, 201)


@resources("create")
def test_another_content_type_is_refused(api: Api, resource: Resource) -> None:
    refused(api.send("POST", resource.path, content=b"{}", kind="text/plain"), 415)


@resources("create")
def test_a_compressed_body_is_refused(api: Api, resource: Resource) -> None:
    kind, encoding = "application/json", "gzip"

    refused(api.send("POST", resource.path, content=b"{}", kind=kind, encoding=encoding), 415)


@resources("create")
def test_a_body_of_more_than_a_megabyte_is_refused(api: Api, resource: Resource) -> None:
    largest = b'{"a": "' + b"x" * (1_000_000 - 9) + b'"}'

    for content, status in ((largest, 422), (largest + b" ", 413)):
        response = api.send("POST", resource.path, content=content, kind="application/json")
        refused(response, status)


@resources("create", "update")
def test_an_update_takes_json_and_merge_patches(api: Api, resource: Resource) -> None:
    path = f"{resource.path}/{resource.make(api)['id']}"

    for kind in ("application/json", "application/merge-patch+json"):
        accepted(api.send("PATCH", path, content=b"{}", kind=kind))
    refused(api.send("PATCH", path, content=b"{}", kind="text/plain"), 415)


@resources("create")
def test_a_new_resource_knows_when_it_was_made(api: Api, resource: Resource) -> None:
    first, second = resource.make(api), resource.make(api)

    assert first["createdAt"] == first["updatedAt"]
    assert moment(first["createdAt"]) < moment(second["createdAt"]) <= dt.datetime.now(dt.UTC)


@resources("list")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "many"),
        ("offset", "-1"),
        ("surplus", "1"),
        ("offset", str(2**63)),
    ],
)
def test_bad_query_parameters_are_refused(
    api: Api, resource: Resource, name: str, value: str
) -> None:
    refused(api.get(resource.path, {name: value}), 422, name)


@resources("list")
@pytest.mark.parametrize(
    "query", [{"limit": 1}, {"limit": 200}, {"offset": 0}, {"offset": 2**63 - 1}]
)
def test_paging_takes_its_bounds(api: Api, resource: Resource, query: dict[str, int]) -> None:
    assert accepted(api.get(resource.path, query)) == {"items": [], "total": 0}


@resources("list")
def test_head_is_offered_where_get_is(api: Api, resource: Resource) -> None:
    got, head = api.get(resource.path), api.send("HEAD", resource.path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_an_unknown_path_is_a_problem(api: Api) -> None:
    refused(api.get("/nowhere"), 404)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_service_says_that_it_is_well(api: Api, path: str) -> None:
    assert accepted(api.get(path)) == {"status": "ok"}


def test_requests_are_counted(api: Api) -> None:
    api.get("/healthz")

    assert "http_requests_total" in api.get("/metrics").text


def test_the_contract_is_served(api: Api) -> None:
    response = api.get("/openapi.yaml")

    assert response.text == (ROOT / "openapi.yaml").read_text("utf-8")
    assert response.headers["content-type"].startswith("application/yaml")
