"""Candidate tests, each with the source of a complete module, and test files assembled from them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from tools.testing.mutation.generated_source import parse_source


class Candidate(BaseModel, frozen=True):
    """One generated test that may be worth keeping."""

    kind: str
    """Kind of test: "round trip", "equivalence", "operator", "type", "fuzz", "docstring" or "model"."""
    functions: tuple[str, ...]
    """Dotted names of the functions under test."""
    name: str
    """Name of the test function."""
    source: str
    """Source of a module: its imports, definitions that other tests may share, and the test."""


def with_unique_names(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates, renaming tests where necessary to make their names unique."""
    taken: set[str] = set()
    found = []
    for each in candidates:
        name, number = each.name, 1
        while name in taken:
            number += 1
            name = f"{each.name}_{number}"
        taken.add(name)
        found.append(each if name == each.name else _renamed(each, name))
    return found


def assemble_module(docstring: str, candidates: Sequence[Candidate]) -> str:
    """Return a formatted module with all of the tests, in which imports and shared definitions appear only once."""
    from black import Mode, format_str  # noqa: PLC0415  a formatter, needed by few commands

    imports: dict[str, None] = {}
    others: dict[str, None] = {}
    for each in candidates:
        tree = parse_source(each.source)
        for node in [] if isinstance(tree, str) else tree.body:
            plain = isinstance(node, ast.Import | ast.ImportFrom)
            if isinstance(node, ast.FunctionDef) and node.name == each.name and _is_given(node):
                node = _patient(node)
            target = imports if plain else others
            for text in _lines(node):
                target[text] = None
    if any("@settings(" in each for each in others):
        imports["from hypothesis import settings"] = None
    text = "\n".join([as_docstring(docstring), "", *sorted(imports, key=_place), "", "", *others, ""])
    return format_str(text, mode=Mode(line_length=100))


def as_docstring(text: str) -> str:
    """Return the source code of a docstring with the given text."""
    return '"""' + text.replace("\\", "\\\\").replace('"""', "'''") + '"""'


def split_tests(source: str, kind: str, functions: Sequence[str]) -> list[Candidate]:
    """Return one candidate for each test of a module; its source is that of the module without the other tests."""
    tree = parse_source(source)
    if isinstance(tree, str):
        return []
    tests = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test")]
    rest = [each for each in tree.body if each not in tests and not _is_docstring(each)]
    return [
        Candidate(
            kind=kind,
            functions=tuple(functions),
            name=each.name,
            source=ast.unparse(ast.Module(body=[*rest, each], type_ignores=[])),
        )
        for each in tests
    ]


def _renamed(candidate: Candidate, name: str) -> Candidate:
    tree = ast.parse(candidate.source)
    for each in tree.body:
        if isinstance(each, ast.FunctionDef) and each.name == candidate.name:
            each.name = name
    return candidate.model_copy(update={"name": name, "source": ast.unparse(tree)})


def _lines(node: ast.stmt) -> list[str]:
    """Return the source of a statement; imports are split into one line per name, so that they can be sorted."""
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"from {node.module} import {ast.unparse(each)}" for each in node.names]
    if isinstance(node, ast.Import):
        return [f"import {ast.unparse(each)}" for each in node.names]
    return [ast.unparse(node)]


def _place(line: str) -> tuple[bool, bool, str]:
    return not line.startswith("from __future__"), line.startswith("from "), line


def _is_given(node: ast.FunctionDef) -> bool:
    return any("given(" in ast.unparse(each) for each in node.decorator_list)


def _patient(node: ast.FunctionDef) -> ast.FunctionDef:
    """Disable Hypothesis' deadline, since the time that one example takes depends on the machine."""
    if not any("settings(" in ast.unparse(each) for each in node.decorator_list):
        node.decorator_list.append(ast.parse("settings(deadline=None)", mode="eval").body)
    return node


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
