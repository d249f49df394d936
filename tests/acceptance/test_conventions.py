"""What every delivered resource promises, whatever its story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.client import NOWHERE, Api, is_uuid
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


def test_created_is_201_with_location_and_the_usual_fields(api: Api, resource: Resource) -> None:
    body = resource.body(api)
    before = datetime.now(UTC) - timedelta(seconds=1)
    answer = api.post(resource.path, body).must(201)
    made = answer.json
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert answer.headers["location"].endswith(f"{resource.path}/{made['id']}")
    assert is_uuid(made["id"])
    for name in ("createdAt", "updatedAt"):
        moment = datetime.fromisoformat(made[name])
        assert moment.utcoffset() == timedelta(0)
        assert before <= moment <= datetime.now(UTC) + timedelta(seconds=1)
    assert {key: made[key] for key in body} == pytest.approx(body) or made | body == made
    assert api.get(f"{resource.path}/{made['id']}").must(200).json == made


def test_get_of_what_is_not_there_is_404(api: Api, resource: Resource) -> None:
    ids = [
        NOWHERE,
        "1",
        "nonsense",
        "%00",
        "%ff",
        "null",
        "-",
        "a" * 3000,
        "..%2f..%2fetc",
        "%20",
        "{}",
        "0" * 36,
    ]
    for each in ids:
        api.get(f"{resource.path}/{each}").refused(404)
        api.delete(f"{resource.path}/{each}").refused(404)
        api.patch(f"{resource.path}/{each}", {}).refused(404)
        api.patch(f"{resource.path}/{each}", {"unknown": 1}).refused(404)


def test_an_unknown_path_is_404(api: Api, resource: Resource) -> None:
    path, _ = resource.make(api)
    api.get("/nothing-here").refused(404)
    api.get(f"{path}/nothing-here").refused(404)
    api.post(f"{path}/nothing-here", {}).refused(404, 405)


def test_the_list_is_paged_oldest_first(api: Api, resource: Resource) -> None:
    before = api.get(resource.path).must(200).json["total"]
    made = [resource.make(api)[1]["id"] for _ in range(3)]
    page = api.get(resource.path, limit=200, offset=before).must(200).json
    assert set(page) == {"items", "total"}
    assert page["total"] == before + 3
    assert [each["id"] for each in page["items"]] == made
    assert [
        each["id"] for each in api.get(resource.path, limit=1, offset=before + 1).must(200).json["items"]
    ] == made[1:2]
    beyond = api.get(resource.path, offset=before + 3).must(200).json
    assert (beyond["items"], beyond["total"]) == ([], before + 3)


def test_limit_is_50_unless_said(api: Api, resource: Resource) -> None:
    if resource.path != "/depots":
        pytest.skip("one resource is enough")
    for _ in range(52):
        resource.make(api)
    assert len(api.get(resource.path).must(200).json["items"]) == 50
    assert len(api.get(resource.path, limit=51).must(200).json["items"]) == 51


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=abc",
        "limit=",
        "limit=1.5",
        "limit=1_0",
        "limit=%D9%A5",
        "limit=1e1",
        "limit=99999999999999999999999",
        "limit=null",
        "offset=-1",
        "offset=x",
        "offset=",
        "offset=%00",
        "sort=",
        "sort=nonsense",
        "sort=-",
        "sort=id;drop",
        "sort=%00",
        "unknown=1",
        "Limit=1",
        "id=1",
        "%00=1",
        "_=",
    ],
)
def test_bad_queries_are_422(api: Api, resource: Resource, query: str) -> None:
    api.get(f"{resource.path}?{query}").refused(422)


def test_odd_but_fine_queries(api: Api, resource: Resource) -> None:
    for query in ("", "limit=1", "limit=200", "offset=0", "limit=200&offset=1000000"):
        api.get(f"{resource.path}?{query}").must(200)
    for query in (
        "limit=1&limit=2",
        "offset=9223372036854775808",
        f"offset={10**40}",
        "limit=007",
        "limit=%2B5",
    ):
        api.get(f"{resource.path}?{query}").must(200, 422)
    if resource.filters:
        api.get(resource.path, **{resource.filters: "x"}).refused(422)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_on_a_collection_are_405(api: Api, resource: Resource, method: str) -> None:
    answer = api.call(method, resource.path, None if method == "DELETE" else {}).refused(405)
    assert {"GET", "POST"} <= {each.strip() for each in answer.headers["allow"].split(",")}


def test_other_methods_on_a_resource_are_405(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    for method in ("PUT", "POST"):
        answer = api.call(method, path, {}).refused(405)
        assert {"GET", "PATCH", "DELETE"} <= {each.strip() for each in answer.headers["allow"].split(",")}
    for method in ("TRACE", "PROPFIND"):
        api.call(method, path).refused(405, 501, 400)
    for method in ("HEAD", "OPTIONS"):
        for where in (path, resource.path):
            answer = api.call(method, where)
            answer.must(200, 204, 405)
            assert method != "HEAD" or answer.response.content == b""
    assert api.get(path).must(200).json == made


def test_deleted_is_gone(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    before = api.get(resource.path, limit=1).must(200).json["total"]
    answer = api.delete(path).must(204)
    assert answer.response.content == b""
    for method in ("GET", "DELETE", "PATCH"):
        api.call(method, path, {} if method == "PATCH" else None).refused(404)
    assert api.get(resource.path, limit=1).must(200).json["total"] == before - 1
    assert made["id"] not in api.get(resource.path, limit=200).must(200).response.text


def test_open_operations_ask_for_no_token(api: Api, resource: Resource) -> None:
    path, made = resource.make(api)
    for bearer in ("Bearer nonsense", "Basic eDp5", "", "Bearer"):
        assert api.get(path, bearer=bearer).must(200).json == made


def test_head_is_get_without_a_body(api: Api, resource: Resource) -> None:
    path, _ = resource.make(api)
    for place, status in (
        (path, 200),
        (resource.path, 200),
        (f"{resource.path}/{NOWHERE}", 404),
        ("/healthz", 200),
    ):
        got, head = api.call("GET", place).must(status), api.http.head(place)
        assert (head.status_code, head.content) == (status, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert head.headers["content-type"] == got.headers["content-type"]


def test_compressed_bodies_are_415(api: Api, resource: Resource) -> None:
    for encoding in ("gzip", "br", "GZIP", "identity, gzip", "x"):
        headers = {"content-type": "application/json", "content-encoding": encoding}
        assert api.http.post(resource.path, content=b"{}", headers=headers).status_code == 415
