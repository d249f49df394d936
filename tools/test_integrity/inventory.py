"""What a test file consists of: its tests, what serves them, and the values that they go by."""

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
"""Names that say how tests run, which is looked at elsewhere."""


@dataclass(frozen=True)
class Mark:
    """A decorator, or what says the same for a whole class or file."""

    name: str
    """Its last name: "skip"."""
    text: str
    line: int


@dataclass(frozen=True)
class Part:
    """A test, another function, or a value."""

    kind: Literal["test", "function", "fixture", "value", "import"]
    line: int
    body: Body = field(default_factory=Body)
    rows: tuple[str, ...] = ()
    """Of a parametrized test its rows, of a value its members, or the value alone; of a fixture its body; of what is
    imported where from."""
    marks: tuple[Mark, ...] = ()
    """Those of its class and file among them."""
    needs: frozenset[str] = frozenset()
    """Fixtures that it names."""

    @property
    def is_autouse(self) -> bool:
        """Whether it is a fixture that every test uses."""
        return any(each.name == "fixture" and "autouse=True" in each.text for each in self.marks)


def inventory(content: bytes) -> dict[str, Part] | None:
    """Return the parts of a file by their qualified names ("TestOrders::test_total"); None if it does not parse."""
    tree = parse_python(content)
    try:
        return _File(_helpers(tree)).parts(tree.body) if tree else None
    except (ValueError, RecursionError):  # what can be parsed cannot always be unparsed
        return None


def is_collected(path: str) -> bool:
    """Whether pytest, left to itself, looks into a file for tests."""
    return _COLLECTED.fullmatch(path.rpartition("/")[2]) is not None


def _helpers(tree: ast.Module) -> frozenset[str]:
    """Return the names of the functions of a file that are no tests and hold an assertion."""
    functions = [each for each in ast.walk(tree) if isinstance(each, Function)]
    return frozenset(
        each.name
        for each in functions
        if not each.name.startswith("test") and any(isinstance(node, ast.Assert) for node in ast.walk(each))
    )


@dataclass(frozen=True)
class _Scope:
    """A file, a class, or a block of one that is under a condition."""

    prefix: str = ""
    """Of the qualified names in it."""
    marks: tuple[Mark, ...] = ()
    guards: tuple[Guard, ...] = ()
    collected: bool = True
    """Whether pytest looks for tests in it."""


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
                # Whatever it was, it is no test any more.
                del self.found[name]
            if value is not None and not target.startswith("__") and target not in _NO_VALUES:
                self.found[name] = Part(kind="value", line=node.lineno, rows=_members(value))


def _flat(
    body: Sequence[ast.stmt], guards: tuple[Guard, ...] = ()
) -> Iterator[tuple[ast.stmt, tuple[Guard, ...]]]:
    """Yield the statements of a file or class, those under a condition with it."""
    for node in body:
        if isinstance(node, ast.If):
            yield from _flat(node.body, (*guards, guard("if", node.test)))
            yield from _flat(node.orelse, (*guards, guard("else of", node.test)))
        elif isinstance(node, ast.Try):
            yield from _flat([*node.body, *node.orelse, *node.finalbody], guards)
        else:
            yield node, guards


def _scope_marks(body: Sequence[ast.stmt]) -> Iterator[Mark]:
    """Yield what a file or a class says of all its tests."""
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
    """Yield the names that a statement binds to values, or unbinds; of `test_a.__test__ = False` test_a."""
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
    """Return what a function does and takes, as it is written but for its layout and its docstring."""
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
    """Yield the rows of `parametrize`; of any other decorator none."""
    if not isinstance(decorator, ast.Call) or last_name(decorator) != "parametrize":
        return
    names = _argument_names(decorator)
    values = [*decorator.args[1:2], *(each.value for each in decorator.keywords if each.arg == "argvalues")]
    for value in values:
        members = value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else [value]
        for each in members:
            yield f"{names} = {_row(each)}"


def _row(node: ast.expr) -> str:
    """Return a row without the name that it goes by."""
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
