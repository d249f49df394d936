from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.git.conftest import has
from tools.errors import RepositoryError
from tools.git import Repository, checkout, write_tree

Git = Callable[..., str]


@pytest.fixture
def main(repository: Repository) -> str:
    return repository.required("refs/heads/main")


def test_there_and_back(repository: Repository, workspace: Path, tmp_path: Path) -> None:
    (workspace / "src").mkdir()
    (workspace / "src" / "a.py").write_text("x = 1\n")
    (workspace / "run.sh").write_text("#!/bin/sh\n")
    (workspace / "run.sh").chmod(0o755)
    (workspace / "crlf.txt").write_bytes(b"a\r\nb\n")
    (workspace / "here").symlink_to("src/a.py")
    tree = write_tree(repository, workspace)
    assert repository.files(tree) == ("crlf.txt", "here", "run.sh", "src/a.py")
    other = tmp_path / "other"
    checkout(repository, tree, other)
    assert not (other / ".git").exists()
    assert os.access(other / "run.sh", os.X_OK)
    assert (other / "crlf.txt").read_bytes() == b"a\r\nb\n"
    assert (other / "here").readlink() == Path("src/a.py")
    assert write_tree(repository, other) == tree


def test_checkout_leaves_nothing_else(
    repository: Repository, main: str, workspace: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (workspace / "deep").mkdir()
    (workspace / "deep" / "old").write_text("x")
    (workspace / "link").symlink_to(outside)
    checkout(repository, main, workspace)
    assert list(workspace.iterdir()) == []
    assert (outside / "precious").exists()


def test_nothing_of_the_repository_moves(
    repository: Repository, workspace: Path, folder: Path, git: Git
) -> None:
    (workspace / "a.txt").write_text("x\n")
    write_tree(repository, workspace)
    assert git("status", "--porcelain") == ""
    assert [each.name for each in folder.iterdir()] == [".git"]


def test_ignored_files_stay_out_unless_they_are_tracked(repository: Repository, workspace: Path) -> None:
    (workspace / "kept.log").write_text("x\n")
    before = write_tree(repository, workspace)
    (workspace / ".gitignore").write_text("*.log\n__pycache__/\n")
    (workspace / "new.log").write_text("x\n")
    (workspace / "__pycache__").mkdir()
    (workspace / "__pycache__" / "a.pyc").write_text("x")
    assert repository.files(write_tree(repository, workspace)) == (".gitignore",)
    assert repository.files(write_tree(repository, workspace, base=before)) == (".gitignore", "kept.log")


def test_deleted_files_are_gone(repository: Repository, workspace: Path) -> None:
    (workspace / "a.txt").write_text("x\n")
    before = write_tree(repository, workspace)
    (workspace / "a.txt").unlink()
    assert repository.files(write_tree(repository, workspace, base=before)) == ()


@pytest.mark.parametrize("name", [".git", ".GIT", "deep/.git"])
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_nested_git_is_refused(repository: Repository, workspace: Path, name: str, kind: str) -> None:
    path = workspace / name
    path.parent.mkdir(exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("gitdir: /elsewhere\n")
    else:
        path.symlink_to("/elsewhere")
    with pytest.raises(RepositoryError, match=r"Remove it|Choose an empty"):
        write_tree(repository, workspace)


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "..", "../x", "a/../../x", "here/here/../../x", "./../x", "a/..", "/"],
)
def test_links_that_lead_out_are_refused(repository: Repository, workspace: Path, target: str) -> None:
    (workspace / "here").symlink_to(".")
    (workspace / "link").symlink_to(target)
    with pytest.raises(RepositoryError, match="points outside"):
        write_tree(repository, workspace)


@pytest.mark.parametrize("target", ["a.txt", "../a.txt", "missing", "./..", "deeper/b"])
def test_links_that_stay_inside_are_kept(repository: Repository, workspace: Path, target: str) -> None:
    (workspace / "deep").mkdir()
    (workspace / "deep" / "link").symlink_to(target)
    assert repository.files(write_tree(repository, workspace)) == ("deep/link",)


def test_a_tree_with_a_link_that_leads_out_is_not_checked_out(
    repository: Repository, workspace: Path, folder: Path, git: Git
) -> None:
    (folder / "link").symlink_to("/etc")
    git("add", "-A")
    git("commit", "-q", "-m", "evil")
    (workspace / "old").write_text("x")
    with pytest.raises(RepositoryError, match="points outside"):
        checkout(repository, git("rev-parse", "HEAD"), workspace)
    assert (workspace / "old").exists()


def test_submodules_are_refused(repository: Repository, workspace: Path, main: str, git: Git) -> None:
    git("update-index", "--add", "--cacheinfo", f"160000,{main},sub")
    tree = git("write-tree")
    with pytest.raises(RepositoryError, match="submodule"):
        checkout(repository, tree, workspace)
    (workspace / "sub").mkdir()
    with pytest.raises(RepositoryError, match="submodule"):
        write_tree(repository, workspace, base=tree)


@pytest.mark.parametrize("name", ["pipe", ".gitignore", ".gitattributes", "deep/.gitignore"])
def test_a_pipe_is_refused_and_never_waited_for(repository: Repository, workspace: Path, name: str) -> None:
    (workspace / name).parent.mkdir(exist_ok=True)
    os.mkfifo(workspace / name)
    with pytest.raises(RepositoryError, match="named pipe"):
        write_tree(repository, workspace)


def test_a_socket_is_no_file(
    repository: Repository, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("service.sock")
        assert repository.files(write_tree(repository, workspace)) == ()


def test_a_linked_gitignore_is_not_followed(repository: Repository, workspace: Path) -> None:
    (workspace / "patterns").write_text("a.txt\n")
    (workspace / "a.txt").write_text("x\n")
    (workspace / ".gitignore").symlink_to("patterns")
    assert "a.txt" in repository.files(write_tree(repository, workspace))


def test_places_that_cannot_be_a_workspace(
    repository: Repository, main: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "view").symlink_to(folder / ".git")
    for place in (folder, folder.parent, folder / ".git", folder / ".git" / "x", tmp_path / "view", tmp_path):
        with pytest.raises(RepositoryError, match="cannot be a workspace"):
            checkout(repository, main, place)
    assert has(repository, main)


def test_a_workspace_inside_the_repository_folder(repository: Repository, folder: Path, main: str) -> None:
    place = folder / ".crew" / "work" / "d1"
    checkout(repository, main, place)
    (place / "a.txt").write_text("x\n")
    assert repository.files(write_tree(repository, place)) == ("a.txt",)
