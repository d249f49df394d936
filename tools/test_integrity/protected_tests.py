"""Tests that the code agent may not change: the generated ones, and those written by the testing agent."""

from __future__ import annotations

from pathlib import Path

from tools.git import last_generation
from tools.projects.example_files import example_files
from tools.projects.trees import merged_generation, repository
from tools.result import Workbench
from tools.workspace.paths import inside
from tools.workspace.removal import remove

TESTS = "tests/"


def protected_tests(bench: Workbench) -> frozenset[str]:
    """Return the paths of the protected tests, relative to the workspace."""
    held = repository(bench)
    generation = merged_generation(bench) or last_generation(held, held.base_commit())
    made = held.files(generation) if generation else ()
    generated = frozenset(each for each in made if each.startswith(TESTS))
    return generated | bench.tests_written() | example_files(bench)


def is_protected(bench: Workbench, name: str) -> bool:
    """Whether a path is that of a protected test, or leads to one through a link."""
    root = bench.workspace.resolve()
    path = inside(bench.workspace, name)
    meant = {Path(name).as_posix()} | ({path.relative_to(root).as_posix()} if path else set())
    return bool(meant & protected_tests(bench))


def read_protected(bench: Workbench) -> dict[str, bytes | None]:
    """Return the current content of each protected test; None for one that does not exist."""
    return {name: _content(bench.workspace / name) for name in sorted(protected_tests(bench))}


def restore_protected(bench: Workbench, before: dict[str, bytes | None]) -> list[str]:
    """Restore the protected tests that differ from `before`, and return their paths."""
    found = []
    for name, content in before.items():
        path = bench.workspace / name
        if _content(path) == content and not _through_link(bench.workspace, path):
            continue
        found.append(name)
        _make_way(bench.workspace, path)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return found


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _through_link(root: Path, path: Path) -> bool:
    return any(each.is_symlink() for each in path.parents if each != root and each.is_relative_to(root))


def _make_way(root: Path, path: Path) -> None:
    """Remove whatever is at a path, and any links and files in the place of its parent folders."""
    for each in (
        *reversed([each for each in path.parents if each != root and each.is_relative_to(root)]),
        path,
    ):
        if each.is_symlink() or each.is_file():
            each.unlink()
        elif each == path and each.is_dir():
            remove(each)
