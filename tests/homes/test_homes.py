"""Homes of every released shape: what ended is shown and verified, what did not is refused with the way out."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from crew.app import Settings, open_app
from crew.errors import WrittenLater
from crew.models.by_url import role_models
from crew.records.graph_shapes import SHAPE, SHAPES
from crew.records.ledger import Ledger
from crew.records.rows import Kind
from crew.settings.config import Config
from crew.stories import load
from graphs.run import begin
from tests.homes.fixtures import HERE, NAMES, crew, facts, unpack
from tools.redaction import Redactor


@dataclass(frozen=True)
class Old:
    """A home that an earlier version wrote, laid out with its repositories in another folder."""

    home: Path
    expected: dict[str, Any]

    @property
    def moved(self) -> list[str]:
        """The options that say where its repositories are now."""
        bundles = sorted(self.home.parent.glob("*.bundle"))
        return [option for each in bundles for option in ("--repo", str(each.with_suffix("")))]

    @property
    def unfinished(self) -> list[str]:
        """The deliveries that have not ended."""
        return [name for name, each in self.expected.items() if each["status"] == "waiting"]

    def row(self, delivery: str) -> dict[str, Any]:
        """The first row of a delivery."""
        return dict(json.loads(crew(self.home, "ledger", "export", delivery).splitlines()[0]))

    def story_file(self, delivery: str, *criteria: str) -> Path:
        """Write another story for the service of a delivery."""
        wanted = criteria or ("A paper has a title (text, up to 80 characters).",)
        story = {"id": "NEW-1", "title": "New", "acceptance": [*wanted]}
        path = self.home.parent / "stories.yaml"
        path.write_text(yaml.safe_dump({"service": self.expected[delivery]["service"], "stories": [story]}))
        return path


@pytest.fixture(params=NAMES)
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Old:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Ada")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ada@example.org")
    expected = json.loads((HERE / request.param / "expected.json").read_text())
    return Old(unpack(request.param, tmp_path), expected)


def test_every_earlier_shape_has_a_home(tmp_path: Path) -> None:
    shapes = set()
    for name in NAMES:
        (tmp_path / name).mkdir()
        lines = crew(unpack(name, tmp_path / name), "ledger", "export").splitlines()
        shapes |= {row["body"]["shape"] for row in map(json.loads, lines) if row["kind"] == "opened"}
    assert set(SHAPES[:-1]) <= shapes <= set(SHAPES)


def test_the_homes_hold_every_kind_of_row_and_of_ending() -> None:
    homes = [json.loads((HERE / name / "expected.json").read_text()) for name in NAMES]
    deliveries = [each for home in homes for each in home.values()]
    assert {kind for each in deliveries for kind in each["rows"]} == set(get_args(Kind))
    assert {each["status"] for each in deliveries} == {"delivered", "stopped", "failed", "waiting"}


def test_everything_is_shown_as_the_version_that_wrote_it_showed_it(old: Old) -> None:
    shown = facts(old.home)
    assert shown == old.expected
    assert list(shown) == list(old.expected)
    status = crew(old.home, "status")
    for delivery, each in old.expected.items():
        assert f"{delivery}  {each['story']} {each['title']}: {each['status']}" in status
        last = json.loads(crew(old.home, "why", delivery, "--json"))["reasons"][-1]
        assert f"{last['action']}  {last['role']}: {last['tool']}" in crew(old.home, "why", delivery)
        assert last["rationale"] in crew(old.home, "why", last["action"])
        assert len(crew(old.home, "ledger", "show", delivery).splitlines()) == sum(each["rows"].values())


def test_the_ledger_is_verified_against_repositories_that_have_moved(old: Old) -> None:
    said = crew(old.home, "ledger", "verify", *old.moved)
    assert f"{len(old.expected)} deliveries verified: no row was changed or removed" in said
    assert "its repository cannot be read" in crew(old.home, "ledger", "verify", expect=1)


def test_a_changed_row_is_still_found(old: Old) -> None:
    connection = sqlite3.connect(old.home / "ledger.db")
    connection.execute("DROP TRIGGER rows_are_not_deleted")
    (delivery,) = connection.execute("SELECT delivery FROM rows WHERE kind = 'closed'").fetchone()
    connection.execute("DELETE FROM rows WHERE kind = 'closed' AND delivery = ?", (delivery,))
    connection.commit()
    connection.close()
    assert f"{delivery}: the rows after row" in crew(old.home, "ledger", "verify", *old.moved, expect=1)


def test_the_knowledge_graph_is_made_anew_from_it(old: Old) -> None:
    ended = len(old.expected) - len(old.unfinished)
    assert f"The graph was rebuilt from {ended} deliveries" in crew(old.home, "knowledge", "rebuild")


def test_what_has_not_ended_is_refused_with_a_command_that_works(old: Old) -> None:
    before = crew(old.home, "ledger", "export")
    for delivery in old.unfinished:
        about = old.row(delivery)["body"]
        if about["shape"] == SHAPE:
            continue
        run = ("run", str(old.story_file(delivery)), "--repo", about["repository"])
        replies = [("resume", "--approve", name) for name, kind, _ in old.expected[delivery]["questions"]]
        for command in (
            ("resume", delivery),
            ("resume", delivery, "--budget", "steps=900"),
            ("resume",),
            *replies,
        ):
            assert refused(old, delivery) in crew(old.home, *command, expect=1)
        assert refused(old, delivery) in crew(old.home, *run, expect=2)
        listed = {each["id"]: each for each in json.loads(crew(old.home, "status", "--json"))["deliveries"]}
        assert listed[delivery]["reason"] == refused(old, delivery)
        assert listed[delivery]["waits_for"] == []
    assert crew(old.home, "ledger", "export") == before

    for delivery in old.unfinished:
        assert f"{delivery}: stopped." in crew(old.home, "abandon", delivery)
    assert "Every delivery has ended" in crew(old.home, "resume")
    assert "no row was changed or removed" in crew(old.home, "ledger", "verify", *old.moved)
    for delivery in old.unfinished:
        assert opens_again(old, delivery)


def refused(old: Old, delivery: str) -> str:
    """Return what is said of a delivery that cannot be continued."""
    story = old.expected[delivery]["story"]
    return (
        f"{delivery} ({story}) was started by an earlier version of Shipcrew, whose steps differ from this version's, "
        f"so it cannot be continued. Abandon it with `crew abandon {delivery} --home {old.home}`, which leaves alone "
        f"what it has merged, then start {story} again with `crew run`."
    )


def test_the_others_are_continued(old: Old) -> None:
    left = [each for each in old.unfinished if old.row(each)["body"]["shape"] != SHAPE]
    fresh = old.home.parent / "fresh"
    (other,) = opens_again(old, old.unfinished[0], fresh, "The papers should rhyme.")
    said = crew(old.home, "resume", expect=1)
    assert all(refused(old, each) in said for each in left)
    listed = {
        each["id"]: each["status"] for each in json.loads(crew(old.home, "status", "--json"))["deliveries"]
    }
    assert (listed[other], {listed[each] for each in left}) == ("stopped", {"waiting"})


def opens_again(old: Old, delivery: str, repository: Path | None = None, *criteria: str) -> list[str]:
    """Open a delivery to the repository of another one, or to a new one, and return its id; nothing is run."""
    file = load(old.story_file(delivery, *criteria))
    there = Path(old.row(delivery)["body"]["repository"])
    file = file.model_copy(update={"repository": repository or there})
    with open_app(Settings(home=old.home), role_models(Config(), old.home)) as app:
        return begin(app, file)


@pytest.mark.parametrize("written", [("note", 2), ("rollout", 1)])
def test_a_row_of_a_later_version_is_refused_and_not_misread(old: Old, written: tuple[str, int]) -> None:
    kind, version = written
    delivery = next(iter(old.expected))
    with closing(Ledger(old.home / "ledger.db", Redactor(()))) as ledger, pytest.raises(WrittenLater):
        ledger.write(delivery, kind, "later", {"text": "Later.", "v": version})
        ledger.rows(delivery)
    number = sum(old.expected[delivery]["rows"].values()) + 1
    message = (
        f"Row {number} of {delivery} is of kind `{kind}`, version {version}, which this version of Shipcrew"
    )
    for command in (
        ("status",), ("why", delivery), ("ledger", "show", delivery), ("ledger", "verify"), ("abandon", delivery),
        ("resume", delivery), ("knowledge", "rebuild"),
    ):  # fmt: skip
        assert message in crew(old.home, *command, expect=1)
    # An export only hands rows on.
    assert json.loads(crew(old.home, "ledger", "export", delivery).splitlines()[-1])["kind"] == kind
