"""What holds for any request: bodies, paths, methods, and what those who run the service ask it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tools.stacks.fastapi import blueprints, services
from tests.tools.stacks.fastapi.conftest import Make
from tests.tools.stacks.fastapi.services import SECRET, Service, token

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[]", b"null", b"5", b'"x"', b"{}{}", b" ", b"\xff", b'{"customer": "\\ud800"}', b'\xef\xbb\xbf{}',
        b"{'a': 1}",
        b'{"customer": "a@b.cd", "customer": "a@b.cd"}',
        b'{"customer": "a@b.cd", "\\ud800": 1}', b"[" * 100_000,
        b'{"a":' * 100_000, b'{"customer": "a@b.cd", "note": [[[[{"x": "\\u0000"}]]]]}', b'{"customer": "a\x00b"}',
        '{"customer": "a@b.cd"}'.encode("utf-16"), b'{"customer": "a@b.cd", "' + b"x" * 900_000 + b'": 1}',
    ],
)  # fmt: skip
def test_bodies_that_are_refused(shop: httpx.Client, content: bytes) -> None:
    response = shop.post("/orders", content=content, headers=JSON)

    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) < 2000


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 201),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/merge-patch+json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        (";", 415),
    ],
)
def test_content_types(shop: httpx.Client, kind: str, status: int) -> None:
    response = shop.post("/orders", content=b'{"customer": "a@b.cd"}', headers={"Content-Type": kind})

    assert response.status_code == status


@pytest.mark.parametrize("size", [1_000_001, 5_000_000])
def test_large_bodies(shop: httpx.Client, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(size // 100_000):
            yield b" " * 100_000
        yield b" " * (size % 100_000)

    for content in (b" " * size, chunks()):
        response = shop.post("/orders", content=content, headers=JSON)
        assert response.status_code == 413
        assert response.headers["content-type"] == "application/problem+json"
    assert shop.get("/healthz").status_code == 200


def test_a_body_of_a_megabyte_is_read(shop: httpx.Client) -> None:
    content = b'{"customer": "a@b.cd"}'

    assert shop.post("/orders", content=content.ljust(1_000_000), headers=JSON).status_code == 201


@pytest.mark.parametrize(
    "path", ["/", "/orders/", "/order", "/nothing", "/orders/x/y/z", "/docs", "/openapi.json", "//orders"]
)
def test_unknown_paths(shop: httpx.Client, path: str) -> None:
    response = shop.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "id_",
    ["x", "1", "00000000-0000-4000-8000-000000000000", "%00", "%ff", "{id}", "null", "0" * 32, "..%2f", "é"],
)
def test_unknown_ids(shop: httpx.Client, id_: str) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pay")):
        response = shop.request(method, f"/orders/{id_}{path}", content=b"{", headers=JSON)
        assert response.status_code == 404, (method, response.text)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/orders", "GET, HEAD, POST"),
        ("PUT", "/orders/x", "DELETE, GET, HEAD, PATCH"),
        ("PATCH", "/discount-codes/x", "DELETE, GET, HEAD"),
        ("GET", "/orders/x/cancel", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_methods_that_are_not_offered(shop: httpx.Client, method: str, path: str, allowed: str) -> None:
    response = shop.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Basic YTpi"}, 401),
        ({"Authorization": "Bearer a.b.c"}, 401),
        ({"Authorization": f"Bearer {token(roles=['admin'], exp=1)}"}, 401),
        ({"Authorization": f"Bearer {token(roles=['admin'], exp='x')}"}, 401),
        ({"Authorization": f"Bearer {token(roles=['admin'], exp=1e400)}"}, 401),
        ({"Authorization": f"Bearer {token('another secret', roles=['admin'])}"}, 401),
        ({"Authorization": f"Bearer {token(algorithm='none', roles=['admin'])}"}, 401),
        ({"Authorization": f"Bearer {token(algorithm='HS512', roles=['admin'])}"}, 401),
        ({"Authorization": f"Bearer {token(roles=['guest'])}"}, 403),
        ({"Authorization": f"Bearer {token(roles='admin')}"}, 403),
        ({"Authorization": f"Bearer {token(roles=[['admin'], {}])}"}, 403),
        ({"Authorization": f"Bearer {token()}"}, 403),
        ({"Authorization": f"Bearer {token(roles=['admin'])}"}, 422),
        ({"Authorization": f"bearer {token(roles=['x', 'admin'], sub=5, aud='z', iat=9999999999)}"}, 422),
    ],
)
def test_access_comes_before_the_body(shop: httpx.Client, headers: dict[str, str], status: int) -> None:
    response = shop.post("/discount-codes", content=b"{", headers=JSON | headers)

    assert response.status_code == status, response.text
    assert ("www-authenticate" in response.headers) is (status == 401)


def test_any_of_the_roles_will_do_and_comes_before_the_id(shop: httpx.Client) -> None:
    for role, status in (("admin", 404), ("owner", 404), ("guest", 403)):
        headers = {"Authorization": f"Bearer {token(roles=[role])}"}
        assert shop.delete("/discount-codes/x", headers=headers).status_code == status


def test_open_operations_ignore_tokens(shop: httpx.Client) -> None:
    assert shop.get("/orders", headers={"Authorization": "Bearer nonsense"}).status_code == 200


def test_no_secret_no_service(made: Make, python: Path) -> None:
    done = subprocess.run(
        services.STACK.serve(python),
        cwd=made(blueprints.SHOP),
        env={"PORT": "0"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "AUTH_JWT_SECRET" in done.stderr


@pytest.mark.parametrize("variables", [{"PORT": "x"}, {"PORT": "65536"}, {"LOG_LEVEL": "loud"}])
def test_bad_settings_are_said(made: Make, python: Path, variables: dict[str, str]) -> None:
    command = services.STACK.serve(python)
    done = subprocess.run(command, cwd=made(blueprints.TYPES), env=variables, capture_output=True, text=True)

    assert done.returncode == 2
    assert f"Cannot start: {next(iter(variables))}" in done.stderr


def test_health_readiness_and_contract(shop: httpx.Client, shop_service: Service) -> None:
    assert shop.get("/healthz").json() == {"status": "ok"}
    assert shop.get("/readyz").json() == {"status": "ok"}
    assert shop.get("/openapi.yaml").text == (shop_service.folder / "openapi.yaml").read_text()


def test_it_is_not_ready_before_its_database_is(
    made: Make, python: Path, sockets: Path, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/empty.db"
    with (
        services.running(python, made(blueprints.SHOP), database, sockets) as service,
        service.client() as client,
    ):
        response = client.get("/readyz")

        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"


def test_metrics_name_routes_and_not_paths(shop: httpx.Client) -> None:
    shop.get("/orders/some-id")
    shop.get("/nothing/some-id")
    shop.request("TRACE", "/orders")

    found = shop.get("/metrics").text

    assert 'http_requests_total{method="GET",route="/orders/{id}",status="404"}' in found
    assert 'http_requests_total{method="other",route="/orders",status="405"}' in found
    assert "some-id" not in found


def logged_request(log: Path, path: str) -> dict[str, Any]:
    """Return the log line of the only request for a path, which is written after its response was sent."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        lines = [
            json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")
        ]
        requests = [line for line in lines if line["message"] == "request" and line["path"] == path]
        if requests:
            (request,) = requests
            return request
        time.sleep(0.05)
    raise AssertionError(f"no log line for {path!r}")


def test_logs_are_json_lines(shop: httpx.Client, shop_service: Service) -> None:
    shop.get('/orders/"quoted"%0Apath')

    line = logged_request(shop_service.log, '/orders/"quoted"\npath')
    assert (line["method"], line["route"], line["status"]) == ("GET", "/orders/{id}", 404)
    assert SECRET not in shop_service.log.read_text()


def test_it_listens_on_a_port_and_ends_what_it_began(made: Make, python: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = made(blueprints.TYPES)
    environment = {"PORT": str(port), "DATABASE_URL": "sqlite:///test.db"}
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        services.STACK.serve(python), cwd=folder, env=environment, stdout=log, stderr=log
    )
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/healthz").status_code == 200
        answers: list[int] = []

        def slowly() -> Iterator[bytes]:
            yield b"{"
            process.send_signal(signal.SIGTERM)
            threading.Event().wait(0.5)
            yield b"}"

        answers.append(client.post("/samples", content=slowly(), headers=JSON).status_code)

    assert answers == [422]
    assert process.wait(60) == 0
    log.close()
