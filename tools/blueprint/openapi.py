"""Generation of a blueprint's OpenAPI 3.1 contract, which the service implements and its tests enforce."""

from __future__ import annotations

import yaml
from pydantic import JsonValue

from tools.blueprint import api_outline, responses, value_formats
from tools.blueprint.component_schemas import component_schemas, schema_names
from tools.blueprint.field_schemas import Schema, field_schema, parameter_schema
from tools.blueprint.model import Blueprint, Entity, FieldSpec, Operation
from tools.blueprint.names import camel, kebab, plural

_ID: Schema = {"type": "string", "format": "uuid"}
_OFFSET: Schema = {"type": "integer", "minimum": 0, "maximum": value_formats.INTEGER_MAXIMUM, "default": 0}
_JSON = ("application/json",)
_MERGE_PATCH = ("application/merge-patch+json", "application/json")


def document(blueprint: Blueprint) -> dict[str, JsonValue]:
    """Return the service's OpenAPI document; equal blueprints give equal documents, key order included."""
    paths: dict[str, JsonValue] = {}
    for entity in blueprint.entities:
        for operation in api_outline.operations(entity):
            method, path = api_outline.route(entity, operation)
            item = paths.setdefault(path, {})
            if isinstance(item, dict):
                item[method.lower()] = _operation(blueprint, entity, operation)
    paths.update(responses.service_paths())
    components: dict[str, JsonValue] = {
        "schemas": component_schemas(blueprint),
        "responses": responses.problems(_statuses(blueprint)),
    }
    if blueprint.restricted:
        components["securitySchemes"] = {"bearer": responses.bearer_scheme()}
    return {
        "openapi": "3.1.0",
        "info": {"title": blueprint.service, "version": "1"},
        "servers": [{"url": "/"}],
        "tags": [{"name": plural(entity.name)} for entity in blueprint.entities],
        "paths": paths,
        "components": components,
    }


def to_yaml(document: dict[str, JsonValue]) -> str:
    """Return the document as YAML, preserving key order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def operation_id(entity: Entity, operation: Operation) -> str:
    """Return the operation id, such as `cancelOrder`, `listOrders` or, for a custom operation, `orderInvoiceNumber`."""
    if api_outline.custom_of(entity, operation) is not None:
        return camel(f"{entity.name} {operation}")
    return camel(
        f"{operation} {plural(entity.name) if api_outline.is_plain(entity, operation, 'list') else entity.name}"
    )


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that writes repeated parts in full, as anchors make a contract harder to read."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _operation(blueprint: Blueprint, entity: Entity, operation: Operation) -> Schema:
    many = plural(entity.name)
    lists = api_outline.is_plain(entity, operation, "list")
    custom = api_outline.custom_of(entity, operation)
    subject = many if lists else f"of one {entity.name}" if custom else entity.name
    found: Schema = {
        "operationId": operation_id(entity, operation),
        "summary": f"{operation.capitalize()} {subject}",
        "tags": [many],
    }
    texts = [custom.does] if custom else []
    if texts := texts + _criteria(blueprint, entity, operation):
        found["description"] = "\n".join(f"- {text}" for text in texts)
    parameters = _parameters(entity, operation)
    if parameters:
        found["parameters"] = parameters
    if api_outline.takes_body(entity, operation):
        found["requestBody"] = _request_body(blueprint, entity, operation)
    found["responses"] = _responses(blueprint, entity, operation)
    if api_outline.owner(entity, operation):
        found["security"] = [{"bearer": []}]
    elif allowed := api_outline.roles(entity, operation):
        found["security"] = [{"bearer": [role]} for role in allowed]
    return found


def _criteria(blueprint: Blueprint, entity: Entity, operation: Operation) -> list[str]:
    """Return the texts of the criteria that apply to this operation."""
    ids = {each.criterion for each in api_outline.rules(entity, operation)}
    custom = api_outline.custom_of(entity, operation)
    ids |= {custom.criterion} if custom else set()
    return [each.text for each in blueprint.criteria if each.id in ids]


def _parameters(entity: Entity, operation: Operation) -> list[JsonValue]:
    if api_outline.is_plain(entity, operation, "list"):
        return _list_parameters(entity)
    if api_outline.is_plain(entity, operation, "create"):
        return []
    custom = api_outline.custom_of(entity, operation)
    asked = custom.inputs if custom is not None and custom.kind == "query" else ()
    return [{"name": "id", "in": "path", "required": True, "schema": _ID}, *map(_input, asked)]


def _list_parameters(entity: Entity) -> list[JsonValue]:
    found: list[JsonValue] = [
        _query(
            "limit",
            "Maximum number of items.",
            {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        ),
        _query("offset", "Number of the oldest items to skip.", _OFFSET),
    ]
    for each in entity.references:
        found.append(_query(camel(f"{each.name} id"), f"Only those of this {each.target}.", _ID))
    for filtered in entity.filters:
        if entity.reference(filtered.field) is None:
            schema = field_schema(filtered_field(entity, filtered.field), "query")
            found.append(_query(camel(filtered.field), f"Only those with this {filtered.field}.", schema))
    if keys := [camel(each.field) for each in entity.sorts]:
        order: Schema = {"type": "string", "enum": [sign + key for key in keys for sign in ("", "-")]}
        found.append(_query("sort", "Key to sort by; a minus sign reverses the order.", order))
    return found


def filtered_field(entity: Entity, name: str) -> FieldSpec:
    """Return the field that a filter names: a declared one, the status of a state machine, or a built-in timestamp."""
    field = entity.field(name)
    if name == "status" and entity.initial_state is not None:
        return FieldSpec(name="status", type="choice", choices=entity.states)
    return field or FieldSpec(name=name, type="timestamp")


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _input(field: FieldSpec) -> Schema:
    found: Schema = {"name": camel(field.name), "in": "query"}
    return found | {"required": field.required, "schema": parameter_schema(field)}


def _request_body(blueprint: Blueprint, entity: Entity, operation: Operation) -> Schema:
    variant = operation if api_outline.is_plain(entity, operation, "create", "update") else f"act {operation}"
    reference: Schema = {"$ref": f"#/components/schemas/{schema_names(blueprint)[entity.name, variant]}"}
    types = _MERGE_PATCH if variant == "update" else _JSON
    return {
        "required": api_outline.body_required(entity, operation),
        "content": {kind: {"schema": reference} for kind in types},
    }


def _responses(blueprint: Blueprint, entity: Entity, operation: Operation) -> Schema:
    found: Schema = {}
    names = schema_names(blueprint)
    reference: Schema = {"$ref": f"#/components/schemas/{names[entity.name, 'read']}"}
    if api_outline.is_plain(entity, operation, "create"):
        found["201"] = responses.created(entity, reference, _links(entity))
    elif api_outline.is_plain(entity, operation, "list"):
        page: Schema = {"$ref": f"#/components/schemas/{names[entity.name, 'page']}"}
        found["200"] = responses.success(f"A page of {plural(entity.name)}.", page)
    elif api_outline.is_plain(entity, operation, "delete"):
        found["204"] = {"description": f"The {entity.name} is gone."}
    elif api_outline.custom_of(entity, operation) is not None:
        answer: Schema = {"$ref": f"#/components/schemas/{names[entity.name, f'answer {operation}']}"}
        found["200"] = responses.success(f"The {operation} of the {entity.name}.", answer)
    else:
        found["200"] = responses.success(f"The {entity.name} as it is now.", reference)
    for status in api_outline.error_statuses(blueprint, entity, operation):
        found[str(status)] = {"$ref": f"#/components/responses/{responses.problem_name(status)}"}
    return found


def _statuses(blueprint: Blueprint) -> set[int]:
    """Return every error status that at least one operation can return."""
    return {
        status
        for entity in blueprint.entities
        for operation in api_outline.operations(entity)
        for status in api_outline.error_statuses(blueprint, entity, operation)
    }


def _links(entity: Entity) -> Schema:
    """Return OpenAPI links from the response of a create to the operations on the created resource."""
    return {
        kebab(operation): {
            "operationId": operation_id(entity, operation),
            "parameters": {"id": "$response.body#/id"},
        }
        for operation in api_outline.operations(entity)
        if not api_outline.is_plain(entity, operation, "create", "list")
    }
