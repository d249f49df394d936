"""Generates `tests/test_lifecycle.py` with the table of resources that drives its stateful model."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.api_outline import stored_input
from tools.blueprint.model import Action, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab
from tools.blueprint.sample_values import FEW_VALUES, sample, value_count
from tools.stacks.fastapi.pytest_source import factory, literal
from tools.stacks.fastapi.rendering import Code, format_python, render
from tools.stacks.fastapi.suite.script import object_member
from tools.stacks.fastapi.suite.suite import Suite, guard_statuses

_MANY = 1000
"""Number of distinct values of a unique field that suffices for any test run."""


def lifecycle_module(suite: Suite) -> str:
    """Return the source of `tests/test_lifecycle.py`."""
    made = [each for each in suite.blueprint.entities if suite.makes(each)]
    bodies = sorted(f"body_of_{factory(each.name)}" for each in made)
    imports = [
        *([f"from tests.bodies import {', '.join(bodies)}"] if bodies else []),
        "from tests.strategies import VALID",
        "from tests.support import Json, Service, accepted, moment, refused",
    ]
    kinds = ", ".join(_kind(suite, each) for each in made)
    return format_python(
        render("tests/test_lifecycle.py.j2", imports=Code("\n".join(imports)), kinds=Code(kinds))
    )


def _kind(suite: Suite, entity: Entity) -> str:
    offered = [each.name for each in entity.operations]
    unique = tuple(
        camel(each.name) for each in api_outline.written_fields(entity) if each.unique and each.required
    )
    parts = [
        literal(collection_path(entity.name)),
        f"frozenset({literal(offered)})",
        f"body_of_{factory(entity.name)}",
    ]
    if entity.initial_state is not None:
        parts.append(f"initial={literal(entity.initial_state)}")
    if entity.references:
        parents = {camel(f"{each.name} id"): collection_path(each.target) for each in entity.references}
        parts.append(f"parents={literal(parents)}")
    if unique:
        parts.append(f"unique=({', '.join(map(literal, unique))},)")
    acted = [
        _action(suite, entity, each)
        for each in entity.actions
        if each.object is None or suite.makes(suite.entity(each.object))
    ]
    if acted:
        parts.append(f"actions=({', '.join(acted)},)")
    refusals = ", ".join(
        f"{literal(each)}: frozenset({literal(_refusals(entity, each))})"
        for each in ("create", "read", "update", "delete")
    )
    return f"Kind({', '.join(parts)}, refusals={{{refusals}}})"


def _action(suite: Suite, entity: Entity, action: Action) -> str:
    inputs = {camel(each.name): sample(stored_input(entity, each)) for each in action.inputs if each.required}
    parts = [literal(kebab(action.name)), literal(inputs)]
    moves = {
        each.source: each.target for each in reversed(entity.transitions) if each.operation == action.name
    }
    if moves:
        parts.append(f"moves={literal(moves)}")
    key = api_outline.object_key(suite.blueprint, action)
    if action.object is not None and key is not None:
        of = object_member(suite.blueprint, action)
        parts.append(f"object=({literal(collection_path(action.object))}, {literal(key)}, {literal(of)})")
    limits = sorted((each.times, each.per) for each in entity.limits if each.operation == action.name)
    if limits:
        parts.append(f"times={limits[0][0]}, per_object={limits[0][1] == 'object'}")
    refusals = _refusals(entity, action.name)
    if refusals:
        parts.append(f"refusals=frozenset({literal(refusals)})")
    return f"Action({', '.join(parts)})"


def _refusals(entity: Entity, operation: str) -> list[int]:
    """Return the statuses with which rules unknown to the stateful model may reject an operation."""
    found = guard_statuses(entity, operation)
    action = entity.action(operation)
    stored = {each.name for each in api_outline.written_fields(entity) if each.unique}
    effects = any(each.operation == operation for each in entity.effects)
    limited = operation == "update" and any(each.operation == "update" for each in entity.limits)
    scarce = operation in ("create", "update") and any(
        each.unique and _is_scarce(each) for each in api_outline.written_fields(entity)
    )
    if effects or limited or scarce or (action and any(each.name in stored for each in action.inputs)):
        found.add(409)
    return sorted(found)


def _is_scarce(field: FieldSpec) -> bool:
    """Return whether a test run could need more distinct values than are valid for the field."""
    ranged = field.type == "integer" and field.minimum is not None and field.maximum is not None
    if field.type in ("boolean", "choice") or (
        ranged and (field.maximum or 0) - (field.minimum or 0) < _MANY
    ):
        return True
    values = value_count(field)
    return values is not None and values <= FEW_VALUES
