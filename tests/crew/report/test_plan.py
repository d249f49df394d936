"""The plan: how stories are read, one upon the other, with nothing done."""

from __future__ import annotations

from pathlib import Path

import pytest

from crew.errors import BadInput
from crew.report.plan import plan_of, show_plan
from crew.stories import parse
from tests.crew.histories import STORIES

LATER = """\
  - id: KIO-2
    title: Languages
    acceptance:
      - A paper also has a language (text, up to 20 characters).
"""


def test_a_later_story_is_read_upon_the_one_before(tmp_path: Path) -> None:
    plan = plan_of(parse((STORIES + LATER).encode(), tmp_path / "stories.yaml"))
    first, later = plan.stories
    assert plan.new
    assert plan.not_covered == 1
    assert {each.kind for each in first.changes} == {"additive"}
    assert first.person == ()
    assert any(each.kind == "breaking" and "language" in each.what for each in later.changes)
    assert len(later.person) >= 1
    assert list(tmp_path.iterdir()) == []


def test_it_is_shown_with_what_is_not_covered_and_who_is_needed(tmp_path: Path) -> None:
    said = show_plan(plan_of(parse((STORIES + LATER).encode(), tmp_path / "stories.yaml")))
    assert "kiosk, a new service in" in said
    assert "[x] KIO-1.2 A paper has a title" in said
    assert "[ ] KIO-1.6 The papers should rhyme." in said
    assert "so a person approves the merge" in said
    assert said.endswith("6 criteria covered, 1 not covered. Nothing was done.")


def test_the_blueprint_of_a_service_that_is_there_counts(tmp_path: Path) -> None:
    repository = tmp_path / "kiosk"
    repository.mkdir()
    (repository / "blueprint.yaml").write_text("service: [not a blueprint\n")
    with pytest.raises(BadInput, match=r"blueprint\.yaml cannot be read"):
        plan_of(parse(STORIES.encode(), tmp_path / "stories.yaml"))
