"""What tests request, assert and mention, read from their source without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus

from pydantic import BaseModel

from tools.python_source import last_name, parse_python

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SENDERS = ("request", "send", "open", "fetch", "stream")
"""Names of functions that take the method as an argument."""
_CHECKS = re.compile(
    r"status|accept|refus|reject|assert|expect|check|fail|raise|param|^(tuple|list|set|range)$", re.I
)
"""Names of functions whose arguments may be expected statuses."""
_STATUS_NAME = re.compile(r"status|code", re.IGNORECASE)
_CONSTANT = re.compile(r"HTTP_([1-5][0-9]{2})(?:_\w+)?")
_NUMBER = re.compile(r"(?<![\w.])[1-5][0-9]{2}(?![\w.])")
_TEXT = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class TestContent(BaseModel, frozen=True):
    """The requests, statuses and texts in the source of some tests."""

    __test__ = False
    """Prevents pytest from collecting the class as a test because of its name."""

    requests: frozenset[tuple[str, str]] = frozenset()
    """Method and path of each request; a variable part of a path is "{}", and an unknown path is ""."""
    statuses: frozenset[int] = frozenset()
    """Numbers that a response's status may be compared with."""
    texts: frozenset[str] = frozenset()
    """Constants, except for docstrings; numbers as written by `str`."""


def content_of(sources: Mapping[str, str], tests: Collection[str]) -> TestContent:
    """Return the content of tests and of the code that they use in the same files; if `tests` is empty, of all sources.

    `sources` maps paths to texts; tests have pytest's node ids, such as "tests/test_a.py::test_b".
    """
    modules = {path: tree for path, text in sources.items() if (tree := _module(path, text)) is not None}
    reader = _Reader(modules)
    if tests:
        for test in tests:
            path, _, name = test.partition("::")
            reader.read_test(path, name.rpartition("::")[2].partition("[")[0])
    else:
        for tree in modules.values():
            reader.read(tree)
        for path in sources.keys() - modules.keys():
            reader.read_text(sources[path])
    return TestContent(
        requests=frozenset(reader.requests),
        statuses=frozenset(reader.statuses),
        texts=frozenset(reader.texts),
    )


def _module(path: str, text: str) -> ast.Module | None:
    return parse_python(text) if path.endswith(".py") else None


class _Reader:
    """Collects the content of functions and of all functions and module constants that they name."""

    def __init__(self, modules: Mapping[str, ast.Module]) -> None:
        self.requests: set[tuple[str, str]] = set()
        self.statuses: set[int] = set()
        self.texts: set[str] = set()
        self._done: set[int] = set()
        self._own = {path: _definitions(tree) for path, tree in modules.items()}
        self._all: dict[str, tuple[str, ast.AST]] = {}
        for path, names in self._own.items():
            for name, node in names.items():
                self._all.setdefault(name, (path, node))

    def read_test(self, path: str, name: str) -> None:
        """Read a test and everything that it uses."""
        waiting = [(path, name)]
        while waiting:
            path, name = waiting.pop()
            here, node = (
                (path, self._own.get(path, {}).get(name))
                if name in self._own.get(path, {})
                else (self._all.get(name, (path, None)))
            )
            if node is None or id(node) in self._done:
                continue
            self._done.add(id(node))
            self.read(node)
            waiting += [(here, used) for used in _names(node)]

    def read(self, node: ast.AST) -> None:
        """Read a syntax tree."""
        for each, expected in _expressions(node):
            if isinstance(each, ast.Constant):
                self._constant(each.value, expected)
            elif isinstance(each, ast.JoinedStr | ast.BinOp):
                self.texts.add(_template(each))
            elif isinstance(each, ast.Attribute | ast.Name):
                self._named_status(last_name(each))
            elif isinstance(each, ast.Call):
                self._call(each)

    def read_text(self, text: str) -> None:
        """Read source in a language that is not parsed."""
        self.statuses.update(map(int, _NUMBER.findall(text)))
        strings = ["".join(found) for found in _TEXT.findall(text)]
        self.texts.update(strings)
        methods = [each for each in METHODS if re.search(rf"\b{each}\b|\.{each.lower()}\(", text)]
        self.requests.update(
            (method, re.sub(r"\$\{[^}]*\}", "{}", each)) for method in methods for each in strings
        )

    def _constant(self, value: object, expected: bool) -> None:
        if isinstance(value, str):
            self.texts.add(value)
        elif isinstance(value, bytes):
            self.texts.add(value.decode("utf-8", "replace"))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.texts.add(str(value))
            if expected and isinstance(value, int) and 100 <= value <= 599:
                self.statuses.add(value)

    def _named_status(self, name: str) -> None:
        if found := _CONSTANT.fullmatch(name):
            self.statuses.add(int(found.group(1)))
        elif name in HTTPStatus.__members__:
            self.statuses.add(HTTPStatus[name].value)

    def _call(self, call: ast.Call) -> None:
        name = last_name(call)
        values = [
            *call.args,
            *(each.value for each in call.keywords if each.arg in ("url", "path", "method")),
        ]
        if name.upper() in METHODS:
            self.requests.add((name.upper(), _template(values[0]) if values else ""))
        elif name in _SENDERS:
            told = [each.value for each in values if isinstance(each, ast.Constant)]
            methods = [each.upper() for each in told if isinstance(each, str) and each.upper() in METHODS]
            paths = [text for each in values if "/" in (text := _template(each))] or [""]
            self.requests.update((method, paths[0]) for method in methods)
        _, function = self._all.get(name, ("", None))
        if isinstance(function, _Function):
            self._default_status(call, function)

    def _default_status(self, call: ast.Call, function: _Function) -> None:
        """Add the status that a helper expects by default, unless the call passes another."""
        parameters = function.args.args
        named = {each.arg for each in call.keywords}
        defaults = function.args.defaults
        for position, default in enumerate(defaults, len(parameters) - len(defaults)):
            parameter = parameters[position].arg
            left_out = parameter not in named and position >= len(call.args)
            if left_out and _STATUS_NAME.search(parameter) and isinstance(default, ast.Constant):
                self._constant(default.value, True)


def _definitions(tree: ast.Module) -> dict[str, ast.AST]:
    """Return functions, methods and module constants by name."""
    found: dict[str, ast.AST] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        found |= {each.id: node for each in targets if isinstance(each, ast.Name)}
    found |= {node.name: node for node in ast.walk(tree) if isinstance(node, _Function)}
    return found


def _names(node: ast.AST) -> set[str]:
    """Return the names of functions, constants and fixtures that a definition may use."""
    found = {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    found |= {last_name(each) for each in ast.walk(node) if isinstance(each, ast.Call)}
    if isinstance(node, _Function):
        found |= {each.arg for each in node.args.args}
    return found


def _expressions(node: ast.AST, expected: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield all nodes except docstrings, each with a flag: whether a number there may be an expected status."""
    waiting = [(node, expected)]
    while waiting:
        node, expected = waiting.pop()
        yield node, expected
        if isinstance(node, ast.Call):
            checks = bool(_CHECKS.search(last_name(node)))
            waiting.append((node.func, False))
            waiting += [(each, checks) for each in node.args]
            waiting += [(each.value, bool(_STATUS_NAME.search(each.arg or ""))) for each in node.keywords]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            waiting += [(each, any(map(_may_be_status, sides))) for each in sides]
        elif isinstance(node, ast.If | ast.IfExp):
            # The condition of a branch is not a check.
            yield from ((each, False) for each in ast.walk(node.test))
            parts = [*node.body, *node.orelse] if isinstance(node, ast.If) else [node.body, node.orelse]
            waiting += [(each, expected) for each in parts]
        elif isinstance(node, ast.Dict):
            waiting += [(each, False) for each in (*node.keys, *node.values) if each is not None]
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            waiting += [(each, expected) for each in ast.iter_child_nodes(node)]


def _may_be_status(node: ast.AST) -> bool:
    """Return whether an operand may be the status of a response, rather than a member of its body."""
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return not isinstance(key, str) or bool(_STATUS_NAME.search(key))
    if isinstance(node, ast.Attribute):
        return bool(_STATUS_NAME.search(node.attr))
    return isinstance(node, ast.Name | ast.Call | ast.Await)


def _template(node: ast.AST) -> str:
    """Return the text of an expression with "{}" for each variable part; "" if no part is constant."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(each) or "{}" for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (_template(node.left) or "{}") + (_template(node.right) or "{}")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return re.sub(r"%[sdr]", "{}", _template(node.left))
    if isinstance(node, ast.Call) and last_name(node) == "format" and isinstance(node.func, ast.Attribute):
        return re.sub(r"\{[^}]*\}", "{}", _template(node.func.value))
    return ""
