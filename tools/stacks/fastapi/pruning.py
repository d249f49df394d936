"""Tree shaking: removes definitions that a service does not use from the modules shared by all services."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from tools.stacks.fastapi.rendering import format_python

_OFFERED = ("app/arithmetic.py", "app/clock.py", "app/store.py")
"""Shared modules that are kept whole if there is hand-written code in `app/custom/`, which may use any of them."""
_SHARED = ("app/arithmetic.py", "app/clock.py", "app/columns.py", "app/fields.py", "app/store.py")


def prune(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files without unused definitions in the shared modules, and without modules left empty by that."""
    kept = dict(files)
    whole = _OFFERED if any(path.startswith("app/custom/") for path in files) else ()
    before: dict[str, str] = {}
    # Removing a use in one module can make a definition in another unused.
    while before != kept:
        before = dict(kept)
        for path in kept.keys() & set(_SHARED).difference(whole):
            wanted = {name for other in kept if other != path for name in _wanted(kept[other], other, path)}
            kept[path] = _without_unused(kept[path], wanted)
    return {
        path: text for path, text in kept.items() if path not in _SHARED or path in whole or _defines(text)
    }


def _wanted(text: str, path: str, shared: str) -> Iterator[str]:
    """Yield the names that a file uses from a shared module."""
    module = PurePosixPath(shared).stem
    if not path.endswith(".py") or module not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == f"app.{module}":
            yield from (each.name for each in node.names)


def _without_unused(text: str, wanted: set[str]) -> str:
    """Return a module reduced to the statements that bind a wanted name and those on which they depend."""
    statements, lines = ast.parse(text).body, text.splitlines()
    needed = _needed(statements, wanted)
    kept: list[str] = []
    end, dropped = 0, False
    for each in statements:
        start = _start(each) - 1
        above, own = lines[end:start], lines[start : each.end_lineno]
        end = each.end_lineno or start
        # A string that follows a dropped statement is its docstring.
        dropped = not _bound(each) & needed if _bound(each) else dropped and isinstance(each, ast.Expr)
        if dropped:
            own = []
            while above and above[-1].startswith("#"):
                above.pop()
        elif isinstance(each, ast.ImportFrom):
            each.names = [one for one in each.names if (one.asname or one.name) in needed]
            own = [ast.unparse(each)]
        kept += [*above, *own]
    return format_python("\n".join([*kept, *lines[end:]]) + "\n")


def _needed(statements: Sequence[ast.stmt], wanted: set[str]) -> set[str]:
    """Return the wanted names and all names used, directly or indirectly, by the statements that bind them."""
    needed, grown = {*wanted, "annotations"}, True
    while grown:
        used = {
            node.id
            for each in statements
            if not _bound(each) or _bound(each) & needed
            for node in ast.walk(each)
            if isinstance(node, ast.Name)
        }
        grown = not used <= needed
        needed |= used
    return needed


def _start(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min((int(each.lineno) for each in decorators), default=node.lineno)


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a top-level statement defines or imports."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(each.asname or each.name).partition(".")[0] for each in names}
        case ast.Assign(targets=targets):
            return {each.id for each in targets if isinstance(each, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def _defines(text: str) -> bool:
    return any(
        _bound(each) and not isinstance(each, ast.Import | ast.ImportFrom) for each in ast.parse(text).body
    )
