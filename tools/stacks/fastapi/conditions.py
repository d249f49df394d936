"""Translates guard conditions into Python expressions, in which a null operand makes all comparisons but `ne` false."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from tools.blueprint.model import (
    Action,
    Blueprint,
    ChildCount,
    Compare,
    Comparison,
    Entity,
    Expired,
    FieldRef,
    FieldSpec,
    FieldType,
    Missing,
    Subject,
    Test,
)
from tools.blueprint.names import snake
from tools.errors import ToolError
from tools.stacks.fastapi.identifiers import attribute, class_name
from tools.stacks.fastapi.rendering import Code, py
from tools.stacks.fastapi.tables import target_of
from tools.stacks.fastapi.values import literal

_OPERATORS: dict[Comparison, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass(frozen=True)
class Operand:
    """A value in a generated expression."""

    code: str
    kind: FieldType
    nulls: tuple[str, ...] = ()
    """Expressions that may evaluate to None, in which case the value is null or cannot be reached."""


@dataclass(frozen=True)
class Scope:
    """The variables available in the generated code of an operation."""

    blueprint: Blueprint
    entity: Entity
    action: Action | None
    own: str
    """Variable that holds the resource on which the operation acts."""
    object: str = ""
    """Variable that holds the resource identified in the request body; "" if there is none."""
    references: tuple[tuple[str, str], ...] = ()
    """Name of each reference and the variable that holds the resource it refers to."""

    def entity_of(self, subject: Subject, via: str) -> Entity:
        """Return the entity of a rule's subject; `via` names the reference. Raises ToolError if it does not exist."""
        operation = self.action.name if self.action else ""
        found = target_of(self.blueprint, self.entity, operation, subject, via)
        if found is None:
            raise ToolError(f"{self.entity.name}: a rule refers to {subject} {via!r}, which does not exist.")
        return found

    def variable(self, subject: Subject, via: str) -> str:
        """Return the variable that holds a rule's subject; `via` names the reference."""
        if subject == "reference":
            return dict(self.references)[via]
        return {"self": self.own, "object": self.object, "input": "body"}[subject]

    def unreachable(self, subject: Subject, via: str) -> tuple[str, ...]:
        """Return the variable that holds a subject if it may be None, else an empty tuple."""
        reference = self.entity.reference(via) if subject == "reference" else None
        return (self.variable(subject, via),) if reference and reference.added_later else ()

    def spec(self, reference: FieldRef) -> FieldSpec:
        """Return the field or input that a rule refers to. Raises ToolError if it does not exist."""
        if reference.subject == "input":
            inputs = self.action.inputs if self.action else ()
            found = next((each for each in inputs if each.name == reference.field), None)
        else:
            found = known_field(self.entity_of(reference.subject, reference.via), reference.field)
        if found is None:
            raise ToolError(
                f"{self.entity.name}: a rule refers to {reference.field!r}, which does not exist."
            )
        return found

    def operand(self, reference: FieldRef) -> Operand:
        """Return the operand that reads a field or input."""
        field = self.spec(reference)
        variable = self.variable(reference.subject, reference.via)
        nulls = self.unreachable(reference.subject, reference.via)
        if field.computed is not None:
            owner = self.entity_of(reference.subject, reference.via)
            function = computed_function(owner, field)
            return Operand(f"computed.{function}(session, [{variable}.id])[{variable}.id]", field.type, nulls)
        code = f"{variable}.{attribute(field.name)}"
        null = (code,) if field.nullable else ()
        return Operand(code, field.type, nulls + null)


def known_field(entity: Entity, name: str) -> FieldSpec | None:
    """Return a field by name, or None. The status, the timestamps and the ids of references count as fields."""
    if name == "status" and entity.initial_state is not None:
        return FieldSpec(name=name, type="choice", choices=entity.states)
    if name in ("created at", "updated at"):
        return FieldSpec(name=name, type="timestamp")
    reference = entity.reference(name.removesuffix(" id"))
    if entity.field(name) is None and reference is not None:
        return FieldSpec(name=f"{reference.name} id", type="uuid", added_later=reference.added_later)
    return entity.field(name)


def computed_function(entity: Entity, field: FieldSpec) -> str:
    """Return the name of the function that computes a field, such as `order_total`."""
    return f"{snake(entity.name)}_{snake(field.name)}"


def condition(scope: Scope, tests: tuple[Test, ...]) -> Code:
    """Return the expression that is true if all tests hold."""
    return all_of(_test(scope, each) for each in tests)


def all_of(parts: Iterable[str]) -> Code:
    """Return the conjunction of the expressions, ignoring empty ones; "True" if none are left."""
    found = [part for part in parts if part] or ["True"]
    if len(found) == 1:
        return Code(found[0])
    return Code(" and ".join(f"({part})" if _alternatives(part) else part for part in found))


def _alternatives(expression: str) -> bool:
    parsed = ast.parse(expression, mode="eval").body
    return isinstance(parsed, ast.BoolOp) and isinstance(parsed.op, ast.Or)


def _test(scope: Scope, test: Test) -> str:
    if isinstance(test, Compare):
        return _compare(scope, test)
    if isinstance(test, Missing):
        return _missing(scope.operand(test.field), negated=test.negated)
    if isinstance(test, Expired):
        return _expired(scope.operand(test.field), negated=test.negated)
    return _child_count(scope, test)


def _compare(scope: Scope, test: Compare) -> str:
    left = scope.operand(test.left)
    if isinstance(test.right, FieldRef):
        right = scope.operand(test.right)
    else:
        right = Operand(literal(left.kind, test.right), left.kind)
    code, other = _alike(left, right)
    comparison = f"{code} {_OPERATORS[test.op]} {other}"
    if left.kind == "boolean" and not isinstance(test.right, FieldRef):
        comparison = left.code if bool(test.right) is (test.op == "eq") else f"not {left.code}"
    nulls = tuple(dict.fromkeys(left.nulls + right.nulls))
    return _null_or(nulls, comparison) if test.op == "ne" else _given_and(nulls, comparison)


def _alike(left: Operand, right: Operand) -> tuple[str, str]:
    """Return both operands as comparable expressions, reducing a timestamp to its date if the other is a date."""
    if (left.kind, right.kind) == ("date", "timestamp"):
        return left.code, f"{right.code}.date()"
    if (left.kind, right.kind) == ("timestamp", "date"):
        return f"{left.code}.date()", right.code
    return left.code, right.code


def _null_or(nulls: Iterable[str], *conditions: str) -> str:
    """Return the condition that any of the nullable expressions is None or one of the other conditions holds."""
    return " or ".join([*(f"{each} is None" for each in nulls), *conditions])


def _given_and(nulls: Iterable[str], *conditions: str) -> str:
    """Return the condition that none of the nullable expressions is None and the other conditions hold."""
    return " and ".join([*(f"{each} is not None" for each in nulls), *conditions])


def _missing(operand: Operand, *, negated: bool) -> str:
    if not operand.nulls:
        return "True" if negated else "False"
    return _given_and(operand.nulls) if negated else _null_or(operand.nulls)


def _expired(operand: Operand, *, negated: bool) -> str:
    limit = "clock.today()" if operand.kind == "date" else "clock.start_of_today()"
    if negated:
        return _null_or(operand.nulls, f"{operand.code} >= {limit}")
    return _given_and(operand.nulls, f"{operand.code} < {limit}")


def _child_count(scope: Scope, test: ChildCount) -> str:
    variable = scope.variable(test.subject, test.via)
    child = f"models.{class_name(test.child)}"
    pointing = f"{child}.{attribute(test.reference + ' id')} == {variable}.id"
    count = f"store.count(session, {child}, {pointing}) {_OPERATORS[test.op]} {py(test.number)}"
    return _given_and(scope.unreachable(test.subject, test.via), count)
