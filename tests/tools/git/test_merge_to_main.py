from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.tools.git.conftest import parents
from tools.errors import RepositoryError
from tools.git import Landing, Repository, agent, find_landing, merge, merge_to_main, story_branch
from tools.git.merge_to_main import finish_landing
from tools.redaction import Redactor

Commit = Callable[..., str]
Git = Callable[..., str]
BRANCH = story_branch("S-1")


@pytest.fixture
def tip(repository: Repository, commit_files: Commit) -> str:
    """A story branch with one commit: a new file in a new folder."""
    start = repository.start_story("S-1")
    tip = commit_files(start, {"src/a.py": "x = 1\n"})
    repository.update_ref(BRANCH, tip, start)
    return tip


@pytest.fixture
def land(repository: Repository, when: datetime) -> Callable[..., Landing]:
    def run(**changed: str) -> Landing:
        return merge(
            repository,
            BRANCH,
            message="Merge S-1: Orders",
            trailers={"Delivery": "d1", "Ledger-Head": "sha256:abc"},
            author=agent("governance"),
            when=when,
            redact=Redactor(()),
            **changed,
        )

    return run


def test_merge_commit_has_both_parents_and_trailers(
    repository: Repository, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    before = repository.required("refs/heads/main")
    landing = land()
    assert landing.outcome == "merged"
    assert landing.commit == git("rev-parse", "main")
    assert parents(repository, str(landing.commit)) == (before, tip)
    assert git("log", "-1", "--format=%(trailers:key=Delivery,valueonly)", "main").strip() == "d1"
    assert git("log", "-1", "--format=%(trailers:key=Ledger-Head,valueonly)", "main").strip() == "sha256:abc"
    assert git("log", "-1", "--format=%an|%cn|%s", "main") == "governance agent|Pat Person|Merge S-1: Orders"


def test_the_persons_files_follow(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    (folder / "notes.txt").write_text("untracked\n")
    land()
    assert (folder / "src" / "a.py").read_text() == "x = 1\n"
    assert git("status", "--porcelain") == "?? notes.txt"
    assert "crew: merge" in git("reflog", "-1", "main")


def test_files_on_another_branch_stay(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    git("switch", "-q", "-c", "other")
    land()
    assert not (folder / "src").exists()
    assert git("status", "--porcelain") == ""


def test_merging_again_finds_the_merge(
    repository: Repository, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    assert find_landing(repository, BRANCH) is None
    first = land()
    git("commit", "-q", "--allow-empty", "-m", "life goes on")
    assert land() == first
    assert find_landing(repository, BRANCH) == first.commit
    assert git("rev-list", "--count", "--merges", "main") == "1"


def test_main_may_have_moved_on(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    (folder / "b.py").write_text("y = 1\n")
    git("add", "-A")
    git("commit", "-q", "-m", "b")
    assert repository.files(land().tree) == ("b.py", "src/a.py")
    assert (folder / "src" / "a.py").exists()


def test_another_tree_than_the_tested_one_is_not_merged(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    tested = repository.tree_of(tip)
    (folder / "b.py").write_text("y = 1\n")
    git("add", "-A")
    git("commit", "-q", "-m", "b")
    before = repository.ref("refs/heads/main")
    landing = land(expected_tree=tested)
    assert (landing.outcome, landing.commit) == ("tree_changed", None)
    assert repository.ref("refs/heads/main") == before
    assert land(expected_tree=landing.tree).outcome == "merged"


def test_conflicts_merge_nothing(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text("x = 2\n")
    git("add", "-A")
    git("commit", "-q", "-m", "other a")
    before = repository.ref("refs/heads/main")
    landing = land()
    assert landing.outcome == "conflicts"
    assert [(each.file, each.line) for each in landing.conflicts] == [("src/a.py", 1)]
    assert repository.ref("refs/heads/main") == before


def test_a_branch_without_work(repository: Repository, land: Callable[..., Landing]) -> None:
    repository.start_story("S-1")
    assert land().outcome == "nothing_to_merge"


def test_dirty_meanwhile(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    (folder / "mine.txt").write_text("x\n")
    git("add", "-A")
    before = git("rev-parse", "main")
    with pytest.raises(RepositoryError, match=r"mine\.txt.*nothing was merged"):
        land()
    assert git("rev-parse", "main") == before
    git("commit", "-q", "-m", "mine")
    assert land().outcome == "merged"


def test_an_untracked_file_in_the_way_is_not_overwritten(
    repository: Repository, folder: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text("precious\n")
    before = git("rev-parse", "main")
    with pytest.raises(RepositoryError, match="block the merge"):
        land()
    assert git("rev-parse", "main") == before
    assert (folder / "src" / "a.py").read_text() == "precious\n"


def test_main_checked_out_in_another_worktree(
    repository: Repository, tmp_path: Path, tip: str, land: Callable[..., Landing], git: Git
) -> None:
    git("switch", "-q", "-c", "other")
    git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    before = git("rev-parse", "main")
    with pytest.raises(RepositoryError, match="worktree"):
        land()
    assert git("rev-parse", "main") == before


def test_main_that_moves_at_the_last_moment(
    repository: Repository, tip: str, git: Git, monkeypatch: pytest.MonkeyPatch, land: Callable[..., Landing]
) -> None:

    def person_commits(*_: object) -> None:
        git("commit", "-q", "--allow-empty", "-m", "quick")

    monkeypatch.setattr(merge_to_main, "refuse_blocked", person_commits)
    with pytest.raises(RepositoryError, match="meanwhile"):
        land()
    monkeypatch.undo()
    assert git("status", "--porcelain") == ""
    assert land().outcome == "merged"
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_trailers_are_one_line(repository: Repository, tip: str, value: str, when: datetime) -> None:
    with pytest.raises(RepositoryError, match="single line"):
        merge(
            repository,
            BRANCH,
            message="m",
            trailers={"Delivery": value},
            author=agent("code"),
            when=when,
            redact=Redactor(()),
        )


class CutOff(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("place", ["swap", "bring_up_to_date"])
@pytest.mark.parametrize("after", [False, True])
def test_a_merge_that_was_cut_off_is_completed(
    repository: Repository,
    reopen: Callable[[], Repository],
    folder: Path,
    tip: str,
    land: Callable[..., Landing],
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    after: bool,
) -> None:

    owner = Repository if place == "swap" else merge_to_main
    real = getattr(owner, place)

    def cut(*arguments: object, **named: object) -> None:
        if after:
            real(*arguments, **named)
        raise CutOff

    monkeypatch.setattr(owner, place, cut)
    with pytest.raises(CutOff):
        land()
    monkeypatch.undo()
    reopen()  # does not call the half-done merge a dirty working tree
    assert git("status", "--porcelain") == ""
    assert land().outcome == "merged"
    assert (folder / "src" / "a.py").exists()
    assert git("rev-list", "--count", "--merges", "main") == "1"
    assert git("status", "--porcelain") == ""


def test_a_person_who_edits_in_the_gap_loses_nothing(
    repository: Repository,
    folder: Path,
    tip: str,
    land: Callable[..., Landing],
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def cut(*_: object) -> None:
        raise CutOff

    monkeypatch.setattr(merge_to_main, "bring_up_to_date", cut)
    with pytest.raises(CutOff):
        land()
    monkeypatch.undo()
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text("precious\n")
    with pytest.raises(RepositoryError, match="could not be updated"):
        finish_landing(repository)
    assert (folder / "src" / "a.py").read_text() == "precious\n"
    (folder / "src" / "a.py").unlink()
    finish_landing(repository)
    assert git("status", "--porcelain") == ""
