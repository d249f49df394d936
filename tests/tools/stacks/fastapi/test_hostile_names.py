"""A service whose names and texts try to be something else works like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tools.stacks.fastapi import services
from tests.tools.stacks.fastapi.blueprints import EVIL, HOSTILE
from tests.tools.stacks.fastapi.conftest import Make
from tests.tools.stacks.fastapi.services import body, token
from tools.blueprint.model import Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab

VALUES: dict[str, Any] = {
    "text": EVIL,
    "integer": 5,
    "money": 1.5,
    "boolean": True,
    "date": "2030-01-31",
    "number": 0.5,
    "choice": EVIL,
}


@pytest.fixture(scope="module")
def client(python: Path, made: Make, sockets: Path) -> Iterator[httpx.Client]:
    """A client of the hostile service."""
    with (
        services.running(python, made(HOSTILE), "sqlite:///test.db", sockets) as service,
        service.client() as client,
    ):
        yield client


@pytest.fixture(scope="module")
def first(client: httpx.Client) -> str:
    """Id of what all others belong to."""
    found: str = create(client, HOSTILE.entities[0], "")["id"]
    return found


def members(fields: tuple[FieldSpec, ...]) -> dict[str, Any]:
    return {camel(each.name): VALUES[each.type] for each in fields}


def create(client: httpx.Client, entity: Entity, first: str) -> dict[str, Any]:
    content = members(tuple(each for each in entity.fields if each.name != "pick"))
    content |= {camel(f"{each.name} id"): first for each in entity.references}
    response = client.post(collection_path(entity.name), json=content)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    assert content.items() <= made.items()
    return made


@pytest.mark.parametrize("entity", HOSTILE.entities, ids=lambda each: each.name)
def test_all_operations(client: httpx.Client, first: str, entity: Entity) -> None:
    made = create(client, entity, first)
    path = f"{collection_path(entity.name)}/{made['id']}"

    assert body(client.get(path)) == made
    changed = body(client.patch(path, json=members(entity.fields)))
    assert changed["pick"] == EVIL
    for each in entity.sorts:
        assert (
            client.get(collection_path(entity.name), params={"sort": f"-{camel(each.field)}"}).status_code
            == 200
        )
    for each in entity.filters:
        if (name := camel(each.field)) not in ("limit", "offset", "sort"):
            asked = str(made[name]).lower() if isinstance(made[name], bool) else str(made[name])
            found = body(client.get(collection_path(entity.name), params={name: asked, "limit": 200}))
            assert made["id"] in [item["id"] for item in found.get("items", ())], (name, found)
    role = HOSTILE.entities[0].access[0].roles[0]
    assert client.delete(path).status_code == 401
    headers = {"Authorization": f"Bearer {token(roles=[role])}"}
    assert client.delete(path, headers=headers).status_code == 204


@pytest.mark.parametrize("entity", HOSTILE.entities[1:], ids=lambda each: each.name)
def test_all_actions(client: httpx.Client, first: str, entity: Entity) -> None:
    made = create(client, entity, first)
    path = f"{collection_path(entity.name)}/{made['id']}"

    for action in entity.actions:
        content = members(action.inputs)
        target = HOSTILE.entity(action.object or "")
        if target is not None:
            content[camel(f"{target.name} id")] = create(client, target, first)["id"]
        response = client.post(f"{path}/{kebab(action.name)}", json=content)
        assert response.status_code == 200, response.text
    assert body(client.get(path))["spell"] == EVIL
    assert client.post(f"{path}/class", json=members(entity.actions[1].inputs)).status_code == 200
    assert client.post(f"{path}/class", json=members(entity.actions[1].inputs)).status_code == 409
