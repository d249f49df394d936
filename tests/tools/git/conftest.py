"""A person with an identity of their own, repositories, and plain git as that person runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.git import Repository, agent, checkout, open_repository, write_tree
from tools.redaction import Redactor


@pytest.fixture
def when() -> datetime:
    """The time of everything."""
    return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder whose git configuration names Pat, and nothing else of git in the environment."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Pat Person\n\temail = pat@example.com\n")
    for name in list(os.environ):
        if name.startswith("GIT_") or name in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the service's repository is, or will be."""
    return tmp_path / "checkout"


@pytest.fixture
def git(folder: Path) -> Callable[..., str]:
    """Plain git in that folder, as the person runs it."""

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def reopen(folder: Path, tmp_path: Path, when: datetime) -> Callable[[], Repository]:
    """Open the repository as a new process would."""
    return lambda: open_repository(folder, tmp_path / "private", when=when)


@pytest.fixture
def repository(reopen: Callable[[], Repository]) -> Repository:
    """A repository that was just made."""
    return reopen()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace."""
    made = tmp_path / "workspace"
    made.mkdir()
    return made


@pytest.fixture
def commit_files(repository: Repository, workspace: Path, when: datetime) -> Callable[..., str]:
    """Commit files on top of a commit as a role would, and return the commit."""

    def make(parent: str, texts: dict[str, str | None], message: str = "Change") -> str:
        checkout(repository, parent, workspace)
        for name, text in texts.items():
            path = workspace / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        tree = write_tree(repository, workspace, base=parent)
        return repository.commit(tree, (parent,), message, agent("code"), when, Redactor(()))

    return make


def has(repository: Repository, object_id: str) -> bool:
    return repository.git.attempt("cat-file", "-e", object_id).status == 0


def parents(repository: Repository, commit: str) -> tuple[str, ...]:
    return tuple(repository.git.text("rev-list", "--parents", "-n", "1", commit).split()[1:])


def commits(repository: Repository, since: str, until: str) -> tuple[str, ...]:
    """Return the commits of `until` that `since` lacks, oldest first."""
    return tuple(repository.git.text("rev-list", "--reverse", until, f"^{since}").split())
