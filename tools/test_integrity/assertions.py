"""One check of a test: its subject and expected value, in a form independent of variable names."""

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
    """A condition under which a check is reached."""

    text: str
    """Description for messages, such as "if `x`"."""
    form: str


@dataclass(frozen=True)
class Check:
    """One assertion of a function, or a call that must not raise."""

    line: int
    text: str
    """The source of the check, on one line."""
    form: str
    """Normal form, including what the variables are bound to."""
    shape: str
    """Normal form without bindings."""
    subject: str
    """Normal form of the checked value, including bindings."""
    operator: str
    expected: str
    """Source of the value that the subject is compared with; "" if there is none."""
    guards: tuple[Guard, ...] = ()
    alternatives: tuple[str, ...] = ()
    """Normal forms of the operands, if the check is an `or`."""


class LocalRenamer(ast.NodeTransformer):
    """Renames local variables to numbers in order of appearance."""

    def __init__(self, local: frozenset[str]) -> None:
        self.numbers: dict[str, str] = {}
        self._bound = local
        self._local = local

    def text(self, node: ast.AST) -> str:
        """Return the source of a node; numbering continues from one node to the next."""
        self._local = self._bound | _stored(node)
        return ast.unparse(self.visit(copy.deepcopy(node)))

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Replace a variable's name with its number."""
        node.id = self._number(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Replace a parameter's name with its number."""
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
    """Yield the operands of nested `and`s, or the condition itself."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for each in node.values:
            yield from conjuncts(each)
    else:
        yield node


def split_comparison(node: ast.expr) -> tuple[ast.AST, str, list[ast.AST]]:
    """Return the subject, the operator and the expected operands of a check."""
    if isinstance(node, ast.Call):
        first, *others = node.args or [node.func]
        return first, one_line(node.func), [*others, *node.keywords]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand, "not", []
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        operator, left, right = _OPERATORS[type(node.ops[0])], node.left, node.comparators[0]
        if operator in _SYMMETRIC and isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
            left, right = right, left
        return left, operator, [right]
    return node, "", []


def one_line(node: ast.AST) -> str:
    """Return a node's source on a single line."""
    return " ".join(ast.unparse(node).split())
