"""Translates the guards, states, limits and effects of an operation into Python statements."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.model import (
    Action,
    Blueprint,
    ChildCount,
    Compare,
    Effect,
    Entity,
    FieldRef,
    FieldSpec,
    Guard,
    Limit,
    Operation,
    Test,
)
from tools.blueprint.names import camel
from tools.stacks.fastapi.conditions import Scope, all_of, condition
from tools.stacks.fastapi.effects import statements
from tools.stacks.fastapi.identifiers import attribute, class_name, distinct, identifier
from tools.stacks.fastapi.rendering import Code, py, used_names
from tools.stacks.fastapi.tables import counter, target_of


def scope_of(blueprint: Blueprint, entity: Entity, operation: Operation) -> Scope:
    """Return the variables available in the generated code of an operation."""
    own = identifier(entity.name)
    action = entity.action(operation)
    named = distinct(action.object, own) if action and action.object else ""
    taken = [own, named]
    references: list[tuple[str, str]] = []
    for each in entity.references:
        variable = identifier(each.name)
        while variable in taken:
            variable = f"its_{variable}"
        taken.append(variable)
        references.append((each.name, variable))
    return Scope(blueprint, entity, action, own, named, tuple(references))


def action_lines(blueprint: Blueprint, entity: Entity, action: Action) -> Code:
    """Return the body of an action's function; its checks are ordered by the precedence of their error responses."""
    scope = scope_of(blueprint, entity, action.name)
    parts = [
        loads(blueprint, entity, (action.name,)),
        _state(scope, action),
        *(guard(blueprint, scope, each) for each in entity.guards if each.operation == action.name),
        *(limit(blueprint, scope, each) for each in entity.limits if each.operation == action.name),
        _inputs(scope, action),
        _transition(scope, action),
        effects(blueprint, entity, action.name),
        *(_count(scope, each) for each in entity.limits if each.operation == action.name),
    ]
    lines = "\n".join(part for part in parts if part)
    return Code(f"{_object(blueprint, scope, action, used=scope.object in used_names(lines))}\n{lines}")


def criterion_text(blueprint: Blueprint, criterion: str) -> str:
    """Return the text of the criterion with this id, or "" if there is none."""
    return next((each.text for each in blueprint.criteria if each.id == criterion), "")


def guard(blueprint: Blueprint, scope: Scope, rule: Guard, *, when: str = "") -> str:
    """Return the statement that implements a guard; `when` is an additional condition that is evaluated first."""
    holds = condition(scope, rule.tests)
    if holds == "False":
        return ""  # the schema of the request body already rejects such values
    test = all_of([when, holds])
    otherwise = f"A rule does not allow you to {rule.operation} this {scope.entity.name}."
    reason = criterion_text(blueprint, rule.criterion) or otherwise
    return f"if {test}:\n    raise Problem({rule.status}, {py(reason)})"


def limit(blueprint: Blueprint, scope: Scope, rule: Limit) -> str:
    """Return the statement that rejects an operation whose limit has been reached."""
    reason = criterion_text(blueprint, rule.criterion) or f"This is possible {rule.times} times."
    counted = f"{scope.variable(rule.per, '')}.{counter(scope.entity, rule)}"
    return f"if {counted} >= {rule.times}:\n    raise Problem(409, {py(reason)})"


def effects(blueprint: Blueprint, entity: Entity, operation: Operation) -> str:
    """Return the statements that apply the effects of an operation."""
    scope = scope_of(blueprint, entity, operation)
    return "\n".join(statements(scope, each) for each in entity.effects if each.operation == operation)


def check_lines(blueprint: Blueprint, entity: Entity) -> Code:
    """Return the statements of the create and update guards; create guards also check fields changed by an update."""
    rules = [each for each in entity.guards if each.operation in ("create", "update")]
    if not entity.offers("create"):
        rules = [each for each in rules if each.operation == "update"]
    parts = [loads(blueprint, entity, ("create", "update"), effects_too=False)]
    for each in rules:
        parts.append(
            guard(blueprint, scope_of(blueprint, entity, each.operation), each, when=_when(entity, each))
        )
    return Code("\n".join(part for part in parts if part))


def loads(
    blueprint: Blueprint, entity: Entity, operations: tuple[Operation, ...], *, effects_too: bool = True
) -> str:
    """Return the statements that load the referenced resources used by the rules of the given operations."""
    used: list[str] = []
    for each in entity.guards:
        if each.operation in operations:
            used += [ref.via for test in each.tests for ref in _refs(test) if ref.subject == "reference"]
            used += [t.via for t in each.tests if isinstance(t, ChildCount) and t.subject == "reference"]
    used += [
        via for each in entity.effects if effects_too and each.operation in operations for via in _vias(each)
    ]
    scope = scope_of(blueprint, entity, operations[0])
    lines: list[str] = []
    for via in dict.fromkeys(used):
        reference = entity.reference(via)
        target = class_name(scope.entity_of("reference", via).name)
        pointer = f"{scope.own}.{attribute(f'{via} id')}"
        find = "get" if reference and reference.added_later else "get_existing"
        lines.append(
            f"{scope.variable('reference', via)} = store.{find}(session, models.{target}, {pointer})"
        )
    return "\n".join(lines)


def checked_fields(blueprint: Blueprint, owner: Entity) -> list[FieldSpec]:
    """Return the fields of an entity that are changed by effects, so that their new values must be validated."""
    found: dict[str, FieldSpec] = {}
    for entity in blueprint.entities:
        for effect in entity.effects:
            target = target_of(blueprint, entity, effect.operation, effect.target.subject, effect.target.via)
            field = target.field(effect.target.field) if target else None
            if target is not None and target.name == owner.name and field is not None:
                found[field.name] = field
    return list(found.values())


def _vias(effect: Effect) -> list[str]:
    refs = [effect.target, effect.amount]
    return [each.via for each in refs if isinstance(each, FieldRef) and each.subject == "reference"]


def _refs(test: Test) -> list[FieldRef]:
    if isinstance(test, Compare):
        return [test.left] + ([test.right] if isinstance(test.right, FieldRef) else [])
    return [] if isinstance(test, ChildCount) else [test.field]


def _when(entity: Entity, rule: Guard) -> str:
    """Return the condition under which a create or update guard applies in the function that checks both."""
    if rule.operation == "update":
        return "changed is not None" if entity.offers("create") else ""
    if not entity.offers("update"):
        return ""
    names: list[str] = []
    for test in rule.tests:
        names += [f"{t.via} id" for t in [test] if isinstance(t, ChildCount) and t.subject == "reference"]
        for ref in _refs(test):
            names.append(f"{ref.via} id" if ref.subject == "reference" else ref.field)
    written = {each.name for each in api_outline.written_fields(entity)} | {
        f"{each.name} id" for each in entity.references
    }
    touched = [attribute(name) for name in dict.fromkeys(names) if name in written]
    if not touched:
        return "changed is None"
    return " or ".join(["changed is None", *(f"{py(name)} in changed" for name in touched)])


def _object(blueprint: Blueprint, scope: Scope, action: Action, *, used: bool) -> str:
    if action.object is None:
        return ""
    cls = class_name(action.object)
    key = api_outline.object_field(blueprint, action)
    column = attribute(key.name) if key else "id"
    member = attribute(key.name if key else f"{action.object} id")
    assigned = f"{scope.object} = " if used else ""
    return (
        f"{assigned}store.named("
        f"session, models.{cls}, models.{cls}.{column}, body.{member}, "
        f"{api_outline.object_key(blueprint, action)!r})"
    )


def _state(scope: Scope, action: Action) -> str:
    sources = [each.source for each in scope.entity.transitions if each.operation == action.name]
    if not sources or scope.entity.initial_state is None:
        return ""
    own = f"{scope.own}.status"
    sources = list(dict.fromkeys(sources))
    test = (
        f"{own} != {sources[0]!r}" if len(sources) == 1 else f"{own} not in ({', '.join(map(repr, sources))})"
    )
    return f'if {test}:\n    raise Problem(409, f"This is not possible while the status is {{{own}}}.")'


def _transition(scope: Scope, action: Action) -> str:
    moves: dict[str, str] = {}
    for each in scope.entity.transitions:
        if each.operation == action.name:
            moves.setdefault(each.source, each.target)
    if not moves or scope.entity.initial_state is None:
        return ""
    if len(set(moves.values())) == 1:
        return f"{scope.own}.status = {next(iter(moves.values()))!r}"
    return f"{scope.own}.status = {moves!r}[{scope.own}.status]"


def _inputs(scope: Scope, action: Action) -> str:
    """Return the statements that store an action's inputs in the fields of the same name and type."""
    lines: list[str] = []
    stored = {each.name: each for each in api_outline.written_fields(scope.entity)}
    for each in action.inputs:
        field = stored.get(each.name)
        if field is None or field.type != each.type:
            continue
        name = attribute(each.name)
        line = f"{scope.own}.{name} = body.{name}"
        if field.unique:
            cls = class_name(scope.entity.name)
            arguments = f"session, {scope.own}, models.{cls}.{name}, body.{name}, {camel(each.name)!r}"
            line = f"store.reject_duplicate({arguments})\n{line}"
        if each.optional:
            line = f"if body.{name} is not None:\n" + "\n".join(f"    {part}" for part in line.splitlines())
        lines.append(line)
    return "\n".join(lines)


def _count(scope: Scope, rule: Limit) -> str:
    return f"{scope.variable(rule.per, '')}.{counter(scope.entity, rule)} += 1"
