"""The routes that a service's code declares, read without running it, since running code could hide them.

Only the forms that generated code uses are understood: decorators of a router with a constant path, and
`include_router` of a module's router without further arguments. Anything else that can add a route is reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, JsonValue

from tools.python_source import last_name, parse_python

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SERVICE_WIDE = ("/healthz", "/readyz", "/metrics", "/openapi.yaml")
"""Paths that every service has, whatever its contract says."""
_ADDING = ("add_api_route", "add_route", "add_api_websocket_route", "add_websocket_route", "mount", "host")
_CLASSES = ("Route", "APIRoute", "WebSocketRoute", "APIWebSocketRoute", "Mount", "Host")
_DECORATORS = ("api_route", "route", "websocket", "websocket_route")
_LEFT_OUT = "left_out"
"""Name of the generated function that answers 405 for an operation that a resource does not offer."""
_APPS = ("FastAPI", "Starlette")


class RouteProblem(BaseModel, frozen=True):
    """A difference between code and contract, or code whose routes cannot be read."""

    what: str
    file: str
    line: int = 0


class _Route(BaseModel, frozen=True):
    operation: str
    """Method and path, with "{}" for each parameter."""
    file: str
    line: int


def route_problems(files: Mapping[str, str], contract: JsonValue) -> list[RouteProblem]:
    """Return the differences between routes in Python files (texts by path) and the contract, and unreadable routes."""
    routes: list[_Route] = []
    problems: list[RouteProblem] = []
    for path, text in sorted(files.items()):
        tree = parse_python(text)
        if tree is None:
            problems.append(
                RouteProblem(what="Its routes cannot be read: it is not valid Python.", file=path)
            )
            continue
        for found in _Module(path, tree).routes():
            if isinstance(found, _Route):
                routes.append(found)
            else:
                problems.append(found)
    promised = _promised(contract)
    for route in routes:
        if not _is_known(route.operation, promised):
            what = f"{route.operation} is not in openapi.yaml. Add it to the contract, or remove the route."
            problems.append(RouteProblem(what=what, file=route.file, line=route.line))
    declared = {each.operation for each in routes}
    for operation in promised:
        if not _is_known(operation, declared):
            what = f"{operation} is in the contract, but no code declares this route."
            problems.append(RouteProblem(what=what, file="openapi.yaml"))
    return problems


def _is_known(operation: str, others: set[str]) -> bool:
    method, _, path = operation.partition(" ")
    return operation in others or path in _SERVICE_WIDE or (method == "HEAD" and f"GET {path}" in others)


def _promised(contract: JsonValue) -> set[str]:
    paths = contract.get("paths") if isinstance(contract, dict) else None
    return {
        _operation(method, str(path))
        for path, item in (paths.items() if isinstance(paths, dict) else ())
        for method in (item if isinstance(item, dict) else ())
        if method in METHODS
    }


def _operation(method: str, path: str) -> str:
    return f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"


class _Module:
    """Reads the routes of one file."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self._file = file
        self._tree = tree
        self._prefixes = dict(_prefixes(tree))

    def routes(self) -> Iterator[_Route | RouteProblem]:
        """Yield each route, and a problem for each place that may declare routes in another way."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for decorator in node.decorator_list:
                    yield from self._decorated(decorator)
            elif isinstance(node, ast.Call):
                if not self._is_plain(node):
                    yield self._unreadable(node)
            elif isinstance(node, ast.Attribute) and node.attr == "routes" and _is_changed(node, self._tree):
                yield self._unreadable(node)

    def _decorated(self, decorator: ast.expr) -> Iterator[_Route | RouteProblem]:
        name = last_name(decorator)
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            return
        if name in _DECORATORS:
            yield self._unreadable(decorator)
        if name not in METHODS:
            return
        prefix = self._prefixes.get(last_name(decorator.func.value))
        path = _constant(decorator.args[0]) if decorator.args else None
        if prefix is None or path is None:
            yield self._unreadable(decorator)
            return
        yield _Route(operation=_operation(name, prefix + path), file=self._file, line=decorator.lineno)

    def _is_plain(self, call: ast.Call) -> bool:
        """Return whether a call adds no route, or adds it in a form that is read elsewhere."""
        name = last_name(call)
        if name == "include_router":
            return len(call.args) == 1 and not call.keywords
        if name == "add_api_route":
            return len(call.args) == 2 and not call.keywords and last_name(call.args[1]) == _LEFT_OUT
        if name in _CLASSES:
            return False
        if isinstance(call.func, ast.Attribute) and name in _ADDING:
            return False
        # `router.get("/path")(function)` is a decorator in disguise.
        inner = call.func
        return not (isinstance(inner, ast.Call) and last_name(inner) in (*METHODS, *_DECORATORS))

    def _unreadable(self, node: ast.expr) -> RouteProblem:
        what = (
            f"`{ast.unparse(node)[:80]}` may add a route that cannot be compared with the contract. Declare routes "
            'with the decorators of a router in the same file, such as @router.get("/{id}").'
        )
        return RouteProblem(what=what, file=self._file, line=node.lineno)


def _prefixes(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield the name and the prefix of each router and application; None if the prefix is not constant."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        name, keywords = last_name(node.value), {each.arg: each.value for each in node.value.keywords}
        for target in node.targets:
            if name == "APIRouter":
                given = keywords.get("prefix")
                readable = None not in keywords and not node.value.args and "routes" not in keywords
                yield last_name(target), ("" if given is None else _constant(given)) if readable else None
            elif name in _APPS:
                yield last_name(target), "" if "routes" not in keywords else None


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_changed(node: ast.Attribute, tree: ast.Module) -> bool:
    """Return whether a list of routes is assigned, or one of its methods is called, rather than only read."""
    if not isinstance(node.ctx, ast.Load):
        return True
    return any(isinstance(each, ast.Attribute) and each.value is node for each in ast.walk(tree))
