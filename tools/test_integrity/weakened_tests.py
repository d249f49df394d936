"""Find existing tests that a change weakens: deleted, no longer run, or checking less than before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tools.git import Repository, diff, last_generation
from tools.projects.trees import merged_generation, repository
from tools.result import Workbench
from tools.test_integrity.inventory import Part, inventory
from tools.test_integrity.lost_checks import Loss, Place, losses, sentences
from tools.test_integrity.test_selection import (
    SOURCES,
    deselecting_hooks,
    selection_changes,
    selection_settings,
)
from tools.testing.test_command import is_test
from tools.workspace.paths import alias_key

_MOST = 30
"""Maximum number of sentences returned; more would not help the reader."""
_Parts = dict[Place, Part]


def altered_tests(bench: Workbench, tree: str) -> list[str]:
    """Return one sentence, beginning with a location, per way in which a tree weakens the tests of the main branch.

    Python files are compared test by test, others line by line. Tests that match the generator's output are omitted,
    since they changed because the blueprint did.
    """
    held = repository(bench)
    main = held.base_commit()
    before = last_generation(held, main)
    generation = merged_generation(bench) or before
    changed = [each.path for each in diff(held, main, tree).files]
    trees = _Trees(held, main, tree, before, generation)
    tests = [each for each in changed if is_test(each)]
    found = [
        *_altered(trees, tests),
        *_not_as_generated(trees),
        *_ambiguous(trees),
        *_not_run(held, main, generation, tree, changed),
    ]
    more = len(found) - _MOST
    return [*found[:_MOST], *([f"{more} more such changes are not listed."] if more > 0 else [])]


@dataclass(frozen=True)
class _Trees:
    """The trees being compared."""

    held: Repository
    main: str
    tree: str
    before: str | None
    """The latest generation merged into the main branch, or None."""
    generation: str | None
    """The latest generation merged into the tree, or None."""

    def old(self, path: str) -> bytes | None:
        return self.held.show(self.main, path)

    def new(self, path: str) -> bytes | None:
        return self.held.show(self.tree, path)

    def of(self, generation: str | None, path: str) -> bytes | None:
        return self.held.show(generation, path) if generation else None

    def is_generated(self, path: str) -> bool:
        """Return whether a file has the content that the generator gave it, or was deleted by the generator."""
        if self.generation is None:
            return False
        new, made = self.new(path), self.of(self.generation, path)
        if new is None:
            return made is None and self.of(self.before, path) is not None
        return made == new


def _altered(trees: _Trees, changed: Sequence[str]) -> Iterator[str]:
    there = [each for each in changed if trees.old(each) is not None and not trees.is_generated(each)]
    old = {path: parts for path in changed if (parts := _parts(path, trees.old(path))) is not None}
    new = {path: parts for path in changed if (parts := _parts(path, trees.new(path))) is not None}
    broken = [path for path in old if path not in new and trees.new(path) is not None]
    lost = _lost(trees, {path: parts for path, parts in old.items() if path not in broken}, new)
    lost = [each for each in lost if each.place[0] in there]
    arrived = {trees.new(each) for each in changed if trees.old(each) is None}
    for path in there:
        if path in broken:
            yield f"{path} no longer parses."
        elif trees.new(path) is None:
            if trees.old(path) not in arrived and _is_gone(path, old.get(path, {}), lost):
                lost = [each for each in lost if each.path != path]
                yield f"{path} is deleted."
        elif path not in old:
            yield from _lines(trees, path)
    yield from sentences(lost)


def _not_as_generated(trees: _Trees) -> Iterator[str]:
    """Yield a sentence for each new generated test that the tree lacks or has changed."""
    if trees.generation is None:
        return
    made, now, main = (
        {each.path: (each.id, each.mode == "120000") for each in trees.held.entries(source)}
        for source in (trees.generation, trees.tree, trees.main)
    )
    earlier = set(trees.held.files(trees.before)) if trees.before else set()
    for path in sorted(made):
        # Tests of an earlier generation that main deleted may stay deleted.
        if is_test(path) and path not in main and path not in earlier and now.get(path) != made[path]:
            yield f"{path} is not as it was generated."


def _ambiguous(trees: _Trees) -> Iterator[str]:
    """Yield a sentence per group of paths, one of them a test, that differ only in case or Unicode form."""
    names: dict[str, list[str]] = {}
    for path in trees.held.files(trees.tree):
        names.setdefault(alias_key(path), []).append(path)
    before = set(trees.held.files(trees.main))
    for paths in names.values():
        if len(paths) > 1 and any(map(is_test, paths)) and not before.issuperset(paths):
            shown = " and ".join(paths)
            yield f"{shown} are one file on a file system that ignores case or Unicode forms."


def _parts(path: str, content: bytes | None) -> dict[str, Part] | None:
    return inventory(content) if content is not None and path.endswith(".py") else None


def _lost(trees: _Trees, old: dict[str, dict[str, Part]], new: dict[str, dict[str, Part]]) -> list[Loss]:
    """Return the losses of Python tests, except those made by the generator."""
    now = _together(new)
    lost = losses(_together(old), now)
    if not lost or trees.generation is None:
        return lost
    paths = {each.place[0] for each in lost}
    made, made_before = (
        _together({path: _parts(path, trees.of(each, path)) or {} for path in paths})
        for each in (trees.generation, trees.before)
    )
    own = {each.place for each in losses(made, now)}
    return [
        each for each in lost if (each.place in own if each.place in made else each.place not in made_before)
    ]


def _together(files: dict[str, dict[str, Part]]) -> _Parts:
    return {(path, name): part for path, parts in files.items() for name, part in parts.items()}


def _is_gone(path: str, parts: dict[str, Part], lost: Iterable[Loss]) -> bool:
    """Return whether none of the tests of a deleted file were moved elsewhere."""
    gone = {each.place for each in lost if each.path == path}
    return all((path, name) in gone for name, part in parts.items() if part.kind == "test")


def _lines(trees: _Trees, path: str) -> Iterator[str]:
    """Yield a sentence about the changed or removed lines of a file that is not Python."""
    old, new, made, before = (
        [line.strip() for line in (content or b"").decode("utf-8", "replace").splitlines()]
        for content in (
            trees.old(path),
            trees.new(path),
            trees.of(trees.generation, path),
            trees.of(trees.before, path),
        )
    )
    gone = Counter(old) - Counter(new) - (Counter(before) - Counter(made))
    del gone[""]
    if gone:
        first = next(number for number, line in enumerate(old, start=1) if line in gone)
        what = "1 line" if gone.total() == 1 else f"{gone.total()} lines"
        yield f"{path}:{first}: {what} changed or removed, starting with `{old[first - 1][:120]}`."


def _not_run(held: Repository, main: str, generation: str | None, tree: str, changed: list[str]) -> list[str]:
    """Return one sentence per change in test selection relative to main and to the generation."""
    serving = [each for each in changed if each.rpartition("/")[2] == "conftest.py"]
    if not serving and not SOURCES & set(changed):
        return []
    trees = (each for each in (tree, main, generation) if each)
    now, *before = (_Reader(held, each, frozenset(held.files(each))) for each in trees)
    before = [each for each in before if any(map(is_test, each.files))]
    found = selection_changes(selection_settings(now), [selection_settings(each) for each in before])
    for path in serving if before else []:
        known = frozenset[tuple[str, str]]().union(*(deselecting_hooks(each(path)) for each in before))
        if new := {name for name, _ in deselecting_hooks(now(path)) - known}:
            found.append(f"{path} now uses {', '.join(sorted(new))}, which can keep tests from running.")
    return found


@dataclass(frozen=True)
class _Reader:
    held: Repository
    tree: str
    files: frozenset[str]

    def __call__(self, path: str) -> str | None:
        content = self.held.show(self.tree, path) if path in self.files else None
        return None if content is None else content.decode("utf-8", "replace")
