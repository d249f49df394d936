"""From one generation to the next: data stays, the release before goes on working, migrations say what models say."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import httpx
import pytest

from tests.tools.stacks.fastapi import services
from tests.tools.stacks.fastapi.blueprints import HOSTILE, ODD, SHOP, TYPES, field, ref, total_of
from tests.tools.stacks.fastapi.conftest import Make
from tests.tools.stacks.fastapi.services import body, generate
from tools.blueprint.model import (
    Action,
    Blueprint,
    Effect,
    Entity,
    Filter,
    Limit,
    Reference,
    Transition,
)
from tools.errors import ToolError
from tools.scanners import destructive
from tools.stacks import Generation, Previous
from tools.stacks.fastapi.migrations import migration_files

FIRST = Blueprint(
    service="orders",
    entities=(
        Entity(
            name="order",
            fields=(
                field("customer", "email"),
                field("total", "money", default="0"),
                field("note", max_length=20),
                field("place"),
            ),
        ),
        Entity(name="shelf", fields=(field("label"),)),
    ),
)
SECOND = Blueprint(
    service="orders",
    entities=(
        Entity(
            name="order",
            fields=(
                field("customer", "email", unique=True),
                field("total", "money", computed=total_of("line item", "price")),
                field("note", max_length=200, optional=True),
                field("place"),
                field("voucher", optional=True, unique=True),
                field("phone", added_later=True),
                field("priority", "integer", default=3),
                field("greeting", default="it's :me 100%"),
                field("rate", "money", default="1.50"),
                field("urgent", "boolean", default=False),
                field("due", "timestamp", default="2030-01-01T01:00:00+01:00"),
            ),
            initial_state="open",
            transitions=(Transition(operation="close", source="open", target="closed"),),
            actions=(Action(verb="close"), Action(verb="rush")),
            effects=(Effect(operation="rush", kind="increase", target=ref("total"), amount=5),),
            limits=(Limit(operation="rush", per="self", times=2),),
            filters=(Filter(field="note"), Filter(field="priority")),
            references=(Reference(name="shelf", target="shelf", added_later=True),),
        ),
        Entity(name="shelf", fields=(field("label"),)),
        Entity(
            name="line item",
            fields=(field("price", "money", minimum=Decimal(0)),),
            references=(Reference(name="order", target="order"),),
        ),
    ),
)
LATER = {"phone", "voucher", "priority", "greeting", "rate", "urgent", "due"}


@dataclass(frozen=True)
class Releases:
    """Two releases of a service on one database."""

    old: httpx.Client
    new: httpx.Client
    made_before: dict[str, object]
    database: str


@pytest.fixture(scope="module")
def generations() -> tuple[Generation, Generation]:
    """Two pure generations."""
    first = generate(FIRST)
    return first, generate(SECOND, Previous(blueprint=FIRST, files=first.files))


@pytest.fixture(scope="module")
def releases(
    generations: tuple[Generation, Generation],
    python: Path,
    sockets: Path,
    tmp_path_factory: pytest.TempPathFactory,
    databases: Callable[[str], str],
) -> Iterator[Releases]:
    """The old release runs; the database is migrated under it; the new one runs beside it."""
    folder = tmp_path_factory.mktemp("releases")
    first, second = (services.write(each, folder / str(n)) for n, each in enumerate(generations))
    database = databases("orders")
    services.migrate(python, first, database)
    with services.running(python, first, database, sockets) as old, old.client() as before:
        shelf = body(before.post("/shelves", json={"label": "A"}))
        made = body(
            before.post("/orders", json={"customer": "a@b.cd", "total": 5, "note": "x", "place": "y"})
        )
        services.migrate(python, second, database)
        with services.running(python, second, database, sockets) as new, new.client() as after:
            yield Releases(before, after, made | {"shelf": shelf["id"]}, database)


def test_a_generation_keeps_earlier_migrations_and_adds_one(
    generations: tuple[Generation, Generation],
) -> None:
    first, second = (
        {p: t for p, t in each.files.items() if p.startswith("migrations/versions/")} for each in generations
    )

    assert list(first) == ["migrations/versions/0001_initial.py"]
    assert first.items() < second.items()
    assert len(second) == 2
    assert any(path.startswith("migrations/versions/0002_") for path in second)


def test_no_change_is_no_migration(generations: tuple[Generation, Generation]) -> None:
    _, second = generations
    again = generate(SECOND, Previous(blueprint=SECOND, files=second.files))

    assert again == second


def test_a_person_is_asked_about_no_generated_migration() -> None:
    releases = (None, FIRST, SECOND, SHOP, TYPES, HOSTILE, ODD)
    pairs = [(before, after) for before, after in permutations(releases, 2) if after]
    for before, after in pairs:
        with suppress(ToolError):  # some fields have the same name and another type
            for text in migration_files(after, before, {}).values():
                assert destructive(text) == ()


@pytest.mark.parametrize("blueprint", [SHOP, TYPES, HOSTILE], ids=lambda each: each.service[:5])
def test_models_are_what_migrations_make(
    blueprint: Blueprint, made: Make, python: Path, databases: Callable[[str], str]
) -> None:
    command = [python, "-m", "alembic", "check"]
    database = databases(f"check{len(blueprint.entities)}")
    services.migrate(python, made(blueprint), database)
    environment = {"DATABASE_URL": database}

    done = subprocess.run(command, cwd=made(blueprint), env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_what_was_there_shows_null_or_the_default(releases: Releases) -> None:
    found = body(releases.new.get(f"/orders/{releases.made_before['id']}"))

    assert {name: found[name] for name in LATER | {"note", "shelfId", "status", "total"}} == {
        "note": "x",
        "phone": None,
        "voucher": None,
        "priority": 3,
        "greeting": "it's :me 100%",
        "rate": 1.5,
        "urgent": False,
        "due": "2030-01-01T00:00:00Z",
        "shelfId": None,
        "status": "open",
        "total": 0,
    }


def test_what_is_required_now_is_required(releases: Releases) -> None:
    path, shelf = f"/orders/{releases.made_before['id']}", releases.made_before["shelf"]
    content = {"customer": "c@b.cd", "place": "z", "phone": "1", "shelfId": shelf}

    for name in ("phone", "shelfId"):
        less = {key: value for key, value in content.items() if key != name}
        assert releases.new.post("/orders", json=less).status_code == 422
        assert releases.new.patch(path, json={name: None}).status_code == 422
    assert releases.new.post("/orders", json=content).status_code == 201
    assert releases.new.patch(path, json={"place": "still null elsewhere"}).status_code == 200


def test_the_release_before_reads_and_writes(releases: Releases) -> None:
    content = {
        "customer": "new@b.cd",
        "place": "z",
        "phone": "1",
        "shelfId": releases.made_before["shelf"],
        "note": "n",
    }
    new = body(releases.new.post("/orders", json=content))

    seen = body(releases.old.get(f"/orders/{new['id']}"))
    assert (seen["note"], seen["total"]) == ("n", 0)
    assert body(releases.old.patch(f"/orders/{new['id']}", json={"total": 7}))["total"] == 7
    made = releases.old.post("/orders", json={"customer": "old@b.cd", "note": "x", "place": "y"})
    assert made.status_code == 201
    assert body(releases.new.get(f"/orders/{body(made)['id']}"))["priority"] == 3
    assert releases.old.get("/orders?limit=200").status_code == 200
    assert releases.old.get("/readyz").status_code == 200
    assert releases.old.delete(f"/orders/{body(made)['id']}").status_code == 204


def test_the_release_before_meets_rules_of_the_database(releases: Releases) -> None:
    response = releases.old.post("/orders", json={"customer": "a@b.cd", "note": "x", "place": "y"})

    assert response.status_code == 409


def test_new_rules_hold_for_what_was_there(releases: Releases) -> None:
    path = f"/orders/{releases.made_before['id']}"

    assert [releases.new.post(f"{path}/rush").status_code for _ in range(3)] == [200, 200, 409]
    assert body(releases.new.get(path))["total"] == 10
    assert body(releases.new.post(f"{path}/close"))["status"] == "closed"
    assert body(releases.new.get("/orders?priority=3&note=x"))["total"] >= 1


def test_foreign_keys_hold_after_tables_were_rebuilt(releases: Releases) -> None:
    kind, _, path = releases.database.partition(":///")
    if kind != "sqlite":
        pytest.skip("PostgreSQL changes tables in place")
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_type_cannot_change(generations: tuple[Generation, Generation]) -> None:
    first, _ = generations
    shelf = Entity(name="shelf", fields=(field("label", "integer"),))

    with pytest.raises(ToolError, match="changes from text to integer"):
        generate(
            Blueprint(service="orders", entities=(FIRST.entities[0], shelf)),
            Previous(blueprint=FIRST, files=first.files),
        )
