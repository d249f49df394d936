"""One thing that a test checks: what it looks at and what it expects, in a form that goes by no variable's name."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_SYMMETRIC = ("==", "!=", "is", "is not")


@dataclass(frozen=True)
class Guard:
    """What has to be so for a check to be reached."""

    text: str
    """For people: "if `x`"."""
    form: str


@dataclass(frozen=True)
class Check:
    """One thing that a function holds the code to."""

    line: int
    text: str
    """As it is written."""
    form: str
    """Its normal form, with what its variables are bound to."""
    shape: str
    """Its normal form alone."""
    subject: str
    """Normal form of what is looked at, with what its variables are bound to."""
    operator: str
    expected: str
    """What the subject is compared with, as it is written; "" for nothing."""
    guards: tuple[Guard, ...] = ()
    alternatives: tuple[str, ...] = ()
    """Forms of what stands between its `or`s."""


def last_name(node: ast.AST) -> str:
    """Return the last name of what is named, called or subscripted: "skip" of `pytest.mark.skip("x")`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_constant(node: ast.AST) -> bool:
    """Whether an assertion of it holds nobody to anything."""
    return isinstance(node, ast.Constant)


class LocalRenamer(ast.NodeTransformer):
    """Calls local variables by the order in which they appear."""

    def __init__(self, local: frozenset[str]) -> None:
        self.numbers: dict[str, str] = {}
        self._bound = local
        self._local = local

    def text(self, node: ast.AST) -> str:
        """Return the source of a node; numbers go on from one node to the next."""
        self._local = self._bound | _stored(node)
        return ast.unparse(self.visit(copy.deepcopy(node)))

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Rename a variable."""
        node.id = self._number(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Rename what a lambda or a function takes."""
        node.arg = self._number(node.arg)
        return node

    def _number(self, name: str) -> str:
        return self.numbers.setdefault(name, f"_{len(self.numbers)}") if name in self._local else name


def _stored(node: ast.AST) -> set[str]:
    names = {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    return names | {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}


def conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what all has to hold for a condition to hold."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for each in node.values:
            yield from conjuncts(each)
    else:
        yield node


def split_comparison(node: ast.expr) -> tuple[ast.expr, str, list[ast.AST]]:
    """Return what is looked at, how it is compared, and with what."""
    if isinstance(node, ast.Call):
        first, *others = [*node.args, None] if node.args else [node.func]
        assert first is not None  # noqa: S101  for the type checker
        return first, one_line(node.func), [each for each in (*others, *node.keywords) if each is not None]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand, "not", []
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        operator, left, right = _OPERATORS[type(node.ops[0])], node.left, node.comparators[0]
        if operator in _SYMMETRIC and is_constant(left) and not is_constant(right):
            left, right = right, left
        return left, operator, [right]
    return node, "", []


def one_line(node: ast.AST) -> str:
    """Return a node's source in one line."""
    return " ".join(ast.unparse(node).split())
