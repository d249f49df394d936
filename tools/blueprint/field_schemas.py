"""JSON Schemas of fields in request bodies, responses and query parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from tools.blueprint import value_formats
from tools.blueprint.model import FieldSpec, FieldType, Value

Schema = dict[str, JsonValue]
Use = Literal["create", "update", "read", "query"]

_BASE: dict[FieldType, Schema] = {
    "text": {"type": "string"},
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "money": {"type": "number", "multipleOf": 0.01},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
    "choice": {"type": "string"},
}


def field_schema(field: FieldSpec, use: Use) -> Schema:
    """Return the JSON Schema of a field for the given use; bounds and lengths apply to writes only."""
    if use == "query" and field.type in ("email", "url"):
        return _BASE["text"] | _shape("text")  # an invalid search value just matches nothing
    schema = dict(_BASE[field.type])
    if use in ("create", "update"):
        schema |= _constraints(field)
    elif use == "query":
        schema |= _shape(field.type)
    if field.type == "choice":
        schema["enum"] = list(field.choices)
    if use == "create" and field.default is not None:
        schema["default"] = json_value(field.type, field.default)
    if use == "read" and field.computed is not None:
        schema["readOnly"] = True
    if field.nullable if use == "read" else field.optional and use != "query":
        _allow_null(schema)
    return schema


def parameter_schema(field: FieldSpec) -> Schema:
    """Return the schema of an input as a query parameter: as in a body, but not nullable."""
    schema = field_schema(field, "create")
    if isinstance(schema["type"], list):
        schema["type"] = schema["type"][0]
    if field.type == "choice":
        schema["enum"] = list(field.choices)
    return schema


def json_value(kind: FieldType, value: Value) -> JsonValue:
    """Convert a literal of a blueprint, of the given type, to its JSON value."""
    if kind in ("integer", "number", "money") and not isinstance(value, bool):
        return _number(Decimal(value))
    return value


def _constraints(field: FieldSpec) -> Schema:
    if field.type in ("integer", "number", "money"):
        return _shape(field.type) | _bounds(field)
    schema = _shape(field.type)
    if field.type in ("text", "email", "url"):
        schema |= _lengths(field)
    if field.type == "text":
        schema |= _characters(field)
    return schema


def _shape(kind: FieldType) -> Schema:
    """Return the keywords, other than `format`, that apply to every value of the type."""
    shapes: dict[FieldType, Schema] = {
        "text": {"pattern": value_formats.NO_NUL, "maxLength": value_formats.TEXT_LENGTH},
        "integer": {"minimum": value_formats.INTEGER_MINIMUM, "maximum": value_formats.INTEGER_MAXIMUM},
        "money": {
            "minimum": _number(-value_formats.MONEY_LIMIT),
            "maximum": _number(value_formats.MONEY_LIMIT),
        },
        "timestamp": {"pattern": value_formats.CALENDAR},
        "email": {"pattern": value_formats.DOTTED, "maxLength": value_formats.EMAIL_LENGTH},
        "url": {"pattern": value_formats.WEB, "maxLength": value_formats.TEXT_LENGTH},
    }
    return dict(shapes.get(kind, {}))


def _bounds(field: FieldSpec) -> Schema:
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    return {keyword: _number(bound) for keyword, bound in bounds.items() if bound is not None}


def _lengths(field: FieldSpec) -> Schema:
    lengths: Schema = {}
    minimum = field.min_length if field.min_length is not None else int(field.required)
    if minimum and (field.type == "text" or field.min_length is not None):
        lengths["minLength"] = minimum
    if field.max_length is not None:
        lengths["maxLength"] = field.max_length
    return lengths


def _characters(field: FieldSpec) -> Schema:
    """Return the rules for a text's characters; a schema can have only one `pattern`, so the others go into `allOf`."""
    patterns = [f"^(?:{field.pattern})$"] if field.pattern else []
    patterns.append(value_formats.NO_NUL)
    if field.required:
        patterns.append(value_formats.NOT_BLANK)
    schema: Schema = {"pattern": patterns[0]}
    if patterns[1:]:
        schema["allOf"] = [{"pattern": each} for each in patterns[1:]]
    return schema


def _allow_null(schema: Schema) -> None:
    kind, choices = schema["type"], schema.get("enum")
    schema["type"] = [kind, "null"]
    if isinstance(choices, list):
        schema["enum"] = [*choices, None]


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
