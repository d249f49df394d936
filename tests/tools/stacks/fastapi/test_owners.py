"""Only the owner of a resource, as the token's `sub` says, may do what a sentence reserves for the owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tools.blueprint.reader.stories import covered
from tests.tools.stacks.fastapi import services
from tests.tools.stacks.fastapi.conftest import Make

NOWHERE = "6f1c2d3e-0000-4000-8000-00000000dead"


@pytest.fixture(scope="module")
def blog(python: Path, made: Make, sockets: Path) -> Iterator[httpx.Client]:
    """A client of a service whose posts belong to authors and whose notes have an owner by name."""
    blueprint = covered(
        "An author has a name (text).",
        "A post has a title (text).",
        "A post belongs to an author.",
        "Only the author can create or update posts.",
        "Only the author or an admin can delete posts.",
        "A note has an owner (text) and a body (text, optional).",
        "Only the owner of a note can update it.",
    )
    folder = made(blueprint)
    services.migrate(python, folder, "sqlite:///blog.db")
    with (
        services.running(python, folder, "sqlite:///blog.db", sockets) as service,
        service.client() as client,
    ):
        yield client


def header(subject: object, *roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {services.token(sub=subject, roles=list(roles))}"}


def author(blog: httpx.Client) -> str:
    return str(services.body(blog.post("/authors", json={"name": "Ada"}))["id"])


def post(blog: httpx.Client, owner: str) -> dict[str, Any]:
    response = blog.post("/posts", json={"title": "Hello", "authorId": owner}, headers=header(owner))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def test_only_the_author_updates_a_post(blog: httpx.Client) -> None:
    owner, another = author(blog), author(blog)
    path = f"/posts/{post(blog, owner)['id']}"
    change = {"title": "Changed"}

    refused = [
        blog.patch(path, json=change).status_code,
        blog.patch(path, json=change, headers=header(another)).status_code,
        blog.patch(path, json=change, headers=header(another, "author", "admin")).status_code,
        blog.patch(path, json=change, headers=header([owner])).status_code,
        blog.patch(path, json=change, headers=header(None)).status_code,
        blog.patch(path, json={"surplus": 1}, headers=header(another)).status_code,
        blog.patch(f"/posts/{NOWHERE}", json=change, headers=header(another)).status_code,
        blog.patch(f"/posts/{NOWHERE}", json=change).status_code,
    ]
    title = services.body(blog.get(path))["title"]
    accepted = blog.patch(path, json=change, headers=header(owner))

    assert refused == [401, 403, 403, 403, 403, 403, 404, 401]
    assert title == "Hello"
    assert accepted.status_code == 200
    assert accepted.json()["title"] == "Changed"


def test_the_author_or_an_admin_deletes_a_post(blog: httpx.Client) -> None:
    owner, another = author(blog), author(blog)
    first, second = (f"/posts/{post(blog, owner)['id']}" for _ in range(2))

    assert blog.delete(first).status_code == 401
    assert blog.delete(first, headers=header(another)).status_code == 403
    assert blog.delete(first, headers=header(another, "author")).status_code == 403
    assert blog.delete(first, headers=header(another, "admin")).status_code == 204
    assert blog.delete(second, headers=header(owner)).status_code == 204


def test_a_post_is_created_for_oneself_only(blog: httpx.Client) -> None:
    owner, another = author(blog), author(blog)
    body = {"title": "Hello", "authorId": owner}

    assert blog.post("/posts", json=body).status_code == 401
    assert blog.post("/posts", json=body, headers=header(another)).status_code == 403
    assert blog.post("/posts", json=body, headers=header(owner)).status_code == 201
    assert blog.post("/posts", json={"title": "Hello"}, headers=header(owner)).status_code == 422


def test_an_update_cannot_change_the_owner(blog: httpx.Client) -> None:
    owner, another = author(blog), author(blog)
    path = f"/posts/{post(blog, owner)['id']}"
    note = services.body(blog.post("/notes", json={"owner": "ada"}))

    moved = blog.patch(path, json={"authorId": another}, headers=header(owner))
    taken = blog.patch(f"/notes/{note['id']}", json={"owner": "eve"}, headers=header("ada"))

    assert (moved.status_code, taken.status_code) == (422, 422)
    assert services.body(blog.get(path))["authorId"] == owner
    assert services.body(blog.get(f"/notes/{note['id']}"))["owner"] == "ada"


def test_a_text_field_names_the_owner(blog: httpx.Client) -> None:
    path = f"/notes/{services.body(blog.post('/notes', json={'owner': 'ada'}))['id']}"

    assert blog.patch(path, json={"body": "x"}).status_code == 401
    assert blog.patch(path, json={"body": "x"}, headers=header("eve")).status_code == 403
    assert blog.patch(path, json={"body": "x", "owner": "ada"}, headers=header("ada")).status_code == 200
