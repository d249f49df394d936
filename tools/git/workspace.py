"""Workspaces: plain folders without a `.git` that are filled from a tree and stored as a tree again."""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import RepositoryError
from tools.git.repository import full_id

if TYPE_CHECKING:
    from tools.git.repository import Repository


def checkout(repository: Repository, source: str, workspace: Path) -> None:
    """Replace the content of a workspace with the files of a tree or commit.

    Repeating the call is harmless. Raises RepositoryError if the workspace is or contains a repository or is inside
    a git folder, or if the tree contains submodules or links that point out of it.
    """
    workspace = workspace.resolve()
    _refuse_folder(repository, workspace)
    refuse_unsafe_entries(repository, source)
    workspace.mkdir(parents=True, exist_ok=True)
    for path in workspace.iterdir():
        remove(path)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        repository.git.run("read-tree", full_id(source), index=index)
        repository.git.run("checkout-index", "--all", "--force", index=index, work_tree=workspace)


def write_tree(repository: Repository, workspace: Path, base: str | None = None) -> str:
    """Store the files of a workspace as a tree and return its id.

    `.gitignore` is respected, but files of the tree or commit `base` stay tracked even if they are ignored. Raises
    RepositoryError if the workspace contains a `.git` at any depth, submodules, links that point out of it, named
    pipes or devices.
    """
    workspace = workspace.resolve()
    _refuse_folder(repository, workspace)
    refuse_unsafe_files(workspace)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        if base is not None:
            repository.git.run("read-tree", full_id(base), index=index)
        repository.git.run("add", "--all", "--", ".", index=index, work_tree=workspace)
        tree = repository.git.text("write-tree", index=index)
    refuse_unsafe_entries(repository, tree)
    return tree


def refuse_unsafe_files(workspace: Path) -> None:
    """Raise RepositoryError if the workspace contains what git must not encounter: nested repositories, named pipes
    or devices.

    git queries the status of a repository nested in a working tree, and thereby runs commands from its config.
    """
    for folder, folders, files in os.walk(workspace):
        for name in (*folders, *files):
            path = Path(folder) / name
            if name.lower() == ".git":
                raise RepositoryError(f"{path} would be a repository inside the workspace. Remove it.")
            mode = path.lstat().st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                raise RepositoryError(f"{path} is a named pipe or a device, not a file. Remove it.")


def remove_unsafe_files(workspace: Path, known: Collection[str] = ()) -> tuple[str, ...]:
    """Remove what `write_tree` would reject, such as leftovers of a command, and return a description of each.

    Files whose names are not valid UTF-8 are removed too unless they are among the `known` paths, since no result
    could name them. Files and folders are made readable and writable so that nothing stays hidden.
    """
    removed = []
    for folder, folders, files in os.walk(workspace):
        for name in (*folders, *files):
            path = Path(folder) / name
            relative = path.relative_to(workspace).as_posix()
            mode = path.lstat().st_mode
            shown = relative.encode("utf-8", "backslashreplace").decode()
            if name.lower() == ".git":
                remove(path)
                removed.append(f"{shown} (a repository inside the workspace)")
            elif shown != relative and not any(each.startswith(relative) for each in known):
                remove(path)
                removed.append(f"{shown} (a name that is not UTF-8)")
            elif stat.S_ISLNK(mode):
                if _leads_out(relative, os.fsencode(path.readlink())):
                    path.unlink()
                    removed.append(f"{shown} (a link that points outside)")
            elif stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                needed = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR | stat.S_IWUSR
                if mode & needed != needed:
                    path.chmod(stat.S_IMODE(mode) | needed)
            else:
                path.unlink()
                removed.append(f"{shown} (a pipe, socket or device)")
        folders[:] = [each for each in folders if os.path.lexists(Path(folder) / each)]
    return tuple(removed)


def remove(path: Path) -> None:
    """Remove a file, link or folder including its content, whatever the permissions. A missing path is ignored."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    path.chmod(stat.S_IRWXU)
    for folder, folders, _ in os.walk(path):
        for each in folders:
            inner = Path(folder, each)
            if not inner.is_symlink():
                inner.chmod(stat.S_IRWXU)
    shutil.rmtree(path)


def refuse_unsafe_entries(repository: Repository, tree: str) -> None:
    """Raise RepositoryError if a tree contains submodules or links that could point out of its root folder."""
    for entry in repository.entries(tree):
        if entry.mode == "160000":
            raise RepositoryError(f"{entry.path} is a submodule, which the crew cannot work with. Remove it.")
        if entry.mode == "120000" and _leads_out(entry.path, repository.blob(entry.id)):
            raise RepositoryError(f"{entry.path} is a link that points outside the workspace. Remove it.")


def _leads_out(path: str, content: bytes) -> bool:
    """Whether a link could point out of the root folder. ".." is safe only at the start: later it may follow a link."""
    target = content.decode("utf-8", "surrogateescape")
    parts = [part for part in target.split("/") if part not in ("", ".")]
    while parts and parts[0] == "..":
        parts.pop(0)
    landing = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return target.startswith("/") or ".." in parts or landing == ".." or landing.startswith("../")


def _refuse_folder(repository: Repository, workspace: Path) -> None:
    inside_git = any(map(workspace.is_relative_to, (repository.git.git_folder, repository.git.view)))
    if inside_git or repository.folder.is_relative_to(workspace) or (workspace / ".git").exists():
        raise RepositoryError(
            f"{workspace} cannot be a workspace: a repository is there. Choose an empty folder."
        )
