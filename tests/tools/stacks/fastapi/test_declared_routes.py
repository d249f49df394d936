"""Code and contract have the same routes, read from the source so that code cannot hide one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.acceptance.delivery import build
from tests.acceptance.story_files import NAMES
from tools.stacks.fastapi.declared_routes import route_problems

CONTRACT: dict[str, Any] = {
    "paths": {
        "/orders": {"post": {}, "get": {}, "parameters": []},
        "/orders/{id}": {"get": {}},
        "/healthz": {"get": {}},
    }
}
HEAD = "from fastapi import APIRouter, FastAPI\n\nrouter = APIRouter(prefix='/orders')\n"
ROUTES = (
    HEAD
    + """
@router.post("")
def create(): ...

@router.get("")
def list_all(): ...

@router.get("/{order_id}")
def read(query):
    return query.get("/other")

@router.head("")
def head(): ...

router.add_api_route("/{id}/pay", problems.left_out)
app.include_router(router)
app = FastAPI()

@app.get("/metrics")
def metrics(): ...

known = [each.path for each in app.routes]
"""
)


def whats(code: str, contract: Any = CONTRACT) -> list[str]:
    return [f"{each.file}:{each.line}: {each.what}" for each in route_problems({"app/a.py": code}, contract)]


def test_the_same_routes_are_no_problem() -> None:
    assert whats(ROUTES) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_generated_code_declares_its_contract(name: str) -> None:
    files = build(name)[-1].generation.files
    code = {path: text for path, text in files.items() if path.startswith("app/") and path.endswith(".py")}
    assert route_problems(code, yaml.safe_load(files["openapi.yaml"])) == []


def test_a_route_that_the_contract_lacks() -> None:
    (what,) = whats(ROUTES + '\n@router.delete("/{id}")\ndef delete(): ...\n')
    assert what == (
        "app/a.py:27: DELETE /orders/{} is not in openapi.yaml. Add it to the contract, or remove the route."
    )


def test_a_route_that_the_code_lacks() -> None:
    (what,) = whats(ROUTES.replace('@router.post("")', ""))
    assert what == "openapi.yaml:0: POST /orders is in the contract, but no code declares this route."
    assert len(whats(ROUTES, None)) == 4, "no contract lists no route"


@pytest.mark.attack
@pytest.mark.parametrize(
    "code",
    [
        'router.add_api_route("/backdoor", backdoor)',
        'router.add_api_route("/x", problems.left_out, methods=["POST"])',
        'router.get("/backdoor")(backdoor)',
        'app.mount("/backdoor", other)',
        'app.include_router(router, prefix="/backdoor")',
        'app.router.routes.append(Something("/backdoor"))',
        "app.router.routes = more",
        "app.router.routes += [more]",
        'r = Route("/backdoor", backdoor)',
        '@router.api_route("/backdoor")\ndef backdoor(): ...',
        '@router.websocket("/backdoor")\ndef backdoor(): ...',
        '@router.get(f"/{name}")\ndef backdoor(): ...',
        '@router.get(path="/backdoor")\ndef backdoor(): ...',
        '@elsewhere.get("/backdoor")\ndef backdoor(): ...',
        'other = APIRouter(prefix=PREFIX)\n@other.get("/backdoor")\ndef backdoor(): ...',
        'other = APIRouter(**settings)\n@other.get("")\ndef backdoor(): ...',
        "def broken(:",
    ],
)
def test_what_may_add_a_route_unseen_is_named(code: str) -> None:
    (what,) = [each for each in whats(f"{ROUTES}\n{code}\n") if "contract, but" not in each]
    assert "may add a route that cannot be compared" in what or "not valid Python" in what
