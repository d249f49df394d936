from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.deep import nested
from tests.tools.git.conftest import has
from tools.errors import RepositoryError, TooManyFiles
from tools.git import Repository, checkout, export, write_tree

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


ALTERING = """\
*.crlf text eol=crlf
*.ident ident
*.wide working-tree-encoding=UTF-16LE
*.lfs filter=lfs diff=lfs merge=lfs -text
hidden.py export-ignore
*.subst export-subst
"""


@pytest.mark.attack
def test_an_export_is_byte_for_byte_what_the_tree_holds(
    repository: Repository, reopen: Callable[[], Repository], git: Git, tmp_path: Path
) -> None:
    files = {
        ".gitattributes": ALTERING.encode(),
        "a.crlf": b"x = 1\n",
        "b.ident": b"$Id$\n",
        "c.wide": b"text",
        "d.lfs": b"version https://git-lfs.github.com/spec/v1\n",
        "hidden.py": b"x = 1\n",
        "e.subst": b"$Format:%H$\n",
        "sub/run": b"#!/bin/sh\n",
    }
    ids = {name: repository.store(content) for name, content in files.items()}
    modes = {"sub/run": "100755"}
    records = "".join(f"{modes.get(name, '100644')} {each}\t{name}\0" for name, each in ids.items())
    records += f"120000 {repository.store(b'sub/run')}\tlink\0"
    index = tmp_path / "index"
    repository.git.run("update-index", "-z", "--index-info", stdin=records.encode(), index=index)
    tree = repository.git.text("write-tree", index=index)
    git("config", "core.autocrlf", "true")
    git("config", "core.symlinks", "false")
    folder = tmp_path / "out"
    (folder / "left").mkdir(parents=True)
    (folder / "left" / "conftest.py").write_text("x")
    export(reopen(), tree, folder)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    assert there == {*files, "link"}
    assert {name: (folder / name).read_bytes() for name in files} == files
    assert (folder / "link").readlink() == Path("sub/run")
    assert os.access(folder / "sub/run", os.X_OK)
    assert not os.access(folder / "a.crlf", os.X_OK)


@pytest.mark.attack
@pytest.mark.parametrize("name", [".git/config", "sub/.GIT/hooks/x", ".."])
def test_a_tree_with_paths_that_git_refuses_is_not_exported(
    repository: Repository, tmp_path: Path, name: str
) -> None:
    made = repository.store(b"x")
    kind = "blob"
    for part in reversed(name.split("/")):
        mode = "100644" if kind == "blob" else "40000"
        content = f"{mode} {part}\0".encode() + bytes.fromhex(made)
        made, kind = (
            repository.git.text("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=content),
            "tree",
        )
    with pytest.raises(RepositoryError):
        export(repository, made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.attack
def test_a_repository_with_deep_folders_is_refused(repository: Repository, workspace: Path) -> None:
    blob = repository.store(b"x")
    index = workspace / "index"
    record = f"100644 {blob}\t{'d/' * 3000}f\0".encode()
    repository.git.run("update-index", "-z", "--index-info", stdin=record, index=index)
    tree = repository.git.text("write-tree", index=index)
    with pytest.raises(RepositoryError, match="100 folders deep"):
        checkout(repository, tree, workspace)


@pytest.mark.attack
def test_a_workspace_with_deep_folders_is_refused_and_replaced(
    repository: Repository, main: str, workspace: Path
) -> None:
    with nested(workspace):
        with pytest.raises(TooManyFiles):
            write_tree(repository, workspace)
        checkout(repository, main, workspace)
        assert list(workspace.iterdir()) == []
