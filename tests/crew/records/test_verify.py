"""What git remembers of a delivery shows what a chain alone cannot: that its end, or all of it, is gone."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew.errors import BadInput
from crew.records.home_ledger import ledger_id
from crew.records.ledger import Ledger
from crew.records.verify import verify
from tests.crew.histories import History, history
from tools.git import open_repository
from tools.redaction import Redactor


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Ada")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ada@example.org")
    made = history(tmp_path)
    yield made
    made.ledger.close()


def finished(kept: History, ledger: str = "") -> str:
    """Write a delivery whose anchor is in its repository, as that of some ledger, and return its id."""
    delivery = kept.opened()
    when = kept.ledger.rows(delivery)[0].at
    from datetime import datetime

    row = kept.closed(delivery)
    held = open_repository(kept.file.repository, kept.home, when=datetime.fromisoformat(when))
    held.anchor(delivery, f"{row.number} {row.hash} {ledger or ledger_id(kept.home)}")
    return delivery


def erase(kept: History, where: str) -> None:
    """Delete rows as somebody with the file would."""
    connection = sqlite3.connect(kept.home / "ledger.db")
    connection.execute("DROP TRIGGER rows_are_not_deleted")
    connection.execute(f"DELETE FROM rows WHERE {where}")
    connection.commit()
    connection.close()


def test_what_is_whole_is_clean(kept: History) -> None:
    finished(kept)
    finished(kept)
    assert verify(kept.home) == ([], 2)


def test_one_of_several_deliveries_can_be_missed(kept: History) -> None:
    gone, left = finished(kept), finished(kept)
    erase(kept, f"delivery = '{gone}'")
    (damage,), checked = verify(kept.home)
    assert (damage.delivery, damage.row, checked) == (gone, 1, 1)
    assert verify(kept.home, left) == ([], 1)
    assert verify(kept.home, gone)[0] == [damage]


def test_the_only_delivery_can_be_missed(kept: History) -> None:
    gone = finished(kept)
    erase(kept, "1")
    assert [each.delivery for each in verify(kept.home)[0]] == [gone]


def test_a_ledger_that_was_made_anew_does_not_hide_the_old_one(kept: History) -> None:
    gone = finished(kept)
    kept.ledger.close()
    for each in kept.home.glob("ledger.db*"):
        each.unlink()
    Ledger(kept.home / "ledger.db", Redactor(())).close()
    assert [each.delivery for each in verify(kept.home)[0]] == [gone]


def test_deliveries_of_other_homes_are_none_of_ours(kept: History, tmp_path: Path) -> None:
    finished(kept)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = finished(kept, ledger_id(elsewhere))
    erase(kept, f"delivery = '{other}'")
    assert verify(kept.home) == ([], 1)


def test_an_anchor_that_says_something_else_is_named(kept: History) -> None:
    delivery = finished(kept)
    ref = f"refs/crew/ledger/{delivery}"
    git = ("git", "-C", str(kept.file.repository))
    stored = subprocess.run(
        [*git, "hash-object", "-w", "--stdin"], input=b"nothing", capture_output=True, check=True
    )
    subprocess.run([*git, "update-ref", ref, stored.stdout.decode().strip()], check=True)
    (damage,), _ = verify(kept.home)
    assert damage.what == f"its anchor, {ref}, is gone or changed"


def test_a_delivery_that_stopped_before_there_was_a_repository_is_clean(kept: History) -> None:
    kept.closed(kept.opened(), "stopped", version="")
    assert verify(kept.home) == ([], 1)


def test_a_delivery_that_nobody_knows_is_bad_input(kept: History) -> None:
    finished(kept)
    with pytest.raises(BadInput, match="This ledger has no delivery 'nobody'"):
        verify(kept.home, "nobody")


def test_the_id_of_a_ledger_stays(tmp_path: Path) -> None:
    assert ledger_id(tmp_path) == ledger_id(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.id"]
