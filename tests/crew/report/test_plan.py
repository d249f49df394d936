"""The plan: how stories are read, one upon the other, with nothing done."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from crew.errors import BadInput
from crew.report.plan import plan_of, show_plan
from crew.stories import parse
from tests.crew.histories import STORIES
from tools.blueprint.blueprint_yaml import to_yaml
from tools.blueprint.model import Blueprint

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


def repository(folder: Path, name: str, text: str) -> None:
    """Make a repository with one file."""
    folder.mkdir()
    (folder / name).write_text(text)
    for command in (("init", "-qb", "main"), ("add", "-A"), ("commit", "-qm", "Import")):
        subprocess.run(["git", "-C", str(folder), *command], check=True)


def test_the_blueprint_on_the_main_branch_counts(tmp_path: Path) -> None:
    repository(tmp_path / "kiosk", "blueprint.yaml", "service: [not a blueprint\n")
    file = parse(STORIES.encode(), tmp_path / "stories.yaml")
    with pytest.raises(BadInput, match=r"blueprint\.yaml on the main branch of .* cannot be read"):
        plan_of(file)
    (tmp_path / "kiosk" / "blueprint.yaml").write_text(to_yaml(Blueprint(service="other")))
    subprocess.run(["git", "-C", str(tmp_path / "kiosk"), "commit", "-qam", "Change"], check=True)
    (tmp_path / "kiosk" / "blueprint.yaml").write_text("not committed")
    with pytest.raises(BadInput, match="belongs to the service other, not to kiosk"):
        plan_of(file)


def test_an_existing_project_is_left_to_a_language_model(tmp_path: Path) -> None:
    repository(tmp_path / "kiosk", "kiosk.py", "PAPERS = []\n")
    plan = plan_of(parse(STORIES.encode(), tmp_path / "stories.yaml"))
    assert not plan.new
    assert not plan.problem
    assert plan.not_covered == 6
    assert "not covered: People made this repository, and only a language model" in show_plan(plan)
    assert [each.name for each in tmp_path.iterdir()] == ["kiosk"]


def test_it_says_why_run_would_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = parse(STORIES.encode(), tmp_path / "stories.yaml")
    (tmp_path / "kiosk").mkdir()
    (tmp_path / "kiosk" / "notes.txt").write_text("Not a repository.\n")
    assert "crew run would stop: " in show_plan(plan_of(file))
    shutil.rmtree(tmp_path / "kiosk")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    plan = plan_of(file)
    assert "git config" in plan.problem
    assert plan.not_covered == 1, "it is read all the same"
