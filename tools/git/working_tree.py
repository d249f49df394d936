"""Inspecting the person's working tree and updating it after a merge. No other module accesses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.errors import RepositoryBusy, RepositoryError

if TYPE_CHECKING:
    from tools.git.command import Output
    from tools.git.repository import Repository


def dirty_files(repository: Repository) -> list[str]:
    """Return the tracked files whose working copy or index entry differs from the checked-out commit.

    The list is empty if HEAD is detached.
    """
    git = repository.git
    head = repository.head_branch()
    if head is None:
        return []
    git.point_head(head)
    options = ("--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames")
    listing = git.run("status", *options, index=git.own_index, work_tree=repository.folder)
    return [record[3:] for record in listing.decode("utf-8", "replace").split("\0")[:-1]]


def refuse_blocked(repository: Repository, old: str, new: str) -> None:
    """Raise RepositoryBusy if files block the update of the working tree from one commit to another."""
    done = _read_tree(repository, "-n", "-m", "-u", old, new)
    if done.status != 0:
        raise RepositoryBusy(
            f"The files in {repository.folder} block the merge: {done.stderr} Commit them or "
            f"move them aside, then `crew resume`."
        )


def bring_up_to_date(repository: Repository, old: str, new: str) -> None:
    """Update the index and the files from one commit to another, without touching files that do not differ."""
    done = _read_tree(repository, "-m", "-u", old, new)
    if done.status != 0:
        raise RepositoryError(
            f"{repository.base} was moved to {new}, but the files in {repository.folder} could not be updated: "
            f"{done.stderr} Move the files it names aside, then run `crew resume` to update the rest."
        )


def _read_tree(repository: Repository, *arguments: str) -> Output:
    git, index = repository.git, repository.git.own_index
    # Refreshes cached file times, else unchanged files look changed. Exit code 1: some files have changed.
    git.attempt("update-index", "-q", "--refresh", index=index, work_tree=repository.folder)
    return git.attempt("read-tree", *arguments, index=index, work_tree=repository.folder)
