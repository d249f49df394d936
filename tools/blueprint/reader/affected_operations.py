"""The API operations that a sentence affects."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.model import Blueprint, Entity, Example, FieldSpec, Filter, Operation, Reference, Sort
from tools.blueprint.reader.facts import ComputedField, Facts, InitialState, OfferedOperations, Part


def affected_operations(facts: Facts, blueprint: Blueprint) -> tuple[str, ...]:
    """Return the affected operations in the order of the facts, such as "POST /orders/{id}/cancel"."""
    found: dict[str, None] = {}
    for fact in facts:
        entity = blueprint.entity(fact.entity)
        if entity is None:
            continue
        for operation in _operations(fact.part, entity):
            found[" ".join(api_outline.route(entity, operation))] = None
    return tuple(found)


def _operations(part: Part, entity: Entity) -> tuple[Operation, ...]:
    """Return the operations of the entity whose behaviour the part changes."""
    if isinstance(part, FieldSpec | Reference):
        return tuple(each.name for each in entity.operations if each.name != "delete")
    if isinstance(part, ComputedField):
        return tuple(name for name in ("list", "read") if entity.offers(name))
    if isinstance(part, OfferedOperations):
        return part.operations
    if isinstance(part, Filter | Sort):
        return ("list",)
    if isinstance(part, InitialState):
        return ("create",)
    if isinstance(part, Example):
        return (part.when.operation,)
    operation = getattr(part, "operation", None)
    return (operation,) if operation else ()
