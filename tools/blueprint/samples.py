"""Values that a field takes, for examples and tests."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from pydantic import JsonValue

from tools.blueprint.model import FieldSpec
from tools.blueprint.names import camel
from tools.blueprint.schemas import json_value

_FIXED: dict[str, JsonValue] = {
    "boolean": True,
    "date": "2030-01-31",
    "timestamp": "2030-01-31T12:00:00Z",
    "email": "ada@example.com",
    "url": "https://example.com/",
    "uuid": "6f1c2d3e-0000-4000-8000-000000000001",
}


def example_body(fields: Iterable[FieldSpec]) -> dict[str, JsonValue] | None:
    """Return a body with every required field, or None where a pattern makes an example dear."""
    needed = [each for each in fields if each.required]
    if any(each.pattern for each in needed):
        return None
    return {camel(each.name): example(each) for each in needed}


def example(field: FieldSpec) -> JsonValue:
    """Return one value that a field without a pattern takes."""
    if field.default is not None:
        return json_value(field.type, field.default)
    if field.type == "choice":
        return field.choices[0]
    if field.type == "text":
        return _text(field)
    if field.type in ("integer", "number", "money"):
        return _number(field)
    return _FIXED[field.type]


def _text(field: FieldSpec) -> str:
    word = field.name
    short = word[: field.max_length] if field.max_length is not None else word
    return short.ljust(field.min_length or 1, "x")


def _number(field: FieldSpec) -> JsonValue:
    value = field.minimum if field.minimum is not None else min(Decimal(1), field.maximum or Decimal(1))
    if field.type == "integer":
        value = value.to_integral_value(rounding="ROUND_CEILING")
    return json_value(field.type, str(value))
