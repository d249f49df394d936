"""Test files written by a model: find what they may not contain, and remove some of their tests."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Collection, Iterator, Sequence

from tools.python_source import last_name

LONGEST = 20_000
"""Maximum length of a test file, in characters."""
_SKIPPING = ("skip", "skipif", "xfail", "skipTest", "expectedFailure", "importorskip")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def parse_source(source: str) -> ast.Module | str:
    """Return the syntax tree of the source, or a sentence that locates its syntax error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        return f"It does not parse: line {error.lineno or 1}: {error.msg}."
    except (ValueError, RecursionError, MemoryError) as error:
        return f"It does not parse: {error}."


def tests_in(tree: ast.Module) -> list[str]:
    """Return the names of the test functions, in source order."""
    return [each.name for each in tree.body if isinstance(each, _Function) and each.name.startswith("test")]


def violations(tree: ast.Module, packages: Collection[str]) -> list[str]:
    """Return one sentence per rule that a test file breaks; it may import the standard library and `packages`."""
    said = [*_imports(tree, packages), *_twice(tests_in(tree))]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) and (name := last_name(node)) in _SKIPPING:
            said.append(f"Line {node.lineno}: {name} hides what is wrong; let every test run.")  # type: ignore[attr-defined]
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant):
            said.append(
                f"Line {node.lineno}: asserting a constant checks nothing; assert what the code answers."
            )
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            said.append(f"Line {node.lineno}: write tests as functions, not in the class {node.name}.")
    return said


def group_by_criterion(
    names: Sequence[str], criteria: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the tests of each criterion, matched by name prefix, and the names that match no criterion."""
    found: dict[str, list[str]] = {each: [] for each in criteria}
    stray = []
    for name in names:
        fitting = [each for each in criteria if name.startswith(f"{name_prefix(each)}_")]
        if fitting:
            found[max(fitting, key=len)].append(name)
        else:
            stray.append(name)
    return found, stray


def name_prefix(criterion: str) -> str:
    """Return the prefix of the names of a criterion's tests, such as "test_chk_1_2"."""
    return f"test_{'_'.join(re.findall(r'[a-z0-9]+', criterion.lower()))}"


def remove_functions(source: str, names: Collection[str]) -> str:
    """Return the source without the named functions; "" if that leaves no test."""
    tree = parse_source(source)
    if isinstance(tree, str):
        return source
    lines = source.splitlines(keepends=True)
    gone: set[int] = set()
    for each in tree.body:
        if isinstance(each, _Function) and each.name in names:
            first = min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
            gone |= set(range(first, (each.end_lineno or first) + 1))
    if not set(tests_in(tree)) - set(names):
        return ""
    left = "".join(line for number, line in enumerate(lines, start=1) if number not in gone)
    return re.sub(r"\n{4,}", "\n\n\n", left).rstrip("\n") + "\n"


def _imports(tree: ast.Module, packages: Collection[str]) -> Iterator[str]:
    allowed = {*packages, *sys.stdlib_module_names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if not node.level else ["." * node.level + (node.module or "")]
        else:
            continue
        for name in names:
            if name.partition(".")[0] not in allowed:
                yield (
                    f"Line {node.lineno}: {name} cannot be imported here; only the standard library and "
                    f"{', '.join(sorted(packages))} can."
                )


def _twice(names: Sequence[str]) -> Iterator[str]:
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield f"There are two tests called {name}; the first would never run."
