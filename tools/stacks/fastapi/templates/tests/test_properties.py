"""What holds for whatever is sent: valid bodies come back as they went, others do no harm."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bodies import RESOURCES, Resource
from tests.strategies import ACTIONS, VALID
from tests.support import Api, Json, Service, accepted, refused
from tests.values import JSON, same


def resources(*operations: str) -> pytest.MarkDecorator:
    """Run a test for each resource that offers the operations."""
    found = [each for each in RESOURCES if each.operations.issuperset(operations)]
    return pytest.mark.parametrize("resource", found, ids=[each.path for each in found])


@resources("create")
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_created_is_shown(service: Service, resource: Resource, data: st.DataObject) -> None:
    api = service.api()
    body = resource.body(api, data.draw(VALID[resource.path]))

    response = api.post(resource.path, body)

    if response.status_code in resource.refusals:
        refused(response, response.status_code)
        return
    made = accepted(response, 201)
    for name in body.keys() - set(resource.moved):
        assert same(body[name], made[name]), name
    assert_shown(api, resource, made)


@resources("create", "update")
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_updated_is_shown(service: Service, resource: Resource, data: st.DataObject) -> None:
    api = service.api()
    made = resource.make(api)
    valid = data.draw(VALID[resource.path])
    body = {name: valid[name] for name in valid if data.draw(st.booleans(), label=name)}

    response = api.patch(f"{resource.path}/{made['id']}", body)

    if response.status_code in resource.refusals:
        refused(response, response.status_code)
        assert_shown(api, resource, made)
        return
    changed = accepted(response)
    for name in made.keys() - {"updatedAt", *resource.moved}:
        assert same(body.get(name, made[name]), changed[name]), name
    assert_shown(api, resource, changed)


@resources("create")
@settings(max_examples=20)
@given(data=st.data())
def test_no_body_breaks_a_create(service: Service, resource: Resource, data: st.DataObject) -> None:
    api = service.api()
    body = data.draw(disturbed(resource.body(api)))

    harmless(api.send("POST", resource.path, content=encoded(body), kind="application/json"))


@resources("create", "update")
@settings(max_examples=15)
@given(data=st.data())
def test_no_body_breaks_an_update(service: Service, resource: Resource, data: st.DataObject) -> None:
    api = service.api()
    made = resource.make(api)
    body = encoded(data.draw(disturbed(resource.body(api))))
    path = f"{resource.path}/{made['id']}"

    harmless(api.send("PATCH", path, content=body, kind="application/json"))


@pytest.mark.parametrize("path, action", ACTIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_no_body_breaks_an_action(service: Service, path: str, action: str, data: st.DataObject) -> None:
    api = service.api()
    made = next(each for each in RESOURCES if each.path == path).make(api)
    body = encoded(data.draw(disturbed(data.draw(ACTIONS[path, action]))))

    harmless(
        api.send(
            "POST", f"{path}/{made['id']}/{action}", content=body, kind="application/json"
        )
    )


@resources("list")
@settings(max_examples=20)
@given(query=st.dictionaries(st.sampled_from(["limit", "offset", "sort"]) | st.text(), st.text()))
def test_no_query_breaks_a_list(service: Service, resource: Resource, query: dict[str, str]) -> None:
    api = service.api()
    harmless(api.get(resource.path, query))


@resources("read")
@settings(max_examples=15)
@given(id_=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_id_breaks_a_read(service: Service, resource: Resource, id_: str) -> None:
    api = service.api()
    path = f"{resource.path}/{''.join(f'%{each:02x}' for each in id_.encode())}"

    harmless(api.get(path))


def disturbed(body: Json) -> st.SearchStrategy[Any]:
    """Return bodies like this one with something else in one or more places, and things like no body."""
    names = st.sampled_from(sorted(body)) if body else st.text()
    changes = st.dictionaries(names | st.text(), JSON, min_size=1, max_size=3)
    return changes.map(lambda changed: body | changed) | JSON


def encoded(body: object) -> bytes:
    """Return the body as JSON, or nearly: infinities and lone surrogates among it."""
    return json.dumps(body).encode()


def harmless(response: httpx.Response) -> None:
    """Check that a request succeeded or was refused in good form."""
    assert response.status_code < 500
    if response.status_code >= 400:
        refused(response, response.status_code)


def assert_shown(api: Api, resource: Resource, made: Json) -> None:
    """Check that a resource is read as it was answered before."""
    if "read" in resource.operations:
        assert accepted(api.get(f"{resource.path}/{made['id']}")) == made
