from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tools.errors import RepositoryError
from tools.git import Repository, attach_repository, open_repository, story_branch
from tools.git.command import require_version

Git = Callable[..., str]
Reopen = Callable[[], Repository]


def test_missing_folder_becomes_a_repository_with_an_empty_first_commit_by_the_person(
    folder: Path, repository: Repository, git: Git
) -> None:
    assert git("log", "--format=%an <%ae>|%cn|%ct|%s", "main") == (
        "Pat Person <pat@example.com>|Pat Person|1767323045|Start the repository"
    )
    assert git("status", "--porcelain", "--branch") == "## main"
    assert repository.files(repository.required("refs/heads/main")) == ()


def test_empty_folder_becomes_a_repository(folder: Path, reopen: Reopen) -> None:
    folder.mkdir()
    assert reopen().ref("refs/heads/main")


def test_opening_again_changes_nothing(repository: Repository, reopen: Reopen) -> None:
    assert reopen().ref("refs/heads/main") == repository.ref("refs/heads/main")


@pytest.mark.parametrize("cut", ["before HEAD", "before the first commit"])
def test_a_creation_that_was_cut_short_is_completed(folder: Path, reopen: Reopen, git: Git, cut: str) -> None:
    folder.mkdir()
    if cut == "before HEAD":
        (folder / ".git" / "refs").mkdir(parents=True)
    else:
        git("init", "-q", "-b", "main")
    assert reopen().ref("refs/heads/main")


def refusal(reopen: Reopen) -> str:
    with pytest.raises(RepositoryError) as caught:
        reopen()
    return str(caught.value)


def test_folder_with_files_that_is_no_repository(folder: Path, reopen: Reopen) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert "not a git repository" in refusal(reopen)
    assert [each.name for each in folder.iterdir()] == ["notes.txt"]


def test_folder_inside_another_repository(repository: Repository, tmp_path: Path) -> None:
    inner = repository.folder / "inner"
    inner.mkdir()
    (inner / "file").write_text("x")
    with pytest.raises(RepositoryError, match="inside the one in"):
        open_repository(inner, tmp_path / "private")


def test_an_empty_folder_inside_another_repository(repository: Repository, tmp_path: Path) -> None:
    inner = repository.folder / "services" / "inner"
    inner.mkdir(parents=True)
    with pytest.raises(RepositoryError, match="would be nested"):
        open_repository(inner, tmp_path / "private")
    assert list(inner.iterdir()) == []
    assert open_repository(inner.with_name("new"), tmp_path / "private").base == "main"


def test_a_file_instead_of_a_folder(folder: Path, reopen: Reopen) -> None:
    folder.write_text("x")
    assert "is a file" in refusal(reopen)


def test_bare_repository(folder: Path, reopen: Reopen, git: Git) -> None:
    folder.mkdir()
    git("init", "-q", "--bare")
    assert "bare" in refusal(reopen)


def test_repository_that_calls_itself_bare(repository: Repository, reopen: Reopen, git: Git) -> None:
    git("config", "core.bare", "true")
    assert "bare" in refusal(reopen)


def test_linked_worktree(repository: Repository, git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    with pytest.raises(RepositoryError, match="linked worktree"):
        open_repository(tmp_path / "linked", tmp_path / "private")


@pytest.mark.parametrize("staged", [True, False])
def test_dirty_working_tree(
    repository: Repository, folder: Path, reopen: Reopen, git: Git, staged: bool
) -> None:
    (folder / "a.txt").write_text("one\n")
    reopen()  # a file that git does not track is nobody's change
    git("add", "a.txt")
    if not staged:
        git("commit", "-q", "-m", "a")
        reopen()
        (folder / "a.txt").write_text("two\n")
    message = refusal(reopen)
    assert "a.txt" in message
    assert "stash" in message


def test_detached_head(repository: Repository, reopen: Reopen, git: Git) -> None:
    git("checkout", "-q", "--detach")
    assert "detached" in refusal(reopen)


def test_no_base_branch(repository: Repository, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="has no branch release"):
        open_repository(folder, tmp_path / "private", base="release")


def test_the_base_branch_is_that_of_head(folder: Path, reopen: Reopen, git: Git) -> None:
    folder.mkdir()
    git("init", "-q", "-b", "master")
    git("commit", "-q", "--allow-empty", "-m", "a")
    git("branch", "main")
    assert reopen().base == "master"
    git("switch", "-q", "main")
    assert reopen().base == "master", "it is kept although another branch is checked out meanwhile"


def test_a_renamed_base_branch_is_found(repository: Repository, reopen: Reopen, git: Git) -> None:
    git("branch", "-q", "-m", "main", "trunk")
    assert reopen().base == "trunk"


def test_a_repository_known_to_earlier_versions_keeps_main(
    repository: Repository, reopen: Reopen, git: Git
) -> None:
    (repository.git.view / "base").unlink()
    git("switch", "-q", "-c", "feature")
    assert reopen().base == "main"


def test_another_base_branch(repository: Repository, folder: Path, tmp_path: Path, git: Git) -> None:
    git("branch", "-q", "-m", "main", "trunk")
    assert open_repository(folder, tmp_path / "private", base="trunk").ref("refs/heads/trunk")


def test_no_commit_but_files(folder: Path, reopen: Reopen, git: Git) -> None:
    folder.mkdir()
    git("init", "-q", "-b", "main")
    (folder / "a.txt").write_text("x")
    assert "no commit yet" in refusal(reopen)


def test_no_commit_on_another_branch(folder: Path, reopen: Reopen, git: Git) -> None:
    folder.mkdir()
    git("init", "-q", "-b", "master")
    assert reopen().base == "master"
    assert git("log", "--format=%s", "master") == "Start the repository"


def conflicting_history(folder: Path, git: Git) -> None:
    (folder / "a.txt").write_text("base\n")
    git("add", "a.txt")
    git("commit", "-q", "-m", "base")
    git("switch", "-q", "-c", "side")
    (folder / "a.txt").write_text("side\n")
    git("commit", "-q", "-a", "-m", "side")
    git("switch", "-q", "main")
    (folder / "a.txt").write_text("main\n")
    git("commit", "-q", "-a", "-m", "main")


@pytest.mark.parametrize("action", ["merge", "rebase", "cherry-pick"])
def test_unfinished_operation(
    repository: Repository, folder: Path, reopen: Reopen, git: Git, action: str
) -> None:
    conflicting_history(folder, git)
    reopen()
    done = subprocess.run(["git", action, "side"], cwd=folder, capture_output=True, check=False)
    assert done.returncode != 0
    message = refusal(reopen)
    assert f"A {action} is in progress" in message
    assert "--abort" in message


def test_missing_identity(folder: Path, reopen: Reopen, person: Path) -> None:
    (person / ".gitconfig").unlink()
    assert "user.email" in refusal(reopen)
    assert not folder.exists()


def test_who_only_reads_needs_no_identity(
    repository: Repository, folder: Path, tmp_path: Path, person: Path
) -> None:
    (person / ".gitconfig").unlink()
    read = attach_repository(folder, tmp_path / "private", reads=True)
    assert read.ref("refs/heads/main") == repository.ref("refs/heads/main")
    with pytest.raises(RepositoryError, match=r"user\.email"):
        attach_repository(folder, tmp_path / "private")


def test_identity_of_the_repository_wins_over_the_persons(
    repository: Repository, reopen: Reopen, git: Git
) -> None:
    git("config", "user.email", "pat@work.example.com")
    assert reopen().person.email == "pat@work.example.com"
    assert reopen().person.name == "Pat Person"


def test_identity_by_place(repository: Repository, reopen: Reopen, person: Path, folder: Path) -> None:
    (person / "work.conf").write_text("[user]\n\temail = pat@work.example.com\n")
    with (person / ".gitconfig").open("a") as file:
        file.write(f'[includeIf "gitdir:{folder.parent}/"]\n\tpath = {person}/work.conf\n')
    assert reopen().person.email == "pat@work.example.com"


@pytest.mark.parametrize(
    ("printed", "good"),
    [
        ("git version 2.37.7", False),
        ("git version 1.99.0", False),
        ("git version 2.38.0", True),
        ("git version 2.39.5 (Apple Git-154)", True),
        ("git version 3.0.0", True),
        ("sh: git: not found", False),
    ],
)
def test_version(printed: str, good: bool) -> None:
    if good:
        require_version(printed)
    else:
        with pytest.raises(RepositoryError, match="newer"):
            require_version(printed)


def test_old_git_is_refused_before_anything_is_made(
    folder: Path, reopen: Reopen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert "2.38" in refusal(reopen)
    assert not folder.exists()


def test_no_git_at_all(reopen: Reopen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in refusal(reopen)


def test_reftable_is_refused_clearly(repository: Repository, reopen: Reopen, git: Git) -> None:
    git("config", "core.repositoryformatversion", "1")
    git("config", "extensions.refstorage", "reftable")
    assert "reftable" in refusal(reopen)


def test_sha256_repository(folder: Path, reopen: Reopen, git: Git) -> None:
    folder.mkdir()
    git("init", "-q", "-b", "main", "--object-format=sha256")
    assert len(reopen().required("refs/heads/main")) == 64


def test_config_that_is_a_pipe_does_not_hang(repository: Repository, folder: Path, reopen: Reopen) -> None:
    import os

    (folder / ".git" / "config").unlink()
    os.mkfifo(folder / ".git" / "config")
    assert "not a git configuration file" in refusal(reopen)


def test_line_endings_of_the_repository_are_no_dirt(
    repository: Repository, folder: Path, reopen: Reopen, git: Git
) -> None:
    git("config", "core.autocrlf", "true")
    (folder / "a.txt").write_bytes(b"one\r\n")
    git("add", "a.txt")
    git("commit", "-q", "-m", "a")
    (folder / "a.txt").write_bytes(b"one\r\n")  # a new time makes git look inside
    reopen()


class TestStoryBranch:
    def test_new_branch_starts_at_main(self, repository: Repository) -> None:
        main = repository.required("refs/heads/main")
        assert repository.start_story("CHK-1") == main
        assert repository.ref("refs/heads/crew/CHK-1") == main

    def test_branch_with_work_goes_on(self, repository: Repository, commit_files: Callable[..., str]) -> None:
        start = repository.start_story("CHK-1")
        work = commit_files(start, {"a.txt": "x\n"})
        repository.update_ref(story_branch("CHK-1"), work, start)
        assert repository.start_story("CHK-1") == work

    def test_branch_that_was_merged_follows_main(
        self, repository: Repository, folder: Path, git: Git
    ) -> None:
        repository.start_story("CHK-1")
        git("commit", "-q", "--allow-empty", "-m", "more")
        assert repository.start_story("CHK-1") == git("rev-parse", "main")

    def test_diverged_branch(
        self, repository: Repository, commit_files: Callable[..., str], git: Git, when: datetime
    ) -> None:
        start = repository.start_story("CHK-1")
        repository.update_ref(story_branch("CHK-1"), commit_files(start, {"a.txt": "x\n"}), start)
        git("commit", "-q", "--allow-empty", "-m", "more")
        with pytest.raises(RepositoryError, match="diverged"):
            repository.start_story("CHK-1")
