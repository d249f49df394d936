"""What git remembers of a delivery shows what a chain alone cannot: that its end, or all of it, is gone."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crew.app import Settings, open_app, workbench
from crew.cli import main
from crew.errors import BadInput
from crew.models.by_url import role_models
from crew.records.deliveries import load_delivery
from crew.records.home_ledger import ledger_id, open_ledger
from crew.records.ledger import Ledger
from crew.records.verify import verify
from crew.settings.config import Config
from tests.crew.histories import History, history
from tests.crew.rows import write
from tools.git import open_repository
from tools.projects.ledger_anchors import Anchor, State, anchor, anchors, parse_anchor
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
    row = kept.closed(delivery)
    held = open_repository(kept.file.repository, kept.home, when=datetime.fromisoformat(when))
    held.anchor(delivery, f"{row.number} {row.hash} {ledger or ledger_id(kept.home)}")
    return delivery


def anchored(kept: History, delivery: str, state: State) -> None:
    """Store where the chain of a delivery ends, as a run does."""
    when = datetime.fromisoformat(kept.ledger.rows(delivery)[0].at)
    open_repository(kept.file.repository, kept.home, when=when)
    with open_app(Settings(home=kept.home), role_models(Config(), kept.home)) as app:
        bench = workbench(app, load_delivery(kept.ledger, delivery))
        anchor(bench, kept.ledger.hashes(delivery), state)


def waiting(kept: History) -> str:
    """Write a delivery that waits, with its anchor, and return its id."""
    delivery = kept.opened()
    write(kept.ledger, delivery, "note", "n-1", {"node": "design", "text": "It waits."})
    anchored(kept, delivery, "waiting")
    return delivery


def forge(kept: History, delivery: str, kind: str = "note", key: str = "forged") -> None:
    """Append a row with a valid hash."""
    bodies: dict[str, dict[str, Any]] = {
        "note": {"node": "x", "text": "Forged."},
        "answered": {"by": "Ada", "approved": True},
        "closed": {"status": "stopped", "reason": "Forged."},
    }
    write(kept.ledger, delivery, kind, key, bodies[kind])


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


def test_a_row_added_to_a_closed_delivery_is_found(kept: History) -> None:
    delivery = finished(kept)
    forge(kept, delivery)
    (damage,), _ = verify(kept.home)
    assert damage.row == 3
    assert damage.what == "row 3 was added after the delivery was closed: the chain ended with row 2"


def test_a_row_added_instead_of_the_closing_row_is_found(kept: History) -> None:
    delivery = finished(kept)
    erase(kept, "kind = 'closed'")
    forge(kept, delivery)
    forge(kept, delivery, "closed", "closed")
    (damage,), _ = verify(kept.home)
    assert damage.what == "row 2 is not the one anchored in git"


@pytest.mark.parametrize("kind", ["note", "answered", "closed"])
def test_a_row_added_to_a_waiting_delivery_is_found(kept: History, kind: str) -> None:
    delivery = waiting(kept)
    assert verify(kept.home) == ([], 1)
    forge(kept, delivery, kind, "closed" if kind == "closed" else "forged")
    (damage,), _ = verify(kept.home)
    assert damage.what == "row 3 was added after its end was anchored in git: the chain ended with row 2"


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_the_cut_tail_of_an_unfinished_delivery_is_found(kept: History, state: State) -> None:
    delivery = waiting(kept)
    anchored(kept, delivery, state)
    erase(kept, "number = 2")
    (damage,), _ = verify(kept.home)
    assert damage.what.startswith("the rows after row 1 are missing: it had 2 rows when it ")


def test_a_waiting_delivery_without_rows_is_missed(kept: History) -> None:
    gone = waiting(kept)
    erase(kept, "1")
    assert [each.delivery for each in verify(kept.home)[0]] == [gone]


def test_a_running_delivery_may_grow_and_is_anchored_again(kept: History) -> None:
    delivery = waiting(kept)
    anchored(kept, delivery, "running")
    forge(kept, delivery)
    assert verify(kept.home) == ([], 1)
    anchored(kept, delivery, "waiting")
    forge(kept, delivery, key="later")
    assert [each.row for each in verify(kept.home)[0]] == [4]


@pytest.mark.parametrize("state", ["running", "waiting", "ended"])
def test_an_anchor_does_not_follow_a_forged_chain(kept: History, state: State) -> None:
    delivery = waiting(kept)
    forge(kept, delivery)
    anchored(kept, delivery, state)
    assert [each.row for each in verify(kept.home)[0]] == [3]


@pytest.mark.attack
def test_an_approval_forged_in_a_waiting_delivery_approves_nothing(kept: History) -> None:
    delivery = waiting(kept)
    forge(kept, delivery, "answered")
    for command in (("resume", delivery), ("resume", "--budget", "steps=5"), ("resume",)):
        done = CliRunner().invoke(main, [*command, "--home", str(kept.home)])
        assert done.exit_code == 1, done.output
        assert f"The records of {delivery} are damaged: row 3 was added" in done.output
        assert "Nothing is built on them" in done.output
    assert len(kept.ledger.rows(delivery)) == 3
    done = CliRunner().invoke(main, ["abandon", delivery, "--home", str(kept.home)])
    assert done.exit_code == 0, done.output
    assert [each.row for each in verify(kept.home)[0]] == [3], "what was forged stays evident"


STOPS = """\
service: kiosk
stories:
  - id: KIO-1
    title: Papers
    acceptance:
      - The papers should rhyme.
"""


def test_a_delivery_that_ends_is_anchored_at_its_closing_row(tmp_path: Path) -> None:
    (tmp_path / "stories.yaml").write_text(STOPS)
    done = CliRunner().invoke(main, ["run", str(tmp_path / "stories.yaml")])
    assert done.exit_code == 1, done.output
    home = tmp_path / ".crew"
    assert verify(home) == ([], 1)
    with open_ledger(home) as ledger:
        (delivery,) = ledger.deliveries()
        text = anchors(tmp_path / "kiosk", home)[delivery]
        known = parse_anchor(text)
        assert known and known.state == "ended"
        assert known.agrees_with(ledger.hashes(delivery))


def test_a_kill_before_the_closing_row_is_anchored_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stories.yaml").write_text(STOPS)
    home = tmp_path / ".crew"

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("graphs.run._put_away", killed)
        CliRunner().invoke(main, ["run", str(tmp_path / "stories.yaml")])
    assert verify(home) == ([], 1)
    done = CliRunner().invoke(main, ["resume", "--home", str(home)])
    assert done.exit_code == 1, done.output
    assert verify(home) == ([], 1)
    (text,) = anchors(tmp_path / "kiosk", home).values()
    assert str(parse_anchor(text)) == text.strip()
    assert not text.strip().endswith(("waiting", "running"))


def test_anchors_of_earlier_versions_are_read() -> None:
    head = "sha256:" + "a" * 64
    assert parse_anchor(f"7 {head} l-1\n") == Anchor(7, head, "l-1")
    assert parse_anchor(f"7 {head}") == Anchor(7, head)
    assert str(Anchor(7, head, "l-1")) == f"7 {head} l-1"
    assert parse_anchor(f"7 {head} l-1 waiting") == Anchor(7, head, "l-1", "waiting")
    for text in (
        "",
        "x",
        f"0 {head} l-1",
        f"7 {head} l-1 other",
        f"7 {head} l-1;reboot",
        f"7 {head} $(reboot)",
        f"7 {head[:-1]} l-1",
    ):
        assert parse_anchor(text) is None


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
