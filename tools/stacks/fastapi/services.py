"""Generates `app/services/`, the business rules, with one module per entity."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.model import Action, Blueprint, Entity, Operation
from tools.blueprint.names import plural
from tools.stacks.fastapi.conditions import computed_function, known_field
from tools.stacks.fastapi.effects import schemas_alias
from tools.stacks.fastapi.identifiers import attribute, class_name, entity_names, function, identifier, member
from tools.stacks.fastapi.rendering import Code, module, render
from tools.stacks.fastapi.rules import (
    action_lines,
    check_lines,
    criterion_text,
    effects,
    guard,
    limit,
    loads,
    scope_of,
)
from tools.stacks.fastapi.schemas import action_class, filter_names
from tools.stacks.fastapi.tables import adjusted_fields, counter, counters


def service_files(blueprint: Blueprint) -> dict[str, str]:
    """Return the modules of `app/services/` by path, one for each entity."""
    files = {"app/services/__init__.py": '"""The rules."""\n'}
    for entity in blueprint.entities:
        files[f"app/services/{identifier(entity.name)}.py"] = _service(blueprint, entity)
    return files


def schema_imports(blueprint: Blueprint, entity: Entity) -> dict[str, str]:
    """Return the import statements of all schema modules by alias; this entity's module also has alias `schemas`."""
    aliases = {
        schemas_alias(each): f"from app.schemas import {identifier(each.name)} as {schemas_alias(each)}"
        for each in blueprint.entities
    }
    return aliases | {"schemas": f"from app.schemas import {identifier(entity.name)} as schemas"}


def _service(blueprint: Blueprint, entity: Entity) -> str:
    computed = [each for each in entity.fields if each.computed is not None]
    written, sorts = api_outline.written_fields(entity), _sorts(entity)
    body = render(
        "app/services/entity.py.j2",
        **entity_names(entity),
        create=_plain(blueprint, entity, "create"),
        update=_plain(blueprint, entity, "update"),
        delete=_plain(blueprint, entity, "delete"),
        read=_plain(blueprint, entity, "read") if _guarded(entity, "read") else None,
        list=entity.offers("list"),
        actions=[_action(blueprint, entity, each) for each in entity.actions],
        references=[
            member(f"{each.name} id", target=Code(class_name(each.target))) for each in entity.references
        ],
        updated_references=[
            member(f"{each.name} id", target=Code(class_name(each.target)))
            for each in api_outline.updated_references(entity)
        ],
        kept_owner=member(entity.owner) if entity.owner and entity.field(entity.owner) else None,
        fields=[member(each.name) for each in written],
        unique=[member(each.name) for each in written if each.unique],
        initial=entity.initial_state,
        counters=[Code(each) for each in counters(blueprint, entity)],
        checked=_indented([check_lines(blueprint, entity)]),
        children=_children(blueprint, entity),
        adjusted=any(owner == entity.name for owner, _ in adjusted_fields(blueprint)),
        filters=_filters(entity),
        sorts=[each for each in sorts if not each["function"]],
        sortable=bool(sorts),
        computed_sorts=[each for each in sorts if each["function"]],
        in_memory=_in_memory(entity, sorts),
        computed_fields=[
            {"local": _local(each.name), "function": Code(computed_function(entity, each))}
            for each in computed
        ],
        shown=_shown(entity),
    )
    return module(f"The rules of {plural(entity.name)}.", body, schema_imports(blueprint, entity))


def _plain(blueprint: Blueprint, entity: Entity, operation: Operation) -> dict[str, Code] | None:
    if not any(each.name == operation for each in entity.operations):
        return None
    scope = scope_of(blueprint, entity, operation)
    limits = [each for each in entity.limits if each.operation == operation]
    guards = [guard(blueprint, scope, each) for each in entity.guards if each.operation == operation]
    lines = effects(blueprint, entity, operation)
    if lines and operation != "delete":  # a delete already loads these before its guards
        lines = "\n".join([loads(blueprint, entity, (operation,)), lines])
    counts = [f"{scope.own}.{counter(entity, each)} += 1" for each in limits]
    return {
        "guards": _indented([loads(blueprint, entity, (operation,)), *guards]),
        "limits": _indented([limit(blueprint, scope, each) for each in limits] + counts),
        "effects": _indented([lines + ("\nsession.flush()" if lines.strip() else "")]),
    }


def _action(blueprint: Blueprint, entity: Entity, action: Action) -> dict[str, object]:
    return {
        "function": function(action),
        "name": action.name.capitalize(),
        "summary": criterion_text(blueprint, action.criterion) or f"an action on one {entity.name}",
        "body": action_class(action),
        "lines": _indented([action_lines(blueprint, entity, action)]),
    }


def _indented(parts: list[str]) -> Code:
    lines = [line for part in parts for line in part.splitlines() if line]
    return Code("\n".join(f"    {line}" for line in lines))


def _guarded(entity: Entity, operation: Operation) -> bool:
    return any(each.operation == operation for each in entity.guards)


def _children(blueprint: Blueprint, entity: Entity) -> list[dict[str, object]]:
    return [
        member(
            f"{reference.name} id",
            cls=Code(class_name(each.name)),
            message=f"This {entity.name} has {plural(each.name)}; delete those first.",
        )
        for each in blueprint.entities
        for reference in each.references
        if reference.target == entity.name
    ]


def _filters(entity: Entity) -> list[dict[str, object]]:
    return [
        member(
            name,
            asked=Code(attribute(name)),
            computed=Code(computed_function(entity, field)) if field.computed else Code(),
        )
        for name, field in filter_names(entity)
    ]


def _sorts(entity: Entity) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for each in entity.sorts:
        field = known_field(entity, each.field)
        function_name = Code(computed_function(entity, field)) if field and field.computed else Code()
        found.append(member(each.field, function=function_name))
    return found


def _in_memory(entity: Entity, sorts: list[dict[str, object]]) -> Code:
    """Return the condition that a list query filters or sorts by a computed field, which is only possible in memory."""
    parts = [f"query.{each['asked']} is not None" for each in _filters(entity) if each["computed"]]
    keys = [f"{sign}{each['json']}" for each in sorts if each["function"] for sign in ("", "-")]
    if keys:
        parts.append(f"query.sort in ({', '.join(map(repr, keys))})")
    return Code(" or ".join(parts))


def _shown(entity: Entity) -> list[dict[str, object]]:
    ruled = entity.initial_state is not None
    names = [(f"{each.name} id", "") for each in entity.references]
    names += [
        (each.name, f"{_local(each.name)}[each.id]" if each.computed else "")
        for each in entity.fields
        if not (ruled and each.name == "status")
    ]
    names += [("status", "")] if ruled else []
    return [member(name, source=Code(source or f"each.{attribute(name)}")) for name, source in names]


def _local(name: str) -> Code:
    return Code(f"{attribute(name).rstrip('_')}_of")
