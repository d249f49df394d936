"""Generates `app/schemas/`, the request and response schemas as pydantic models and dataclasses."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.model import Action, Blueprint, CustomOperation, Entity, FieldSpec
from tools.blueprint.names import camel
from tools.stacks.fastapi.conditions import known_field
from tools.stacks.fastapi.custom import custom_class
from tools.stacks.fastapi.identifiers import attribute, class_name, entity_names, identifier, member
from tools.stacks.fastapi.rendering import Code, module, render
from tools.stacks.fastapi.rules import checked_fields
from tools.stacks.fastapi.values import (
    adapter_name,
    answered,
    asked,
    given_in_query,
    literal,
    or_none,
    renamed,
    shown,
    taken,
    values_name,
)

PAGING = ("limit", "offset", "sort")
_LONG = 50


def schema_files(blueprint: Blueprint) -> dict[str, str]:
    """Return the modules of `app/schemas/` by path, one for each entity."""
    files = {"app/schemas/__init__.py": '"""The contents of requests and responses."""\n'}
    for entity in blueprint.entities:
        files[f"app/schemas/{identifier(entity.name)}.py"] = _schemas(blueprint, entity)
    return files


def action_class(action: Action) -> Code:
    """Return the class of an action's request body, such as `PayRequest`, or "" if the action has no body."""
    return Code(f"{class_name(action.name).rstrip('_')}Request") if action.object or action.inputs else Code()


def filter_names(entity: Entity) -> list[tuple[str, FieldSpec]]:
    """Return the list filters as pairs of name and field: references, then declared ones, except paging parameters."""
    names = [f"{each.name} id" for each in entity.references]
    names += [
        each.field for each in entity.filters if entity.field(each.field) or not entity.reference(each.field)
    ]
    found = [(name, known_field(entity, name)) for name in dict.fromkeys(names)]
    return [(name, field) for name, field in found if field is not None and camel(name) not in PAGING]


def _schemas(blueprint: Blueprint, entity: Entity) -> str:
    written = api_outline.written_fields(entity)
    checked = checked_fields(blueprint, entity)
    ruled = entity.initial_state is not None
    body = render(
        "app/schemas/entity.py.j2",
        **entity_names(entity),
        values=[
            {"name": values_name(each), "code": taken(each)}
            for each in entity.fields
            if each in written or each in checked
        ],
        create=_create(entity, written) if entity.offers("create") else [],
        update=_update(entity, written) if entity.offers("update") else None,
        actions=[_action(blueprint, entity, each) for each in entity.actions if action_class(each)],
        custom=[_custom(each) for each in entity.custom],
        list=entity.offers("list"),
        filters=[
            {
                "asked": Code(attribute(name)),
                "code": renamed(f"{asked(field.type, field.choices)} | None", name),
            }
            for name, field in filter_names(entity)
        ],
        sorts=Code(", ".join(repr(sign + camel(each.field)) for each in entity.sorts for sign in ("", "-"))),
        shown=[
            *(
                _member(f"{each.name} id", or_none("uuid.UUID", nullable=each.added_later))
                for each in entity.references
            ),
            *(
                _member(
                    each.name,
                    or_none(shown(each.type), nullable=each.nullable and each.computed is None),
                )
                for each in entity.fields
                if not (ruled and each.name == "status")
            ),
            *([_member("status", "str")] if ruled else []),
        ],
        adapters=[
            {"name": adapter_name(each), "code": or_none(values_name(each), nullable=each.nullable)}
            for each in checked
        ],
        READ=Code("READ"),
        PAGE=Code("PAGE"),
    )
    docstring = f"The contents of requests about {entity_names(entity)['plural']}, and of their responses."
    return module(docstring, body, {"dataclass": "from dataclasses import dataclass"})


def _create(entity: Entity, written: tuple[FieldSpec, ...]) -> list[dict[str, object]]:
    # Type checkers require dataclass members with defaults to come last.
    members = [_member(f"{each.name} id", "fields.Uuid") for each in entity.references]
    members += [_given(each, values_name(each)) for each in written]
    return sorted(members, key=lambda each: bool(each["default"]))


def _update(entity: Entity, written: tuple[FieldSpec, ...]) -> list[dict[str, object]]:
    references = api_outline.updated_references(entity)
    members = [_member(f"{each.name} id", "fields.Uuid") for each in references]
    return members + [
        _member(each.name, or_none(values_name(each), nullable=each.optional)) for each in written
    ]


def _action(blueprint: Blueprint, entity: Entity, action: Action) -> dict[str, object]:
    members: list[dict[str, object]] = []
    if action.object is not None:
        key = api_outline.object_field(blueprint, action)
        if key is None:
            members.append(_member(f"{action.object} id", "fields.Uuid"))
        else:
            members.append(_member(key.name, "fields.Text"))
    stored = {each.name: each for each in api_outline.written_fields(entity)}
    for each in action.inputs:
        also = [stored[each.name]] if each.name in stored and stored[each.name].type == each.type else []
        members.append(_given(each, taken(each, *also)))
    return {
        "cls": action_class(action),
        "name": action.name,
        "members": sorted(members, key=lambda each: bool(each["default"])),
    }


def _custom(custom: CustomOperation) -> dict[str, object]:
    given = given_in_query if custom.kind == "query" else taken
    inputs = [_given(each, given(each)) for each in custom.inputs]
    return {
        "cls": custom_class(custom),
        "name": f"{custom.name} of {custom.entity}",
        "inputs": sorted(inputs, key=lambda each: bool(each["default"])),
        "returns": [_member(each.name, answered(each)) for each in custom.returns],
        "records": [_member(each.name, answered(each)) for each in custom.items],
    }


def _given(field: FieldSpec, code: Code) -> dict[str, object]:
    default = Code("None") if field.optional else Code()
    if field.default is not None:
        default = literal(field.type, field.default)
        # Formatters disagree on how to wrap the assignment of a string that is longer than a line.
        default = Code(f"Field(default={default})") if len(default) > _LONG else default
    return _member(field.name, or_none(code, nullable=field.optional), default)


def _member(name: str, code: str, default: Code | None = None) -> dict[str, object]:
    return member(name, code=renamed(code, name), default=default or Code())
