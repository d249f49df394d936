"""Merging a story branch into the protected branch, and updating the person's working tree."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from tools.errors import RepositoryBusy, RepositoryError
from tools.git.merging import Conflict, merge_commits
from tools.git.repository import full_id
from tools.git.working_tree import bring_up_to_date, dirty_files, refuse_blocked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from tools.git.identity import Identity
    from tools.git.repository import Repository
    from tools.redaction import Redactor

_TRAILER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Landing(BaseModel, frozen=True):
    """The result of a merge into the protected branch."""

    outcome: Literal["merged", "nothing_to_merge", "conflicts", "tree_changed"]
    """"tree_changed" means that the merge would not produce the expected tree. Only "merged" changes anything."""
    tree: str
    commit: str | None = None
    """The merge commit, whether created by this call or by an earlier one."""
    conflicts: tuple[Conflict, ...] = ()


def merge(
    repository: Repository,
    branch: str,
    *,
    message: str,
    trailers: Mapping[str, str],
    author: Identity,
    when: datetime,
    redact: Redactor,
    expected_tree: str | None = None,
) -> Landing:
    """Merge a branch (a full ref name) into the protected branch with a merge commit that has trailers.

    The protected branch is updated by compare and swap. If the person has it checked out, their files are updated
    too; if those are dirty, RepositoryBusy is raised before anything changes. `expected_tree` is the tree that was
    tested and approved; no other tree is merged. A repeated call finds the merge commit and changes nothing.
    """
    base, tip = repository.base_commit(), repository.required(branch)
    found = find_landing(repository, branch)
    if found is not None:
        finish_landing(repository)
        return Landing(outcome="merged", tree=repository.tree_of(found), commit=found)
    if repository.is_ancestor(tip, base):
        return Landing(outcome="nothing_to_merge", tree=repository.tree_of(base))
    merged = merge_commits(repository, base, tip)
    if merged.conflicts:
        return Landing(outcome="conflicts", tree=merged.tree, conflicts=merged.conflicts)
    if expected_tree is not None and merged.tree != full_id(expected_tree):
        return Landing(outcome="tree_changed", tree=merged.tree)
    text = _with_trailers(message, trailers)
    commit = repository.commit(merged.tree, (base, tip), text, author, when, redact)
    _move(repository, base, commit)
    return Landing(outcome="merged", tree=merged.tree, commit=commit)


def find_landing(repository: Repository, branch: str) -> str | None:
    """Return the commit that merged the tip of a branch into the base branch, or None; the probe of `merge`."""
    base, tip = repository.ref(repository.base_ref), repository.ref(branch)
    if base is None or tip is None:
        return None
    listing = repository.git.text("rev-list", "--first-parent", "--merges", "--parents", base)
    for line in listing.splitlines():
        commit, *parents = line.split()
        if tip in parents[1:]:
            return commit
    return None


def finish_landing(repository: Repository) -> None:
    """Update the person's files if a merge was interrupted after it had moved the protected branch."""
    note = _note(repository)
    if not note.is_file():
        return
    pending = json.loads(note.read_text())
    if (
        repository.ref(repository.base_ref) == pending["new"]
        and repository.head_branch() == repository.base_ref
    ):
        bring_up_to_date(repository, full_id(pending["old"]), full_id(pending["new"]))
    note.unlink()


def _move(repository: Repository, old: str, new: str) -> None:
    followed = repository.head_branch() == repository.base_ref
    if not followed and repository.base_ref in repository.checked_out():
        raise RepositoryBusy(
            f"{repository.base} is checked out in another worktree of {repository.folder}, whose files "
            f"would not be updated by the merge. Switch it to another branch (git worktree list), then `crew resume`."
        )
    if followed:
        changed = dirty_files(repository)
        if changed:
            raise RepositoryBusy(
                f"{repository.folder} has uncommitted changes ({', '.join(changed[:5])}), so "
                f"nothing was merged. Commit or stash them (git -C {repository.folder} stash), "
                "then `crew resume`."
            )
        refuse_blocked(repository, old, new)
        # finish_landing reads this after a crash between moving the branch and writing the files.
        _note(repository).write_text(json.dumps({"old": old, "new": new}))
    repository.swap(repository.base_ref, new, old, reason="crew: merge")
    finish_landing(repository)


def _note(repository: Repository) -> Path:
    return repository.git.view / "unfinished-landing.json"


def _with_trailers(message: str, trailers: Mapping[str, str]) -> str:
    for name, value in trailers.items():
        if not _TRAILER.fullmatch(name) or "\n" in value or "\r" in value:
            raise RepositoryError(
                f"The trailer {name}: {value!r} has an invalid format: it must be a single line."
            )
    lines = "\n".join(f"{name}: {value}" for name, value in trailers.items())
    return f"{message.rstrip()}\n\n{lines}\n"
