"""Whatever is changed in a ledger behind the crew's back is named by `crew ledger verify`, which exits with 1."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.crew.rows import write
from tests.e2e.conftest import Kiosk
from tools.redaction import Redactor

pytestmark = pytest.mark.slow

TRIGGERS = ("rows_are_not_updated", "rows_are_not_deleted")


class Copy:
    """A copy of a home, whose repository is still that of the original."""

    def __init__(self, kiosk: Kiosk, home: Path) -> None:
        self.kiosk, self.home = kiosk, home
        skipped = shutil.ignore_patterns("platform", "work", "releases", "data", "knowledge")
        shutil.copytree(kiosk.home, home, symlinks=True, ignore=skipped)
        self.rows = [json.loads(line) for line in kiosk.crew("ledger", "export").splitlines()]
        self.delivery = str(self.rows[0]["delivery"])

    def change(self, statement: str) -> None:
        """Do what the triggers refuse, as somebody with the file would."""
        connection = sqlite3.connect(self.home / "ledger.db")
        for each in TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS {each}")
        connection.execute(statement)
        connection.commit()
        connection.close()

    def number(self, kind: str, tool: str = "") -> int:
        """Return the number of the first row of a kind, of a tool's action if one is named."""
        keys = {row["key"] for row in self.rows if not tool or row["body"].get("tool") == tool}
        return next(row["number"] for row in self.rows if row["kind"] == kind and row["key"] in keys)

    def verify(self, *delivery: str) -> str:
        """Verify a ledger that is damaged, and return what is said."""
        return self.kiosk.crew("ledger", "verify", *delivery, "--home", str(self.home), expect=1)


@pytest.fixture
def copy(delivered: Kiosk, tmp_path: Path) -> Copy:
    """A copy of the delivered kiosk's home, to be damaged."""
    return Copy(delivered, tmp_path / "home")


def test_an_untouched_ledger_is_clean(copy: Copy) -> None:
    said = copy.kiosk.crew("ledger", "verify", "--home", str(copy.home))
    assert said == "1 delivery verified: no row was changed or removed.\n"


@pytest.mark.parametrize("column", ["delivery", "number", "kind", "key", "at", "body", "previous", "hash"])
def test_one_changed_byte_is_named(copy: Copy, column: str) -> None:
    row = copy.number("denied") if any(each["kind"] == "denied" for each in copy.rows) else 7
    changed = (
        "number + 1000"
        if column == "number"
        else f"substr({column}, 1, length({column}) - 2) || '~' || substr({column}, -1)"
    )
    copy.change(f"UPDATE rows SET {column} = {changed} WHERE number = {row}")
    assert f"{copy.delivery}: row {row} " in copy.verify()


@pytest.mark.parametrize("kind", ["opened", "model", "outcome", "closed"])
def test_a_changed_reason_is_named(copy: Copy, kind: str) -> None:
    row = copy.number(kind)
    copy.change(f"UPDATE rows SET body = replace(body, '\":', '\" :') WHERE number = {row}")
    assert f"{copy.delivery}: row {row} was changed after it was written" in copy.verify()


@pytest.mark.parametrize("last", ["closed", "merge", "opened"])
def test_rows_cut_after_the_merge_are_missed(copy: Copy, last: str) -> None:
    kept = {
        "closed": copy.number("closed") - 1,
        "merge": copy.number("outcome", "merge"),
        "opened": 1,
    }[last]
    copy.change(f"DELETE FROM rows WHERE number > {kept}")
    assert f"{copy.delivery}: the rows after row {kept} are missing" in copy.verify()
    assert "are missing" in copy.verify(copy.delivery)


def test_a_chain_that_was_cut_and_written_on_is_found(copy: Copy) -> None:
    # Without the last row and with another of its place, properly chained: only git knows better.
    from crew.records.ledger import Ledger

    number = copy.number("closed")
    copy.change(f"DELETE FROM rows WHERE number = {number}")
    ledger = Ledger(copy.home / "ledger.db", Redactor(()))
    write(ledger, copy.delivery, "closed", "closed", {"status": "stopped", "reason": "No."})
    ledger.close()
    assert f"{copy.delivery}: row {number} is not the one anchored in git" in copy.verify()


def test_a_delivery_without_any_row_is_missed(copy: Copy) -> None:
    copy.change("DELETE FROM rows")
    assert f"{copy.delivery}: all its rows are missing" in copy.verify()
    assert "all its rows are missing" in copy.verify(copy.delivery)


@pytest.mark.parametrize("column", ["result", "reply"])
@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_damaged_artifact_is_named(copy: Copy, column: str, harm: str) -> None:
    row = next(each for each in copy.rows if column in each["body"])
    digest = row["body"][column]
    text = digest.removeprefix("sha256:")
    path = copy.home / "artifacts" / text[:2] / text[2:]
    content = path.read_bytes()
    path.unlink()
    if harm == "changed":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    said = copy.verify()
    assert f"{copy.delivery}: row {row['number']} names an artifact that is gone or changed: {digest}" in said


def test_an_anchor_that_is_gone_is_named(copy: Copy) -> None:
    ref = f"refs/crew/ledger/{copy.delivery}"
    stored = copy.kiosk.git("rev-parse", ref)
    copy.kiosk.git("update-ref", "-d", ref)
    try:
        assert f"{copy.delivery}: its anchor, {ref}, is gone" in copy.verify()
    finally:
        copy.kiosk.git("update-ref", ref, stored)


def test_a_repository_that_cannot_be_read_is_said(copy: Copy) -> None:
    head = copy.kiosk.repository / ".git" / "HEAD"
    head.rename(head.with_suffix(".away"))
    try:
        assert f"{copy.delivery}: its repository cannot be read" in copy.verify()
    finally:
        head.with_suffix(".away").rename(head)


def test_a_file_that_is_no_ledger_is_said(copy: Copy) -> None:
    for each in copy.home.glob("ledger.db*"):
        each.unlink()
    (copy.home / "ledger.db").write_text("not a ledger\n" * 400)
    said = copy.verify()
    assert "cannot be opened as a ledger" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [("status",), ("why",), ("ledger", "show"), ("ledger", "export")])
def test_other_commands_say_that_a_row_is_damaged(copy: Copy, command: tuple[str, ...]) -> None:
    copy.change("UPDATE rows SET body = substr(body, 2) WHERE number IN (1, 5)")
    named = [copy.delivery] if command[-1] in ("why", "show") else []
    said = copy.kiosk.crew(*command, *named, "--home", str(copy.home), expect=1)
    assert "crew ledger verify" in said
    assert "Traceback" not in said
