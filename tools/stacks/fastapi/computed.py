"""Generates `app/computed.py`, which computes fields from the values of other resources."""

from __future__ import annotations

from tools.blueprint.model import Blueprint, Computed, Entity, FieldSpec
from tools.blueprint.names import snake
from tools.stacks.fastapi.conditions import computed_function
from tools.stacks.fastapi.identifiers import attribute, class_name
from tools.stacks.fastapi.rendering import Code, format_python, module, render
from tools.stacks.fastapi.tables import ADJUSTMENTS, adjusted_fields, table_name


def computed_files(blueprint: Blueprint) -> dict[str, str]:
    """Return the modules for computed fields and, if effects change any of them, for their adjustments."""
    fields = [(entity, field) for entity in blueprint.entities for field in entity.fields if field.computed]
    if not fields:
        return {}
    body = render(
        "app/computed.py.j2",
        computed=[
            _computed(blueprint, entity, field, field.computed) for entity, field in fields if field.computed
        ],
        sums=any(field.computed and field.computed.kind == "sum" for _, field in fields),
    )
    files = {"app/computed.py": module("Fields that follow from other resources.", body)}
    if adjusted_fields(blueprint):
        files["app/adjustments.py"] = format_python(render("app/adjustments.py.j2", table=ADJUSTMENTS))
    return files


def _computed(
    blueprint: Blueprint, entity: Entity, field: FieldSpec, computed: Computed
) -> dict[str, object]:
    child = f"models.{class_name(computed.child)}"
    pointer = f"{child}.{attribute(computed.reference + ' id')}"
    owner = blueprint.entity(computed.child)
    references = owner.references if owner else ()
    # A reference that a later story added is null for the resources that existed before.
    nullable = any(each.name == computed.reference and each.added_later for each in references)
    specs = [spec for name in computed.factors if owner and (spec := owner.field(name))]
    nested = [each for each in specs if each.computed is not None]
    stored = [each for each in specs if each.computed is None]
    columns = [
        pointer,
        *([f"{child}.id"] if nested else []),
        *(f"{child}.{attribute(each.name)}" for each in stored),
    ]
    parts = [f"row[{columns.index(f'{child}.{attribute(each.name)}')}]" for each in stored]
    parts += [f"{_local(each)}[row[1]]" for each in nested]
    times = " times ".join(computed.factors)
    return {
        "function": Code(computed_function(entity, field)),
        "type": Code("int" if field.type == "integer" else "Decimal"),
        "kind": computed.kind,
        "entity": entity.name,
        "field": field.name,
        "formula": f"the sum of {times} of each {computed.child}"
        if times
        else f"the number of {computed.child} resources",
        "pointer": Code(pointer),
        "selected": Code(", ".join(columns)),
        "nested": [
            {"name": Code(_local(each)), "function": Code(computed_function(owner, each))}
            for each in nested
            if owner
        ],
        "factors": Code(", ".join(parts) + ","),
        "where": Code(" if row[0] is not None" if nullable else ""),
        "rounded": Code(f"arithmetic.{field.type}"),
        "result": Code("values =" if (entity.name, field.name) in adjusted_fields(blueprint) else "return"),
        "adjusted": (entity.name, field.name) in adjusted_fields(blueprint),
        "label": f"{table_name(entity.name)}.{snake(field.name)}",
    }


def _local(field: FieldSpec) -> str:
    return f"{attribute(field.name).rstrip('_')}_of"
