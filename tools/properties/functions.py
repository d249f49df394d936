"""Discovery of functions whose type hints or docstrings allow tests to be derived; nothing is imported."""

from __future__ import annotations

import ast
import doctest
import itertools
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from pydantic import BaseModel

from tools.python_source import parse_python
from tools.testing.mutation.mutants import NOT_CODE
from tools.testing.sandbox_environment import import_roots
from tools.workspace.walk import files

_LARGEST = 500_000
_NOT_MODULES = ("__main__", "setup", "conftest", "noxfile", "tasks")
_NOT_PACKAGES = ("tests", "test", "testing", "docs", "doc", "examples", "benchmarks", "scripts", "migrations")


class PublicFunction(BaseModel, frozen=True):
    """A public function that has type hints or docstring examples."""

    module: str
    """Dotted name of its module, such as "shop.prices"."""
    name: str
    file: str
    """Path of its file within the repository."""
    hints: bool
    """Whether it has parameters, and every one of them has a type hint or a default value."""
    examples: bool
    """Whether its docstring contains doctest examples."""

    @property
    def label(self) -> str:
        """Dotted name of the function, including its module."""
        return f"{self.module}.{self.name}"


def find_functions(folder: Path) -> list[PublicFunction]:
    """Return the public functions with hints or examples, sorted by module and in source order within each module."""
    found: dict[str, list[PublicFunction]] = {}
    for root in (each.resolve() for each in import_roots(folder)):
        # If a module and a package have the same name, Python imports the package.
        for path in sorted(files(root), key=lambda each: (each.name != "__init__.py", each)):
            name = _module(path.relative_to(root)) if path.suffix == ".py" else ""
            here = path.relative_to(folder.resolve()).as_posix()
            seen = any(here == each.file for each in itertools.chain(*found.values()))
            if name and name not in found and not seen and path.stat().st_size <= _LARGEST:
                found[name] = list(_functions(path.read_bytes(), name, here))
    return [each for name in sorted(found) for each in found[name]]


def functions_source(folder: Path, file: str, names: list[str]) -> str:
    """Return the source of some functions of a file for a model, with the file's docstring, imports and constants."""
    text = (folder / file).read_text("utf-8", "replace")
    tree = parse_python(text.encode())
    if tree is None:
        return ""
    plain = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    kept = [
        each
        for place, each in enumerate(tree.body)
        if isinstance(each, plain)
        or (place == 0 and isinstance(each, ast.Expr))
        or (isinstance(each, ast.FunctionDef) and each.name in names)
    ]
    return "\n\n".join(filter(None, (ast.get_source_segment(text, each) for each in kept)))


def _module(path: Path) -> str:
    """Return the dotted module name of a file, relative to its import root; "" if it is not a public module."""
    parts = [*path.parts[:-1], path.stem]
    if parts[-1] == "__init__":
        parts.pop()
    private = any(each.startswith("_") or not each.isidentifier() for each in parts)
    beside = any(each in _NOT_PACKAGES for each in parts[:-1]) or parts[:1] == ["tests"]
    if not parts or private or beside or parts[-1] in _NOT_MODULES:
        return ""
    return "" if any(fnmatch(path.as_posix(), each) for each in NOT_CODE) else ".".join(parts)


def _functions(content: bytes, module: str, file: str) -> Iterator[PublicFunction]:
    tree = parse_python(content)
    for each in tree.body if tree else ():
        if not isinstance(each, ast.FunctionDef) or each.name.startswith("_"):
            continue
        hints, examples = _has_hints(each), _has_examples(ast.get_docstring(each) or "")
        if hints or examples:
            yield PublicFunction(module=module, name=each.name, file=file, hints=hints, examples=examples)


def _has_hints(function: ast.FunctionDef) -> bool:
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    bare = plain[: len(plain) - len(given.defaults)]
    bare += [arg for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    named = bool(plain or given.kwonlyargs)
    return named and all(arg.annotation is not None for arg in bare)


def _has_examples(text: str) -> bool:
    try:
        return bool(doctest.DocTestParser().get_examples(text))
    except ValueError:
        return False
