"""The contract's `components/schemas`: resources as read, created, updated and listed, and action bodies."""

from __future__ import annotations

from pydantic import JsonValue

from tools.blueprint import api_outline
from tools.blueprint.field_schemas import Schema, Use, field_schema
from tools.blueprint.model import Action, Blueprint, CustomOperation, Entity, FieldSpec
from tools.blueprint.names import camel, pascal
from tools.blueprint.responses import problem_schema
from tools.blueprint.sample_values import example_body

PROBLEM = "ProblemDetails"


def schema_names(blueprint: Blueprint) -> dict[tuple[str, str], str]:
    """Return the component name for each entity and variant.

    Variants are "read", "create", "update", "page", "act" followed by the name of an action or custom command, and
    "answer" followed by that of a custom operation. Entities keep their own names; "Body" is appended to a variant
    whose name is taken.
    """
    names = {(each.name, "read"): pascal(each.name) for each in blueprint.entities}
    taken = {*names.values(), PROBLEM}
    for entity in blueprint.entities:
        variants = {name: name for name in ("create", "update", "page")}
        variants |= {f"act {each.name}": each.name for each in entity.actions}
        variants |= {f"act {each.name}": each.name for each in entity.custom if each.kind == "command"}
        variants |= {f"answer {each.name}": f"{each.name} answer" for each in entity.custom}
        for variant, words in variants.items():
            name = pascal(entity.name) + pascal(words)
            while name in taken:
                name += "Body"
            names[entity.name, variant] = name
            taken.add(name)
    return names


def component_schemas(blueprint: Blueprint) -> dict[str, JsonValue]:
    """Return all named schemas of the contract, by component name."""
    found: dict[str, JsonValue] = {}
    names = schema_names(blueprint)
    for entity in blueprint.entities:
        found[names[entity.name, "read"]] = _read(entity)
        if entity.offers("create"):
            found[names[entity.name, "create"]] = create_body(entity)
        if entity.offers("update"):
            found[names[entity.name, "update"]] = _object(_written(entity, "update"))
        if entity.offers("list"):
            found[names[entity.name, "page"]] = _page(names[entity.name, "read"])
        for action in entity.actions:
            found[names[entity.name, f"act {action.name}"]] = action_body(blueprint, entity, action)
        for custom in entity.custom:
            if custom.kind == "command":
                found[names[entity.name, f"act {custom.name}"]] = _inputs(custom)
            found[names[entity.name, f"answer {custom.name}"]] = _answer(custom)
    found[PROBLEM] = problem_schema()
    return found


def create_body(entity: Entity) -> Schema:
    """Return the schema of the request body that creates a resource of the entity."""
    required = [camel(f"{each.name} id") for each in entity.references]
    required += [camel(each.name) for each in api_outline.written_fields(entity) if each.required]
    schema = _object(_written(entity, "create"), required)
    example = None if entity.references else example_body(api_outline.written_fields(entity))
    return schema | ({"examples": [example]} if example else {})


def action_body(blueprint: Blueprint, entity: Entity, action: Action) -> Schema:
    """Return the schema of the request body of an action."""
    properties: dict[str, JsonValue] = {}
    required: list[str] = []
    if key := api_outline.object_key(blueprint, action):
        properties[key] = _key_schema(api_outline.object_field(blueprint, action))
        required.append(key)
    for each in action.inputs:
        properties[camel(each.name)] = field_schema(api_outline.stored_input(entity, each), "create")
        required += [camel(each.name)] if each.required else []
    return _object(properties, required)


def _inputs(custom: CustomOperation) -> Schema:
    """Return the schema of the request body of a custom command."""
    properties = {camel(each.name): field_schema(each, "create") for each in custom.inputs}
    return _object({**properties}, [camel(each.name) for each in custom.inputs if each.required])


def _answer(custom: CustomOperation) -> Schema:
    """Return the response schema of a custom operation; all declared members are required."""
    found = _answered(custom.returns)
    properties = found["properties"]
    if custom.items and isinstance(properties, dict):
        properties["items"] = {"type": "array", "items": _answered(custom.items)}
        found["required"] = [*properties]
    return found


def _answered(fields: tuple[FieldSpec, ...]) -> Schema:
    # Bounds apply to these responses too, which never contain values stored before the bounds were declared.
    properties: dict[str, JsonValue] = {camel(each.name): field_schema(each, "create") for each in fields}
    return {"type": "object", "required": [*properties], "properties": properties}


def _key_schema(field: FieldSpec | None) -> Schema:
    """Return the schema of the body member that identifies an object: that of the given field, or an id for None."""
    if field is None:
        return {"type": "string", "format": "uuid"}
    return field_schema(field.model_copy(update={"optional": False, "default": None}), "create")


def _read(entity: Entity) -> Schema:
    properties: dict[str, JsonValue] = {"id": {"type": "string", "format": "uuid", "readOnly": True}}
    properties |= {
        camel(f"{each.name} id"): _reference(nullable=each.added_later) for each in entity.references
    }
    ruled = entity.initial_state is not None
    properties |= {
        camel(each.name): field_schema(each, "read")
        for each in entity.fields
        if not (ruled and each.name == "status")
    }
    if ruled:
        properties["status"] = {
            "type": "string",
            "enum": list(entity.states),
            "readOnly": True,
            "description": "Further values can be added; clients must expect them.",
        }
    for name in ("createdAt", "updatedAt"):
        properties[name] = {"type": "string", "format": "date-time", "readOnly": True}
    return {"type": "object", "required": list(properties), "properties": properties}


def _written(entity: Entity, use: Use) -> dict[str, JsonValue]:
    references = api_outline.updated_references(entity) if use == "update" else entity.references
    properties: dict[str, JsonValue] = {camel(f"{each.name} id"): _reference() for each in references}
    return properties | {
        camel(each.name): field_schema(each, use) for each in api_outline.written_fields(entity)
    }


def _reference(*, nullable: bool = False) -> Schema:
    return {"type": ["string", "null"] if nullable else "string", "format": "uuid"}


def _page(name: str) -> Schema:
    item: Schema = {"$ref": f"#/components/schemas/{name}"}
    return {
        "type": "object",
        "required": ["items", "total"],
        "properties": {
            "items": {"type": "array", "maxItems": 200, "items": item},
            "total": {"type": "integer", "minimum": 0, "description": "How many there are on all pages."},
        },
    }


def _object(properties: dict[str, JsonValue], required: list[str] | None = None) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema
