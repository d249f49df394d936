"""Tests that the code agent may not change: the generated ones, and those written by the testing agent.

Checking the paths that the agent writes to is not enough, since a path may be an alias of another. Therefore,
`altered_protected` compares the resulting tree.
"""

from __future__ import annotations

from pathlib import Path

from tools.git import last_generation, merge_generation
from tools.projects.example_files import example_files
from tools.projects.trees import branch_of, merged_generation, repository
from tools.result import Workbench
from tools.workspace.paths import alias_key, inside
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
    """Return whether a path refers to a protected test.

    This includes paths that lead to one through a link, or differ from one only in case or Unicode form.
    """
    root = bench.workspace.resolve()
    path = inside(bench.workspace, name)
    meant = {Path(name).as_posix()} | ({path.relative_to(root).as_posix()} if path else set())
    return not {alias_key(each) for each in protected_tests(bench)}.isdisjoint(map(alias_key, meant))


def altered_protected(bench: Workbench, tree: str) -> list[str]:
    """Return the paths at which a tree alters protected tests.

    The tests are compared with those of the story's branch, merged with the generation. New files that would replace a
    protected test on a file system that ignores case or Unicode forms are included.
    """
    held = repository(bench)
    protected = protected_tests(bench)
    before, now = (
        {each.path: (each.id, each.mode == "120000") for each in held.entries(source)}
        for source in (_expected(bench), tree)
    )
    # A test that the testing agent has just written is not yet on the branch.
    judged = protected - (bench.tests_written() - before.keys())
    changed = [path for path in judged if now.get(path) != before.get(path)]
    keys = {alias_key(each) for each in protected}
    new = now.keys() - before.keys() - protected
    return sorted([*changed, *(path for path in new if alias_key(path) in keys)])


def read_protected(bench: Workbench, tree: str) -> dict[str, bytes | None]:
    """Return the content that each protected test should have; None for one that should not exist.

    `tree` is the tree of the workspace. For a test that was altered in it, the content is that of the story's branch,
    merged with the generation; for any other test, it is the content in the workspace.
    """
    held, expected = repository(bench), _expected(bench)
    altered = set(altered_protected(bench, tree))
    return {
        name: held.show(expected, name) if name in altered else _content(bench.workspace / name)
        for name in sorted(protected_tests(bench) | altered)
    }


def _expected(bench: Workbench) -> str:
    """Return the tree or commit that holds the protected tests as they should be."""
    held = repository(bench)
    tip, generation = held.required(branch_of(bench)), merged_generation(bench)
    if generation is None or held.is_ancestor(generation, tip):
        return tip
    return merge_generation(held, tip, generation).tree


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
    """Remove whatever exists at a path, and any link or file at the path of one of its parent folders."""
    for each in (
        *reversed([each for each in path.parents if each != root and each.is_relative_to(root)]),
        path,
    ):
        if each.is_symlink() or each.is_file():
            each.unlink()
        elif each == path and each.is_dir():
            remove(each)
