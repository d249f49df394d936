"""Workspaces: plain folders without a `.git` that are filled from a tree and stored as a tree again."""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import RepositoryError
from tools.git.repository import full_id
from tools.workspace.paths import unlink_alias
from tools.workspace.removal import remove
from tools.workspace.walk import MOST_LEVELS, is_too_deep, shown, walk

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


def export(repository: Repository, source: str, folder: Path) -> None:
    """Replace the content of a folder with the files of a tree or commit, byte for byte.

    Unlike `checkout`, no attribute or setting of the repository applies, such as `eol`, `ident`,
    `working-tree-encoding` or `core.symlinks`. Raises RepositoryError if the tree contains submodules, links that
    point out of it, or paths that git does not accept.
    """
    refuse_unsafe_entries(repository, source)
    with tempfile.TemporaryDirectory() as scratch:
        # Unlike `ls-tree`, this rejects paths such as "../a" or ".git/config".
        repository.git.run("read-tree", full_id(source), index=Path(scratch) / "index")
    remove(folder)
    folder.mkdir(parents=True)
    entries = repository.entries(source)
    contents = repository.blobs([entry.id for entry in entries])
    # Links come last, so that no file is written through one.
    for entry, content in sorted(
        zip(entries, contents, strict=True), key=lambda pair: pair[0].mode == "120000"
    ):
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == "120000":
            path.symlink_to(os.fsdecode(content))
            continue
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError as error:
            raise RepositoryError(
                f"{entry.path} has the same name as another file, for this file system. Rename it."
            ) from error
        path.chmod(0o755 if entry.mode == "100755" else 0o644)


def write_tree(repository: Repository, workspace: Path, base: str | None = None) -> str:
    """Store the files of a workspace as a tree and return its id.

    `.gitignore` is respected, but files of the tree or commit `base` stay tracked even if they are ignored. Raises
    RepositoryError if the workspace contains a `.git` at any depth, submodules, links that point out of it, named
    pipes or devices, and TooManyFiles if it is too large.
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
    """Raise RepositoryError if the workspace contains nested repositories, named pipes or devices.

    git queries the status of a repository nested in a working tree, and thereby runs commands from its config.
    """
    for folder, folders, others in walk(workspace):
        for entry in (*folders, *others):
            path = folder / entry.name
            if entry.name.lower() == ".git":
                raise RepositoryError(f"{path} would be a repository inside the workspace. Remove it.")
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                raise RepositoryError(f"{path} is a named pipe or a device, not a file. Remove it.")


def remove_unsafe_files(workspace: Path, known: Collection[str] = ()) -> tuple[str, ...]:
    """Remove what `write_tree` would reject, such as leftovers of a command, and return a description of each.

    Files whose names are not valid UTF-8 are removed too unless they are among the `known` paths, since no result
    could name them. Files and folders are made readable and writable so that nothing stays hidden, and hard links
    become files of their own, so that writing one never changes another. Raises TooManyFiles.
    """
    removed = []
    for folder, folders, others in walk(workspace):
        for entry in (*folders, *others):
            path = folder / entry.name
            relative = path.relative_to(workspace).as_posix()
            mode = entry.stat(follow_symlinks=False).st_mode
            reason = _unsafe(path, relative, mode, known)
            if reason:
                remove(path)
                removed.append(f"{shown(relative)} ({reason})")
            elif not stat.S_ISLNK(mode):
                needed = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR | stat.S_IWUSR
                if mode & needed != needed:
                    path.chmod(stat.S_IMODE(mode) | needed)
                if stat.S_ISREG(mode):
                    unlink_alias(path)
        folders[:] = [each for each in folders if os.path.lexists(folder / each.name)]
    return tuple(removed)


def _unsafe(path: Path, relative: str, mode: int, known: Collection[str]) -> str:
    """Return the reason why a file or folder may not stay in a workspace; "" if it may."""
    if path.name.lower() == ".git":
        return "a repository inside the workspace"
    if is_too_deep(relative):
        return f"more than {MOST_LEVELS} folders deep"
    if shown(relative) != relative and not any(each.startswith(relative) for each in known):
        return "a name that is not UTF-8"
    if stat.S_ISLNK(mode):
        return "a link that points outside" if _leads_out(relative, os.fsencode(path.readlink())) else ""
    return "" if stat.S_ISDIR(mode) or stat.S_ISREG(mode) else "a pipe, socket or device"


def refuse_unsafe_entries(repository: Repository, tree: str) -> None:
    """Raise RepositoryError if a tree contains an entry that is unsafe or impossible to check out.

    These are submodules, links that could point out of the root folder, and paths that are too deep or too long.
    """
    for entry in repository.entries(tree):
        if is_too_deep(entry.path):
            raise RepositoryError(
                f"{entry.path[:60]}... is more than {MOST_LEVELS} folders deep, or too long a path, for a workspace. "
                "Move the file up."
            )
        if entry.mode == "160000":
            raise RepositoryError(f"{entry.path} is a submodule, which the crew cannot work with. Remove it.")
        if entry.mode == "120000" and _leads_out(entry.path, repository.blob(entry.id)):
            raise RepositoryError(f"{entry.path} is a link that points outside the workspace. Remove it.")


def _leads_out(path: str, content: bytes) -> bool:
    """Return whether a link could point out of the root folder; ".." is safe only at the start of its target.

    Elsewhere, ".." may follow another link, whose target is unknown.
    """
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
