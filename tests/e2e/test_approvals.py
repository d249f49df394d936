"""A story that breaks the contract waits for a person; what they say is done and written down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Kiosk, clone

pytestmark = pytest.mark.slow

BREAKING = """\
service: kiosk
stories:
  - id: KIO-2
    title: Languages
    acceptance:
      - A paper also has a language (text, up to 20 characters).
  - id: KIO-3
    title: Poems
    acceptance:
      - The papers should rhyme.
"""


@dataclass(frozen=True)
class Asked:
    """A folder in which a delivery waits for a person, and can be put back to that moment."""

    kiosk: Kiosk
    kept: Path
    printed: str
    ended: list[dict[str, Any]]

    @property
    def delivery(self) -> str:
        """The delivery that waits."""
        return str(self.ended[0]["id"])

    @property
    def approval(self) -> str:
        """The id of what is asked."""
        (listed,) = [each for each in self.status() if each["id"] == self.delivery]
        (asked,) = listed["waits_for"]
        return str(asked["id"])

    def status(self) -> list[dict[str, Any]]:
        """Where the deliveries stand."""
        listed: list[dict[str, Any]] = json.loads(self.kiosk.crew("status", "--json"))["deliveries"]
        return listed

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Rows of the ledger, of one kind."""
        rows = [json.loads(line) for line in self.kiosk.crew("ledger", "export").splitlines()]
        return [row for row in rows if row["kind"] == kind]

    def version(self) -> str:
        """The tip of main."""
        return self.kiosk.git("rev-parse", "main")


@pytest.fixture(scope="module")
def waiting(delivered: Kiosk, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Two stories, run until the first one waits for a person."""
    kiosk = Kiosk(tmp_path_factory.mktemp("asked").resolve() / "folder")
    kiosk.folder.mkdir()
    clone(delivered, kiosk)
    printed = kiosk.crew("run", str(kiosk.write(BREAKING)), "--json", expect=3)
    kept = kiosk.folder.with_name("kept")
    shutil.copytree(kiosk.folder, kept, symlinks=True)
    return Asked(kiosk, kept, printed, json.loads(printed.splitlines()[-1])["deliveries"])


@pytest.fixture
def asked(waiting: Asked) -> Iterator[Asked]:
    """The moment at which the delivery waits; what runs afterwards is ended."""
    shutil.rmtree(waiting.kiosk.folder)
    shutil.copytree(waiting.kept, waiting.kiosk.folder, symlinks=True)
    yield waiting
    waiting.kiosk.crew("down", expect=None)


def test_what_breaks_the_contract_waits_and_says_what_for(asked: Asked) -> None:
    first, later = asked.ended
    assert (first["status"], later["status"]) == ("waiting", "waiting")
    assert asked.approval in first["reason"]
    assert "language" in first["reason"]
    assert first["id"] in later["reason"]
    assert asked.version() == asked.kiosk.git("rev-parse", "origin/main")
    assert asked.rows("asked")[0]["key"] == asked.approval
    assert asked.rows("answered") == []


def test_to_go_on_without_an_answer_waits_on(asked: Asked) -> None:
    said = asked.kiosk.crew("resume", expect=3)
    assert f"crew resume {asked.delivery} --approve {asked.approval}" in said
    assert asked.rows("answered") == []
    assert len(asked.rows("asked")) == 1


def test_an_approval_delivers_and_later_stories_go_on(asked: Asked) -> None:
    before, approval = asked.version(), asked.approval
    # The later story says nothing that can be covered, so the whole run ends with 1.
    printed = asked.kiosk.crew("resume", asked.delivery, "--approve", approval, "--json", expect=1)
    first, later = json.loads(printed.splitlines()[-1])["deliveries"]
    assert (first["status"], later["status"]) == ("delivered", "stopped"), (first["reason"], later["reason"])
    assert asked.version() != before
    (answered,) = asked.rows("answered")
    assert answered["key"] == approval
    assert answered["body"]["approved"] is True
    assert answered["body"]["by"] not in ("", "--yes")
    assert f"{approval}: approved by {answered['body']['by']}" in asked.kiosk.crew("why", asked.delivery)
    assert "no row was changed or removed" in asked.kiosk.crew("ledger", "verify")
    again = asked.kiosk.crew("resume", asked.delivery, "--approve", approval, expect=2)
    assert "does not wait for" in again


def test_yes_answers_and_is_recorded_as_the_approver(asked: Asked) -> None:
    asked.kiosk.crew("resume", asked.delivery, "--yes", expect=1)
    (answered,) = asked.rows("answered")
    assert (answered["body"]["by"], answered["body"]["approved"]) == ("--yes", True)
    assert [each["status"] for each in asked.status()] == ["delivered", "stopped"]


def test_a_rejection_stops_it(asked: Asked) -> None:
    before = asked.version()
    # The id of what waits says which delivery is meant.
    why = ("--reason", "The readers were not asked.")
    printed = asked.kiosk.crew("resume", "--reject", asked.approval, *why, "--json", expect=1)
    first, later = json.loads(printed.splitlines()[-1])["deliveries"]
    assert (first["status"], later["status"]) == ("stopped", "stopped")
    assert "rejected it. The readers were not asked." in first["reason"]
    assert asked.version() == before
    assert [row["body"]["approved"] for row in asked.rows("answered")] == [False]
    assert asked.rows("answered")[0]["body"]["text"] == "The readers were not asked."
    assert "The readers were not asked." in asked.kiosk.crew("why", asked.delivery)


def test_it_can_be_given_up(asked: Asked) -> None:
    before = asked.version()
    assert "stopped" in asked.kiosk.crew("abandon", asked.delivery)
    assert asked.status()[0]["status"] == "stopped"
    assert asked.status()[0]["waits_for"] == []
    assert asked.version() == before
    assert "has ended already" in asked.kiosk.crew("abandon", asked.delivery, expect=2)
    assert "no row was changed or removed" in asked.kiosk.crew("ledger", "verify")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("resume", "DELIVERY", "--approve", "p-0"), "Nothing is waiting for 'p-0'; pending: APPROVAL."),
        (("resume", "DELIVERY", "--answer", "APPROVAL", "yes"), "APPROVAL is an approval: use --approve"),
        (("resume", "LATER", "--approve", "APPROVAL"), "LATER does not wait for APPROVAL: it waits for DELIVERY."),
        (("resume", "--approve", "p-0"), "No delivery is waiting for 'p-0'."),
        (("resume", "nobody-1"), "Unknown delivery 'nobody-1'."),
        (("abandon", "nobody-1"), "Unknown delivery 'nobody-1'."),
        (("why", "nobody-1"), "No delivery, story or action has the id 'nobody-1'."),
        (("ledger", "show", "nobody-1"), "This ledger has no delivery 'nobody-1'"),
        (("ledger", "verify", "nobody-1"), "This ledger has no delivery 'nobody-1'"),
        (("ledger", "export", "nobody-1"), "This ledger has no delivery 'nobody-1'"),
    ],
)  # fmt: skip
def test_an_answer_to_nothing_is_refused(asked: Asked, arguments: tuple[str, ...], said: str) -> None:
    names = {"DELIVERY": asked.delivery, "APPROVAL": asked.approval, "LATER": str(asked.ended[1]["id"])}
    given = [names.get(each, each) for each in arguments]
    for placeholder, name in names.items():
        said = said.replace(placeholder, name)
    assert said in asked.kiosk.crew(*given, expect=2)
    assert asked.rows("answered") == []


def commit_on_main(asked: Asked, path: str, text: str) -> str:
    """Commit a file on main, as a person does, and return the commit."""
    kiosk = asked.kiosk
    (kiosk.repository / path).write_text(text)
    kiosk.git("add", path)
    kiosk.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-qm", f"Change {path}")
    return asked.version()


def test_a_commit_on_main_is_merged_in_tested_and_asked_about_again(asked: Asked) -> None:
    first = asked.approval
    moved = commit_on_main(asked, "NOTES.md", "Ada's notes.\n")

    asked.kiosk.crew("resume", asked.delivery, "--approve", first, expect=3)
    second = asked.approval
    assert second != first, "the approval of the old tree does not count for the new one"
    assert asked.version() == moved
    runs = [row["body"] for row in asked.rows("intent") if row["body"]["tool"] == "run_tests"]
    assert len(runs) == 2
    assert [row["key"] for row in asked.rows("answered")] == [first]

    asked.kiosk.crew("resume", asked.delivery, "--approve", second, expect=1)
    assert asked.status()[0]["status"] == "delivered"
    assert asked.kiosk.git("show", "main:NOTES.md") == "Ada's notes."
    assert "language" in asked.kiosk.git("show", "main:openapi.yaml")
    assert "no row was changed or removed" in asked.kiosk.crew("ledger", "verify")


def test_a_conflict_with_main_is_named_and_resolved_by_a_person(asked: Asked) -> None:
    first = asked.approval
    branch = "crew/KIO-2"
    text = asked.kiosk.git("show", "main:blueprint.yaml").replace("name: title", "name: title # Ada's")
    commit_on_main(asked, "blueprint.yaml", text.replace("max_length: 80", "max_length: 81") + "\n# end\n")

    said = asked.kiosk.crew("resume", asked.delivery, "--approve", first, expect=1)
    assert "have changed the same lines: blueprint.yaml:" in said
    assert f"switch {branch}" in said
    assert f"crew resume {asked.delivery}" in said
    assert asked.status()[0]["status"] == "waiting"
    assert "blueprint.yaml" in asked.status()[0]["reason"]

    ada = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    asked.kiosk.git("switch", "-q", branch)
    asked.kiosk.git(*ada, "merge", "-q", "-X", "ours", "-m", "Take the crew's side", "main")
    asked.kiosk.git("switch", "-q", "main")
    asked.kiosk.crew("resume", asked.delivery, expect=3)
    assert asked.approval != first
    asked.kiosk.crew("resume", asked.delivery, "--approve", asked.approval, expect=1)
    assert asked.status()[0]["status"] == "delivered"


def test_resume_notices_a_commit_on_main_without_an_approval(asked: Asked) -> None:
    first = asked.approval
    commit_on_main(asked, "NOTES.md", "Ada's notes.\n")
    said = asked.kiosk.crew("resume", asked.delivery, expect=3)
    assert asked.approval != first
    assert f"--approve {asked.approval}" in said
    assert [(row["key"], row["body"]["approved"]) for row in asked.rows("answered")] == [(first, None)]
    assert "Nothing is waiting for" in asked.kiosk.crew(
        "resume", asked.delivery, "--approve", first, expect=2
    )


def test_a_rejection_counts_although_main_has_changed(asked: Asked) -> None:
    approval = asked.approval
    moved = commit_on_main(asked, "NOTES.md", "Ada's notes.\n")
    asked.kiosk.crew("resume", "--reject", approval, "--reason", "No.", expect=1)
    assert asked.status()[0]["status"] == "stopped"
    assert "rejected it. No." in asked.status()[0]["reason"]
    assert asked.version() == moved
