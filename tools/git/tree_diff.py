"""Comparison of two trees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from tools.git.repository import full_id

if TYPE_CHECKING:
    from tools.git.repository import Repository

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_STATUS: dict[str, Literal["added", "modified", "deleted"]] = {"A": "added", "D": "deleted"}


class ChangedFile(BaseModel, frozen=True):
    """A file that differs. A moved file is reported as one deleted and one added file."""

    path: str
    status: Literal["added", "modified", "deleted"]
    lines: tuple[tuple[int, int], ...] = ()
    """Inclusive ranges of the lines changed or added in the newer version, counted from 1; empty for binary files."""
    added: int = 0
    """Number of lines added."""
    removed: int = 0
    """Number of lines removed."""


class Changes(BaseModel, frozen=True):
    """The difference between two trees."""

    text: str
    """Unified diff with three lines of context."""
    files: tuple[ChangedFile, ...]
    patches: dict[str, str] = {}
    """Maps the path of each file to its part of `text`."""


def diff(repository: Repository, older: str, newer: str) -> Changes:
    """Compare two trees or commits."""
    text = _diff_tree(repository, older, newer, "-p")
    listing = _diff_tree(repository, older, newer, "--name-status", "-z")
    records = listing.decode("utf-8", "surrogateescape").split("\0")
    bare = _patches(_diff_tree(repository, older, newer, "-p", "-U0"))
    whole = _patches(text)
    files, patches = [], {}
    for status, path in zip(records[:-1:2], records[1::2], strict=True):
        # A file that became a link, or vice versa, yields two patches: a deletion and an addition.
        count = 2 if status == "T" else 1
        files.append(_changed_file(path, status, b"".join(bare.pop(0) for _ in range(count))))
        patches[path] = b"".join(whole.pop(0) for _ in range(count)).decode("utf-8", "replace")
    return Changes(text=text.decode("utf-8", "replace"), files=tuple(files), patches=patches)


def _patches(text: bytes) -> list[bytes]:
    return re.split(rb"^(?=diff --git )", text, flags=re.MULTILINE)[1:]


def _changed_file(path: str, status: str, patch: bytes) -> ChangedFile:
    lines, added, removed = [], 0, 0
    for gone, start, come in _HUNK.findall(b"\n".join(re.findall(rb"^@@ .*", patch, flags=re.MULTILINE))):
        count = int(come or 1)
        added, removed = added + count, removed + int(gone or 1)
        if count:
            lines.append((int(start), int(start) + count - 1))
    return ChangedFile(
        path=path, status=_STATUS.get(status, "modified"), lines=tuple(lines), added=added, removed=removed
    )


def _diff_tree(repository: Repository, older: str, newer: str, *options: str) -> bytes:
    fixed = [
        "-r",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--full-index",
        "--no-commit-id",
    ]
    return repository.git.run("diff-tree", *fixed, *options, full_id(older), full_id(newer))
