"""Extract the checks of test functions in a normal form.

The form ignores formatting and names of local variables. A check includes what its variables are bound to and the
conditions under which it is reached.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from tools.python_source import last_name
from tools.test_integrity.assertions import (
    Check,
    Guard,
    LocalRenamer,
    conjuncts,
    one_line,
    split_comparison,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
SKIPPING = ("skip", "skipif", "xfail", "skipTest", "SkipTest", "expectedFailure", "importorskip", "exit")
"""Names that skip a test or expect it to fail."""
_EXPECTING = ("raises", "warns", "deprecated_call", "fail")
_CHECKING = ("assert", "check", "verify", "expect", "ensure", "require")
_SWALLOWING = ("suppress", "raises", "assertRaises", "assertRaisesRegex")
_MOST_BOUND = 40
"""Maximum number of bindings followed in one form."""


@dataclass(frozen=True)
class Body:
    """The checks and calls of a function."""

    checks: tuple[Check, ...] = ()
    steps: tuple[Check, ...] = ()
    """Calls of the function. A test without checks still verifies that these do not raise."""


def body_of(function: Function, guards: Sequence[Guard], helpers: Collection[str]) -> Body:
    """Return the checks of a function; a call to one of `helpers` counts as a check."""
    walk = _Walk(frozenset(helpers))
    walk.through(_without_docstring(function.body), tuple(guards))
    return Body(tuple(walk.checks), tuple(walk.steps))


def guard(kind: str, condition: ast.expr) -> Guard:
    """Return the guard for a condition outside any function."""
    return _Walk(frozenset()).guard(kind, condition)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if documented else body


@dataclass
class _Walk:
    """Visits the statements of a function in order."""

    helpers: frozenset[str]
    checks: list[Check] = field(default_factory=list)
    steps: list[Check] = field(default_factory=list)
    bound: dict[str, list[ast.AST]] = field(default_factory=dict)
    """The values that each variable was last bound to."""
    left: list[Guard] = field(default_factory=list)
    """Earlier points at which control may have left the function or the enclosing loop."""

    def through(self, body: Sequence[ast.stmt], guards: tuple[Guard, ...]) -> None:
        for each in body:
            self._statement(each, guards)

    def guard(self, kind: str, *nodes: ast.AST) -> Guard:
        said = " ".join(f"`{one_line(each)}`" for each in nodes)
        return Guard(f"{kind} {said}".strip(), f"{kind} {self.form(*nodes)}")

    def form(self, *nodes: ast.AST) -> str:
        """Return the normal form of nodes, with what their variables are bound to."""
        renamed = LocalRenamer(frozenset(self.bound))
        said = [renamed.text(each) for each in nodes]
        done: list[str] = []
        while (open_ := [each for each in renamed.numbers if each not in done]) and len(said) < _MOST_BOUND:
            done.append(open_[0])
            said += [renamed.text(each) for each in self.bound.get(open_[0], [])[-_MOST_BOUND:]]
        return "; ".join(said)

    def _statement(self, node: ast.stmt, guards: tuple[Guard, ...]) -> None:  # noqa: C901  a table of statements
        match node:
            case ast.Assert(test=test):
                for each in conjuncts(test):
                    if not isinstance(each, ast.Constant):
                        self.checks.append(self._check(each, guards))
                        calls = [node for node in ast.walk(each) if isinstance(node, ast.Call)]
                        self.steps += [self._check(call, guards) for call in calls]
            case ast.Expr(value=value):
                self._expression(value, guards)
            case ast.Return(value=value):
                if value is not None:
                    self._expression(value, guards)
                self._leave("return", guards)
            case ast.Raise(exc=exc) if exc is not None and last_name(exc) in SKIPPING:
                self._leave(one_line(exc), guards)
            case ast.Break() | ast.Continue():
                self._leave(one_line(node), guards)
            case ast.If(test=test, body=body, orelse=orelse):
                self._branch(body, (*guards, self.guard("if", test)))
                self._branch(orelse, (*guards, self.guard("else of", test)))
            case ast.While(test=test, body=body, orelse=orelse):
                self._loop(body, (*guards, self.guard("while", test)), orelse, guards)
            case ast.For() | ast.AsyncFor():
                over = self.guard("for each item of", node.iter)
                self._bind(node.target, ast.Tuple(elts=[node.target, node.iter], ctx=ast.Load()))
                self._loop(node.body, (*guards, over), node.orelse, guards)
            case ast.Try() | ast.TryStar():
                self._try(node, guards)
            case ast.With() | ast.AsyncWith():
                self._with(node, guards)
            case ast.Match(subject=subject, cases=cases):
                for case in cases:
                    self._branch(case.body, (*guards, self.guard("match", subject, case.pattern)))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._inner(node, guards)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self._assign(node, guards)
            case _:
                pass

    def _expression(self, value: ast.expr, guards: tuple[Guard, ...]) -> None:
        call = value.value if isinstance(value, ast.Await | ast.YieldFrom) else value
        if not isinstance(call, ast.Call):
            return
        name = last_name(call)
        if name in SKIPPING:
            self._leave(one_line(call), guards)
        elif name in _EXPECTING or name in self.helpers or name.lstrip("_").startswith(_CHECKING):
            self.checks.append(self._check(call, guards))
        else:
            self.steps.append(self._check(call, guards))

    def _leave(self, text: str, guards: tuple[Guard, ...]) -> None:
        within = "".join(f", {each.form}" for each in guards)
        self.left.append(Guard(f"after `{text}`", f"after {text}{within}"))

    def _branch(self, body: Sequence[ast.stmt], guards: tuple[Guard, ...]) -> None:
        before = {name: [*nodes] for name, nodes in self.bound.items()}
        self.through(body, guards)
        for name, nodes in self.bound.items():
            old = before.get(name, [])
            self.bound[name] = [*old, *(each for each in nodes if each not in old)]

    def _loop(
        self,
        body: Sequence[ast.stmt],
        within: tuple[Guard, ...],
        orelse: Sequence[ast.stmt],
        guards: tuple[Guard, ...],
    ) -> None:
        left = [*self.left]
        self._branch(body, within)
        # break and continue do not affect what follows the loop.
        self.left = [
            *left,
            *(g for g in self.left[len(left) :] if g.text not in ("after `break`", "after `continue`")),
        ]
        self._branch(orelse, (*guards, Guard("else of a loop", "else of a loop")))

    def _try(self, node: ast.Try | ast.TryStar, guards: tuple[Guard, ...]) -> None:
        caught = [self.guard("except", *([each.type] if each.type else [])) for each in node.handlers]
        tried = (Guard("try", f"try {[each.form for each in caught]}"),) if node.handlers else ()
        self._branch(node.body, (*guards, *tried))
        for each, handler in zip(caught, node.handlers, strict=True):
            if handler.name:
                self.bound[handler.name] = [handler.type] if handler.type else []
            self._branch(handler.body, (*guards, each))
        self._branch(node.orelse, (*guards, *tried))
        self.through(node.finalbody, guards)

    def _with(self, node: ast.With | ast.AsyncWith, guards: tuple[Guard, ...]) -> None:
        inner, body = guards, ast.Module(body=node.body, type_ignores=[])
        for each in node.items:
            manager = each.context_expr
            if last_name(manager) in _SWALLOWING:
                inner = (*inner, self.guard("with", manager))
            if isinstance(manager, ast.Call) and (
                last_name(manager) in _EXPECTING or last_name(manager).startswith("assert")
            ):
                self.checks.append(self._check(manager, guards, body))
            elif isinstance(manager, ast.Call):
                self.steps.append(self._check(manager, guards))
            if each.optional_vars is not None:
                self._bind(each.optional_vars, manager)
        self.through(node.body, inner)

    def _inner(self, node: Function | ast.ClassDef, guards: tuple[Guard, ...]) -> None:
        left = [*self.left]
        before = {name: [*nodes] for name, nodes in self.bound.items()}
        inner = Guard(f"inside `{node.name}`", "in a function")
        self.through(_without_docstring(node.body), (*guards, inner))
        self.left, self.bound = left, before | {node.name: [node]}

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, guards: tuple[Guard, ...]) -> None:
        value = node.value
        if value is None:
            return
        self._expression(value, guards)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for each in targets:
            if isinstance(each, ast.Name):
                names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
                again = isinstance(node, ast.AugAssign) or each.id in names
                kept = self.bound.get(each.id, []) if again else []
                self.bound[each.id] = [*kept, node if isinstance(node, ast.AugAssign) else value]
            else:
                self._bind(each, node)

    def _bind(self, target: ast.expr, value: ast.AST) -> None:
        """Bind all names of a target; assigning to an attribute or item changes its owner."""
        for each in ast.walk(target):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                self.bound[each.id] = [value]
        root = target
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if root is not target and isinstance(root, ast.Name) and root.id in self.bound:
            self.bound[root.id] = [*self.bound[root.id], value]

    def _check(self, node: ast.expr, guards: tuple[Guard, ...], block: ast.Module | None = None) -> Check:
        """Return the check that an expression makes; `block` is the body of a `with` statement that is checked."""
        subject, operator, expected = split_comparison(node)
        if block is not None and isinstance(node, ast.Call):
            subject, expected = block, [*node.args, *node.keywords]
        others = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) else []
        return Check(
            line=node.lineno,
            text=one_line(node),
            form=self.form(node, block) if block else self.form(node),
            shape=LocalRenamer(frozenset(self.bound)).text(node),
            subject=self.form(subject),
            operator=operator,
            expected=", ".join(one_line(each) for each in expected),
            guards=(*guards, *self.left),
            alternatives=tuple(self.form(each) for each in others),
        )
