"""Inventory of a test file: its tests, the functions and fixtures that support them, and its test values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tools.python_source import last_name, parse_python
from tools.test_integrity.assertions import Guard
from tools.test_integrity.normal_form import SKIPPING, Body, Function, body_of, guard

_COLLECTED = re.compile(r"test_.*\.py|.*_test\.py")
_NO_VALUES = ("pytestmark", "pytest_plugins", "collect_ignore", "collect_ignore_glob")
"""Names that control how tests run; they are compared elsewhere, not as values."""


@dataclass(frozen=True)
class Mark:
    """A decorator, or an equivalent marking of a whole class or file."""

    name: str
    """Last part of its dotted name, such as "skip"."""
    text: str
    line: int


@dataclass(frozen=True)
class Part:
    """A test, another function, a value or an import."""

    kind: Literal["test", "function", "fixture", "value", "import"]
    line: int
    body: Body = field(default_factory=Body)
    rows: tuple[str, ...] = ()
    """Rows of a parametrized test, members of a value (or the value), source of a fixture, or origin of an import."""
    marks: tuple[Mark, ...] = ()
    """Marks of the part itself, its class and its file."""
    needs: frozenset[str] = frozenset()
    """Names of the fixtures that it requests."""

    @property
    def is_autouse(self) -> bool:
        """Whether this is a fixture that pytest applies to every test."""
        return any(each.name == "fixture" and "autouse=True" in each.text for each in self.marks)


def inventory(content: bytes) -> dict[str, Part] | None:
    """Return the parts of a file by qualified name ("TestOrders::test_total"); None if it does not parse."""
    tree = parse_python(content)
    try:
        return _File(_helpers(tree)).parts(tree.body) if tree else None
    except (ValueError, RecursionError):  # not everything that parses can be unparsed
        return None


def is_collected(path: str) -> bool:
    """Return whether pytest collects tests from a file by default."""
    return _COLLECTED.fullmatch(path.rpartition("/")[2]) is not None


def _helpers(tree: ast.Module) -> frozenset[str]:
    """Return the names of the functions in a file that are not tests but contain an assertion."""
    functions = [each for each in ast.walk(tree) if isinstance(each, Function)]
    return frozenset(
        each.name
        for each in functions
        if not each.name.startswith("test") and any(isinstance(node, ast.Assert) for node in ast.walk(each))
    )


@dataclass(frozen=True)
class _Scope:
    """A file, a class, or a conditional block in either of them."""

    prefix: str = ""
    """Prefix of the qualified names in the scope."""
    marks: tuple[Mark, ...] = ()
    guards: tuple[Guard, ...] = ()
    collected: bool = True
    """Whether pytest collects tests from the scope."""


@dataclass
class _File:
    helpers: frozenset[str]
    found: dict[str, Part] = field(default_factory=dict)

    def parts(self, body: Sequence[ast.stmt]) -> dict[str, Part]:
        self._scope(body, _Scope())
        return self.found

    def _scope(self, body: Sequence[ast.stmt], scope: _Scope) -> None:
        marks = (*scope.marks, *_scope_marks(body))
        for node, condition in _flat(body):
            within = replace(scope, marks=marks, guards=(*scope.guards, *condition))
            if isinstance(node, Function):
                self._function(node, within)
            elif isinstance(node, ast.ClassDef):
                named = node.name.startswith("Test") or any(
                    last_name(each).endswith("TestCase") for each in node.bases
                )
                inherited = [Mark("inherits", f"({ast.unparse(each)})", each.lineno) for each in node.bases]
                inner = replace(
                    within,
                    prefix=f"{scope.prefix}{node.name}::",
                    marks=(*marks, *map(_mark, node.decorator_list), *inherited),
                    collected=scope.collected and named,
                )
                self._scope(node.body, inner)
            elif isinstance(node, ast.ImportFrom):
                self._imported(node, scope.prefix)
            else:
                self._value(node, scope.prefix)

    def _function(self, node: Function, scope: _Scope) -> None:
        is_test = scope.collected and node.name.startswith("test")
        is_fixture = any(last_name(each) == "fixture" for each in node.decorator_list)
        parametrized = [each for each in node.decorator_list if last_name(each) == "parametrize"]
        given = {name.strip() for each in parametrized for name in _argument_names(each).split(",")}
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.found[scope.prefix + node.name] = Part(
            kind="fixture" if is_fixture else "test" if is_test else "function",
            line=node.lineno,
            body=body_of(node, scope.guards, self.helpers),
            rows=(_source(node),)
            if is_fixture
            else tuple(row for each in parametrized for row in _rows(each)),
            marks=(*scope.marks, *(_mark(each) for each in node.decorator_list if not [*_rows(each)])),
            needs=frozenset(each.arg for each in arguments) - given - {"self", "cls"},
        )

    def _imported(self, node: ast.ImportFrom, prefix: str) -> None:
        for each in node.names:
            origin = f"{'.' * node.level}{node.module or ''}.{each.name}"
            name = f"{prefix}{each.asname or each.name}"
            self.found[name] = Part(kind="import", line=node.lineno, rows=(origin,))

    def _value(self, node: ast.stmt, prefix: str) -> None:
        for target, value in _assigned(node):
            name = f"{prefix}{target}"
            if name in self.found and self.found[name].kind != "value":
                # Whatever the name referred to before, it is no longer a test.
                del self.found[name]
            if value is not None and not target.startswith("__") and target not in _NO_VALUES:
                self.found[name] = Part(kind="value", line=node.lineno, rows=_members(value))


def _flat(
    body: Sequence[ast.stmt], guards: tuple[Guard, ...] = ()
) -> Iterator[tuple[ast.stmt, tuple[Guard, ...]]]:
    """Yield the statements of a file or class, each with the conditions under which it is executed."""
    for node in body:
        if isinstance(node, ast.If):
            yield from _flat(node.body, (*guards, guard("if", node.test)))
            yield from _flat(node.orelse, (*guards, guard("else of", node.test)))
        elif isinstance(node, ast.Try):
            yield from _flat([*node.body, *node.orelse, *node.finalbody], guards)
        else:
            yield node, guards


def _scope_marks(body: Sequence[ast.stmt]) -> Iterator[Mark]:
    """Yield the marks that a file or class applies to all its tests."""
    for node, _ in _flat(body):
        for target, value in _assigned(node):
            if target == "pytestmark" and value is not None:
                for each in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
                    yield _mark(each)
            elif target == "__test__" and value is not None:
                yield Mark("skip", f"__test__ = {ast.unparse(value)}", node.lineno)
        said = node.value if isinstance(node, ast.Expr) else node.exc if isinstance(node, ast.Raise) else None
        if said is not None and last_name(said) in SKIPPING:
            yield _mark(said)


def _mark(node: ast.expr) -> Mark:
    return Mark(last_name(node), ast.unparse(node), node.lineno)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a statement binds to values, or unbinds; `test_a.__test__ = False` unbinds test_a."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets, value = (
            (node.targets, node.value) if isinstance(node, ast.Assign) else ([node.target], node.value)
        )
    elif isinstance(node, ast.Delete):
        targets, value = node.targets, None
    else:
        return
    for each in targets:
        if isinstance(each, ast.Name):
            yield each.id, value
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            yield each.value.id, None


def _source(node: Function) -> str:
    """Return the parameters and the body of a function as source, ignoring layout and docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return "\n".join([ast.unparse(node.args), *map(ast.unparse, body)])


def _members(value: ast.expr) -> tuple[str, ...]:
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return tuple(_row(each) for each in value.elts)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return tuple(f"{ast.unparse(key) if key else '**'}: {ast.unparse(each)}" for key, each in pairs)
    return (ast.unparse(value),)


def _rows(decorator: ast.expr) -> Iterator[str]:
    """Yield the rows of a `parametrize` decorator; none for any other decorator."""
    if not isinstance(decorator, ast.Call) or last_name(decorator) != "parametrize":
        return
    names = _argument_names(decorator)
    values = [*decorator.args[1:2], *(each.value for each in decorator.keywords if each.arg == "argvalues")]
    for value in values:
        members = value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else [value]
        for each in members:
            yield f"{names} = {_row(each)}"


def _row(node: ast.expr) -> str:
    """Return the source of a parameter row, without its id."""
    if isinstance(node, ast.Call) and last_name(node) == "param":
        marked = [each for each in node.keywords if each.arg != "id"]
        if not marked:
            only = node.args[0] if len(node.args) == 1 else ast.Tuple(elts=node.args, ctx=ast.Load())
            return ast.unparse(only)
        node = ast.Call(func=node.func, args=node.args, keywords=marked)
    return ast.unparse(node)


def _argument_names(decorator: ast.expr) -> str:
    if not isinstance(decorator, ast.Call):
        return ""
    given = [*decorator.args[:1], *(each.value for each in decorator.keywords if each.arg == "argnames")]
    if not given:
        return ""
    first = given[0]
    names = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
    text = ",".join(
        str(each.value) if isinstance(each, ast.Constant) else ast.unparse(each) for each in names
    )
    return ", ".join(each.strip() for each in text.split(","))
