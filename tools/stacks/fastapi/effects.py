"""Translates the effects of operations into Python statements."""

from __future__ import annotations

from tools.blueprint.model import Effect, Entity, FieldRef, FieldSpec
from tools.blueprint.names import snake
from tools.errors import ToolError
from tools.stacks.fastapi.conditions import Operand, Scope, computed_function
from tools.stacks.fastapi.identifiers import attribute, identifier
from tools.stacks.fastapi.rendering import Code, py
from tools.stacks.fastapi.tables import storage, table_name
from tools.stacks.fastapi.values import NUMERIC, adapter_name, literal

_STEPS = {
    ("increase", False): "add",
    ("increase", True): "add_percent",
    ("reduce", False): "subtract",
    ("reduce", True): "subtract_percent",
}


def statements(scope: Scope, effect: Effect) -> Code:
    """Return the statements that apply an effect; they do nothing if its target or a required operand is null."""
    field = scope.spec(effect.target)
    amount = _amount(scope, effect, field)
    if field.computed is not None:
        code = _adjust(scope, effect, field, amount)
    elif effect.kind == "set":
        code = _set(scope, effect, field, amount)
    else:
        code = _change(scope, effect, field, amount)
    if effect.target.subject != "self":
        code += f"\n{_variable(scope, effect.target)}.touch()"
    needed = list(scope.unreachable(effect.target.subject, effect.target.via))
    needed += [] if effect.kind == "set" and field.computed is None else list(amount.nulls)
    if not needed:
        return Code(code)
    tests = " and ".join(f"{each} is not None" for each in dict.fromkeys(needed))
    return Code(f"if {tests}:\n" + "\n".join(f"    {line}" for line in code.splitlines()))


def _amount(scope: Scope, effect: Effect, field: FieldSpec) -> Operand:
    numeric = effect.kind != "set" or field.type in NUMERIC
    if numeric and field.type not in NUMERIC:
        raise ToolError(f"{scope.entity.name}: an effect changes {field.name}, which is not numeric.")
    if not isinstance(effect.amount, FieldRef):
        kind = field.type if effect.kind == "set" else "integer" if field.type == "integer" else "number"
        text = literal("number" if effect.percent else kind, effect.amount)
        return Operand(text, field.type)
    source = scope.spec(effect.amount)
    fits = source.type in NUMERIC if numeric else storage(source.type) == storage(field.type)
    if not fits:
        raise ToolError(
            f"{scope.entity.name}: an effect stores {source.name} ({source.type}) in {field.name} ({field.type})."
        )
    return scope.operand(effect.amount)


def _variable(scope: Scope, target: FieldRef) -> str:
    return scope.variable(target.subject, target.via)


def _checker(scope: Scope, effect: Effect, field: FieldSpec) -> str:
    owner = scope.entity_of(effect.target.subject, effect.target.via)
    module = "schemas" if owner.name == scope.entity.name else schemas_alias(owner)
    return f"{module}.{adapter_name(field)}"


def schemas_alias(owner: Entity) -> str:
    """Return the alias under which the schemas module of another entity is imported."""
    return f"{identifier(owner.name).rstrip('_')}_schemas"


def _set(scope: Scope, effect: Effect, field: FieldSpec, amount: Operand) -> str:
    target = f"{_variable(scope, effect.target)}.{attribute(field.name)}"
    if (
        field.name == "status"
        and scope.entity_of(effect.target.subject, effect.target.via).initial_state is not None
    ):
        return f"{target} = {amount.code}"
    return f"{target} = fields.kept({_checker(scope, effect, field)}, {field.name!r}, {amount.code})"


def _change(scope: Scope, effect: Effect, field: FieldSpec, amount: Operand) -> str:
    target = f"{_variable(scope, effect.target)}.{attribute(field.name)}"
    step = _STEPS[effect.kind, effect.percent]
    value = f"{target} or 0" if field.nullable else target
    rounded = f"arithmetic.{field.type}(arithmetic.{step}({value}, {amount.code}))"
    return f"{target} = fields.kept({_checker(scope, effect, field)}, {field.name!r}, {rounded})"


def _adjust(scope: Scope, effect: Effect, field: FieldSpec, amount: Operand) -> str:
    owner = scope.entity_of(effect.target.subject, effect.target.via)
    variable = _variable(scope, effect.target)
    step = "replace" if effect.kind == "set" else _STEPS[effect.kind, effect.percent]
    label = f"{table_name(owner.name)}.{snake(field.name)}"
    value = f"computed.{computed_function(owner, field)}(session, [{variable}.id])[{variable}.id]"
    return (
        f"adjustments.add(session, {variable}.id, {py(label)}, {py(step)}, {amount.code})\n"
        f"fields.kept({_checker(scope, effect, field)}, {field.name!r}, {value})"
    )
