"""The ledger is append-only, and what gets past that is found."""

from __future__ import annotations

import sqlite3
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import JsonValue

from crew.records.ledger import Ledger
from crew.records.row_versions import UPGRADES, upgrade
from crew.records.rows import Note
from tools.redaction import Redactor


@pytest.fixture
def ledger(tmp_path: Path):
    opened = Ledger(tmp_path / "ledger.db", Redactor(()))
    yield opened
    opened.close()


@pytest.fixture
def chain(ledger: Ledger) -> Ledger:
    for number in range(1, 6):
        ledger.append("d", f"n{number}", Note(node="é\u2028", text=f"row {number}"))
    return ledger


def tamper(tmp_path: Path, statement: str) -> None:
    """Do what the triggers refuse, as somebody with the file would."""
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.execute("DROP TRIGGER rows_are_not_updated")
    connection.execute("DROP TRIGGER rows_are_not_deleted")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_untouched_chain_adds_up(chain: Ledger) -> None:
    assert chain.verify("d") is None
    assert [row.number for row in chain.rows("d")] == [1, 2, 3, 4, 5]


def test_rows_follow_one_another(chain: Ledger) -> None:
    rows = chain.rows("d")
    assert rows[0].previous == ""
    assert all(later.previous == earlier.hash for earlier, later in pairwise(rows))


def test_the_same_row_again_is_the_row_that_is_there(chain: Ledger) -> None:
    again = chain.append("d", "n3", Note(node="", text="something else"))
    assert again.number == 3
    assert again.body.text == "row 3"
    assert len(chain.rows("d")) == 5


def test_updates_and_deletes_are_refused(chain: Ledger, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "ledger.db")
    for statement in ("UPDATE rows SET body = '{}'", "DELETE FROM rows"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("column", ["kind", "key", "at", "body", "previous", "hash"])
def test_one_changed_byte_is_named(chain: Ledger, tmp_path: Path, column: str) -> None:
    tamper(
        tmp_path,
        f"UPDATE rows SET {column} = substr({column}, 1, length({column}) - 1) || '~' WHERE number = 3",
    )
    damage = chain.verify("d")
    assert damage is not None
    assert damage.row == 3


def test_a_byte_that_is_no_text_is_named(chain: Ledger, tmp_path: Path) -> None:
    tamper(tmp_path, "UPDATE rows SET body = CAST(x'ff' || body AS TEXT) WHERE number = 2")
    damage = chain.verify("d")
    assert damage is not None
    assert damage.row == 2


def test_a_row_that_is_gone_is_named(chain: Ledger, tmp_path: Path) -> None:
    tamper(tmp_path, "DELETE FROM rows WHERE number = 2")
    damage = chain.verify("d")
    assert damage is not None
    assert (damage.row, damage.what) == (2, "row 2 is missing")


def test_a_row_of_another_delivery_does_not_fit(chain: Ledger, tmp_path: Path) -> None:
    chain.append("e", "n1", Note(node="", text="other"))
    tamper(tmp_path, "UPDATE rows SET delivery = 'f' WHERE delivery = 'e'")
    assert chain.verify("f") is not None


def test_many_threads_write_one_chain(ledger: Ledger) -> None:
    def write(name: str) -> None:
        for number in range(20):
            ledger.append("d", f"{name}-{number}", Note(node="", text=""))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.rows("d")) == 80
    assert ledger.verify("d") is None


def test_two_openings_write_one_chain(ledger: Ledger, tmp_path: Path) -> None:
    other = Ledger(tmp_path / "ledger.db", Redactor(()))
    for number in range(5):
        ledger.append("d", f"a{number}", Note(node="", text=""))
        other.append("d", f"b{number}", Note(node="", text=""))
    other.close()
    assert len(ledger.rows("d")) == 10
    assert ledger.verify("d") is None


def test_a_row_is_read_in_the_newest_version_and_kept_as_it_was_written(
    chain: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (
        lambda body: {"text": f"{body['text']}!", "node": body["node"]},
        lambda body: body | {"node": f"{body['node']}?"},
    )
    monkeypatch.setitem(UPGRADES, "note", steps[:1])
    chain.append("d", "n6", Note(node="", text="row 6"))
    monkeypatch.setitem(UPGRADES, "note", steps)
    chain.append("d", "n7", Note(node="", text="row 7"))
    bodies = [row.body for row in chain.rows("d")]
    assert bodies[4:] == [
        Note(node="é\u2028?", text="row 5!"),
        Note(node="?", text="row 6"),
        Note(node="", text="row 7"),
    ]
    assert [row.body.get("v") for row in chain.stored("d")] == [None] * 5 + [2, 3]
    assert chain.stored("d")[4].body == {"text": "row 5", "node": "é\u2028"}
    assert chain.verify("d") is None


@pytest.mark.parametrize("version", [0, 2, "1", 1.5, None])
def test_an_unknown_version_is_not_read(version: JsonValue) -> None:
    assert upgrade("note", {"v": version}) is None
