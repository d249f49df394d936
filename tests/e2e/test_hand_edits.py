"""What a person changed by hand in generated files: kept, or named with file and line; never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import EDITED, GROWTH, HAND_EDIT, Kiosk, clone, edit

pytestmark = pytest.mark.slow


def test_a_hand_edit_survives_the_next_story(grown: Kiosk) -> None:
    merged = grown.git("show", f"main:{EDITED}")
    assert HAND_EDIT in merged
    assert "page_count" in merged


def test_a_fresh_clone_takes_the_next_story(grown: Kiosk, delivered: Kiosk) -> None:
    migrations = grown.git("ls-tree", "--name-only", "main", "migrations/versions/").splitlines()
    assert len(migrations) == 2
    assert grown.git("merge-base", "--is-ancestor", delivered.git("rev-parse", "main"), "main") == ""
    contract = grown.git("show", "main:openapi.yaml")
    assert "pageCount" in contract
    assert "/papers/{id}/sell" in contract


def test_the_ledger_of_another_home_is_none_of_this_home(grown: Kiosk, delivered: Kiosk) -> None:
    # The clone's history names the delivery of the first home, which is no loss here.
    assert "KIO-1" in grown.git("log", "--format=%s", "main")
    assert "no row was changed or removed" in grown.crew("ledger", "verify")


def test_a_conflicting_hand_edit_is_a_finding(kiosk: Kiosk, delivered: Kiosk) -> None:
    clone(delivered, kiosk)
    file = "app/models/paper.py"
    old = "    price: orm.Mapped[columns.Money]\n"
    edit(kiosk, file, old, f"{old}    # In euros.\n")
    before = kiosk.git("rev-parse", "main")
    line = kiosk.git("show", f"main:{file}").splitlines().index("    # In euros.") + 1

    printed = kiosk.crew("run", str(kiosk.write(GROWTH)), "--json", expect=1)
    (ended,) = json.loads(printed.splitlines()[-1])["deliveries"]
    assert ended["status"] == "stopped"
    assert f"{file}:{line}" in ended["reason"]
    assert kiosk.git("rev-parse", "main") == before
    assert kiosk.git("status", "--porcelain") == ""

    report = json.loads(printed.splitlines()[-1])["report"]
    assert f"{file}:{line}" in Path(report).read_text()
    rows = [json.loads(each) for each in kiosk.crew("ledger", "export").splitlines()]
    found = [each for row in rows if row["kind"] == "concluded"
             for each in row["body"]["arguments"].get("findings", [])]  # fmt: skip
    assert [(each["severity"], each["file"], each["line"]) for each in found] == [("blocking", file, line)]
    assert f"{file}:{line}" in kiosk.crew("status")
