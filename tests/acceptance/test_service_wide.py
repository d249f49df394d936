"""What every delivered service has beside its resources, and what was read from its story."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.acceptance.client import Api
from tests.acceptance.conftest import Deliver
from tests.acceptance.delivery import Service
from tests.acceptance.story_files import NAMES

UNCOVERED = {
    "checkout.yaml": ["CHK-1.18"],
    "events.yaml": ["EVT-1.20", "EVT-1.21"],
    "fleet.md": ["FLT-1.19"],
    "hotel.yaml": ["HOT-1.24"],
    "kennel.md": ["KEN-1.23"],
    "library.yaml": ["LIB-2.5"],
    "payroll.md": ["PAY-1.24"],
    "school.yaml": ["SCH-2.12"],
    "warehouse.yaml": ["WH-1.19"],
}
PATHS = {
    "checkout.yaml": {
        "/orders": "get post",
        "/discount-codes/{id}": "get delete",
        "/orders/{id}/apply-discount-code": "post",
    },
    "events.yaml": {"/registrations/{id}": "delete", "/events/{id}/call-off": "post"},
    "fleet.md": {
        "/vehicles/{id}/assign-driver": "post",
        "/drivers/{id}": "get patch",
        "/vehicles/{id}/write-off": "post",
    },
    "hotel.yaml": {"/bills/{id}/spend-voucher": "post", "/bills/{id}/tax": "post"},
    "kennel.md": {
        "/dogs/{id}/check-in": "post",
        "/dogs/{id}/pick-up": "post",
        "/kennels/{id}/close-down": "post",
    },
    "library.yaml": {"/shelves/{id}": "get delete", "/reading-groups/{id}/invite-member": "post"},
    "payroll.md": {
        "/payslips/{id}/pay-out": "post",
        "/payslips/{id}/top-up": "post",
        "/employees/{id}": "get patch delete",
    },
    "school.yaml": {"/classes/{id}/return": "post", "/item-updates": "get post"},
    "warehouse.yaml": {"/stock-items/{id}/halve": "post", "/bays/{id}/archive": "post"},
}


@pytest.fixture(scope="module", params=NAMES)
def running(request: pytest.FixtureRequest, service: Deliver) -> Service:
    return service(request.param)


@pytest.fixture(scope="module")
def api(running: Service) -> Iterator[Api]:
    client = Api(running.url, running.log)
    yield client
    client.http.close()


def test_prose_and_only_prose_is_not_covered(running: Service, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["running"]
    assert list(running.refused) == UNCOVERED[name], running.refused


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(api: Api, path: str) -> None:
    api.get(path).must(200)
    api.post(path, {}).refused(405)
    api.get(path, bearer="Bearer nonsense").must(200)


def test_metrics(api: Api) -> None:
    answer = api.get("/metrics").must(200)
    assert answer.headers["content-type"].startswith(("text/plain", "application/openmetrics-text"))
    assert "# TYPE" in answer.response.text


def test_the_contract_is_served(api: Api, request: pytest.FixtureRequest) -> None:
    contract = yaml.safe_load(api.get("/openapi.yaml").must(200).response.text)
    assert str(contract["openapi"]).startswith("3.")
    offered = {
        re.sub(r"\{.*?\}", "{id}", path): set(item) & {"get", "put", "post", "patch", "delete"}
        for path, item in contract["paths"].items()
    }
    for path, methods in PATHS[request.node.callspec.params["running"]].items():
        assert offered[path] == set(methods.split()), path


def test_what_the_contract_lists_answers(api: Api) -> None:
    contract = yaml.safe_load(api.get("/openapi.yaml").must(200).response.text)
    collections = [path for path, item in contract["paths"].items() if "{" not in path and "get" in item]
    assert collections
    for path in collections:
        answer = api.get(path).must(200)
        if answer.headers["content-type"].startswith("application/json") and "items" in answer.response.text:
            assert isinstance(json.loads(answer.response.text)["total"], int)
