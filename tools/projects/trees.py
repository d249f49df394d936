"""A delivery's view of the service's repository: the story's branch, its trees, and their changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tools.git import (
    ChangedFile,
    Changes,
    Repository,
    attach_repository,
    diff,
    export,
    last_generation,
    remove,
    story_branch,
    write_tree,
)
from tools.result import Workbench
from tools.scanners import text_of
from tools.testing.test_command import is_test
from tools.workspace.atomic_write import write_atomically

GENERATION_NOTE = "generation"
"""Name of the note with the generation that was merged into the workspace."""


def repository(bench: Workbench) -> Repository:
    """Return the repository of the delivery's service."""
    return attach_repository(bench.repository, bench.home)


def branch_of(bench: Workbench) -> str:
    """Return the full ref name of the delivery's story branch."""
    return story_branch(bench.story)


def merged_generation(bench: Workbench) -> str | None:
    """Return the generation that was merged into the workspace in this delivery, or None."""
    note = bench.note(GENERATION_NOTE)
    return note.read_text().strip() if note.is_file() else None


def note_generation(bench: Workbench, generation: str) -> None:
    """Store the generation that was merged into the workspace; it becomes a parent of the next commit."""
    write_atomically(bench.note(GENERATION_NOTE), generation)


def workspace_tree(bench: Workbench) -> str:
    """Write the workspace as a git tree and return its id, without committing anything."""
    held = repository(bench)
    return write_tree(held, bench.workspace, base=held.required(branch_of(bench)))


@contextmanager
def checked_out(bench: Workbench, tree: str) -> Iterator[Workbench]:
    """Yield the workbench with a fresh workspace that contains exactly the files of a tree, byte for byte.

    Results obtained there depend only on the tree, not on ignored files that the real workspace may contain.
    """
    # Next to the real workspace, among its notes. The name contains the role, as two roles may work at the same time.
    folder = bench.note(f"{bench.role.replace('/', '-')}.tree")
    export(repository(bench), tree, folder)
    try:
        yield replace(bench, workspace=folder)
    finally:
        remove(folder)


def branch_tree(bench: Workbench) -> str:
    """Return the git tree of the story branch's tip."""
    held = repository(bench)
    return held.tree_of(held.required(branch_of(bench)))


def changed_texts(bench: Workbench, tree: str) -> dict[str, str]:
    """Return the text of every file that a tree adds or changes relative to main, by path."""
    held = repository(bench)
    paths = [each.path for each in changes_of(bench, tree).files if each.status != "deleted"]
    return {path: text_of(held.show(tree, path) or b"") for path in paths}


def text_on_main(bench: Workbench, path: str) -> str | None:
    """Return the text of a file on the main branch, or None if it does not exist."""
    held = repository(bench)
    return held.text(held.base_commit(), path)


def changes_of(bench: Workbench, tree: str) -> Changes:
    """Return the changes of a tree relative to main."""
    held = repository(bench)
    return diff(held, held.base_commit(), tree)


def written_lines(bench: Workbench, source: str) -> dict[str, list[tuple[int, int]]]:
    """Return the ranges of code lines that the change wrote; in a generated project, only hand-written lines."""
    held = repository(bench)
    generation = merged_generation(bench) or last_generation(held, source)
    edits = () if generation is None else diff(held, generation, source).files
    own = {file.path: _line_numbers(file) for file in edits}
    found: dict[str, list[tuple[int, int]]] = {}
    for file in changes_of(bench, source).files:
        if not file.path.endswith(".py") or is_test(file.path) or file.path.startswith("migrations/"):
            continue
        lines = _line_numbers(file)
        if generation is not None:
            lines &= own.get(file.path, set())
        if lines:
            found[file.path] = [(line, line) for line in sorted(lines)]
    return found


def _line_numbers(file: ChangedFile) -> set[int]:
    return {line for first, last in file.lines for line in range(first, last + 1)}
