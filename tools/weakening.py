"""Existing tests that a change takes away from: deleted, not run any more, or holding the code to less than before."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

from tools.collecting import SOURCES, choices, chosen_otherwise, hooks
from tools.counting import counted
from tools.git import Repository, diff, last_generation
from tools.repository import merged_generation, repository
from tools.result import Workbench
from tools.testing.finding import is_test

_SKIPPING = ("skip", "skipif", "xfail", "skipTest", "expectedFailure", "importorskip")
_EXPECTING = ("raises", "warns", "fail")


@dataclass(frozen=True)
class _Strength:
    """How much a test file checks."""

    tests: int
    assertions: int
    skips: int


def altered_tests(bench: Workbench, tree: str) -> list[str]:
    """Return what a tree takes away from the tests of the main branch, a sentence each.

    Tests that are as they were generated do not count: there the blueprint has changed, not somebody's mind.
    """
    held = repository(bench)
    main = held.required(held.base_ref)
    before = last_generation(held, main)
    generation = merged_generation(bench) or before
    changed = diff(held, main, tree).files
    arrived = {held.show(tree, each.path) for each in changed if each.status == "added"}
    found = []
    for each in changed:
        if each.status == "added" or not is_test(each.path):
            continue
        old, new = held.show(main, each.path) or b"", held.show(tree, each.path)
        if _is_generated(held, (before, generation), each.path, new) or (new is None and old in arrived):
            continue
        if said := _weaker(each.path, old, new):
            found.append(f"{each.path} {said}.")
    return found + _not_run(held, main, generation, tree, [each.path for each in changed])


def _not_run(held: Repository, main: str, generation: str | None, tree: str, changed: list[str]) -> list[str]:
    """Return how a tree chooses otherwise which tests run than the main branch or the generation, a sentence each."""
    serving = [each for each in changed if each.rpartition("/")[2] == "conftest.py"]
    if not serving and not SOURCES & set(changed):
        return []
    now, *before = (_reader(held, each) for each in (tree, main, generation) if each)
    before = [each for each in before if any(map(is_test, each.files))]
    found = chosen_otherwise(choices(now), [choices(each) for each in before])
    for path in serving if before else []:
        known = frozenset[str]().union(*(hooks(each(path)) for each in before))
        if new := hooks(now(path)) - known:
            found.append(f"{path} may keep tests from running: {', '.join(sorted(new))}.")
    return found


@dataclass(frozen=True)
class _Reader:
    held: Repository
    tree: str
    files: frozenset[str]

    def __call__(self, path: str) -> str | None:
        content = self.held.show(self.tree, path) if path in self.files else None
        return None if content is None else content.decode("utf-8", "replace")


def _reader(held: Repository, tree: str) -> _Reader:
    return _Reader(held, tree, frozenset(held.files(tree)))


def _is_generated(
    held: Repository, generations: tuple[str | None, str | None], path: str, new: bytes | None
) -> bool:
    before, now = generations
    if now is None:
        return False
    made = held.show(now, path)
    if new is None:
        return made is None and before is not None and held.show(before, path) is not None
    return made == new


def _weaker(path: str, old: bytes, new: bytes | None) -> str:
    """Say what a file lacks that it had; "" if nothing."""
    if new is None:
        return "is deleted"
    was = _strength(old) if path.endswith(".py") else None
    if was is None:
        lines, lines_before = new.count(b"\n"), old.count(b"\n")
        return f"has {counted(lines, 'line')} instead of {lines_before}" if lines < lines_before else ""
    now = _strength(new)
    if now is None:
        return "no longer parses"
    if now.tests < was.tests:
        return f"has {counted(now.tests, 'test')} instead of {was.tests}"
    if now.assertions < was.assertions:
        return f"has {counted(now.assertions, 'assertion')} instead of {was.assertions}"
    if now.skips > was.skips:
        return f"skips {counted(now.skips, 'time')} instead of {was.skips}"
    return ""


def _strength(content: bytes) -> _Strength | None:
    """Count tests, assertions and skips; None for what does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(content)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = [each for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    named = [each.attr for each in nodes if isinstance(each, ast.Attribute)]
    named += [each.id for each in nodes if isinstance(each, ast.Name)]
    asserting = [each for each in named if each.startswith("assert") or each in _EXPECTING]
    return _Strength(
        tests=sum(each.name.startswith("test") for each in functions),
        # `assert True` holds nobody to anything.
        assertions=sum(
            isinstance(each, ast.Assert) and not isinstance(each.test, ast.Constant) for each in nodes
        )
        + len(asserting),
        skips=sum(each in _SKIPPING for each in named),
    )
