"""Validation of the values that a request body gives for fields."""

from __future__ import annotations

from datetime import date, datetime

from tools.blueprint.arithmetic import canonical, keeps
from tools.blueprint.model import FieldSpec
from tools.blueprint.regex_dialect import matches
from tools.blueprint.value_formats import EMAIL, TIMESTAMP, URL, UUID

_SYNTAX = {"email": EMAIL, "url": URL, "uuid": UUID, "timestamp": TIMESTAMP}


def is_valid(field: FieldSpec, value: object) -> bool:
    """Return whether a body may give the field this value; None stands for null."""
    if value is None:
        return field.optional
    try:
        plain = canonical(field.type, value)
        if field.type in ("date", "timestamp"):
            (date if field.type == "date" else datetime).fromisoformat(str(value))
    except (ValueError, ArithmeticError):
        return False
    if isinstance(plain, bool) or field.type == "boolean":
        return isinstance(plain, bool) and field.type == "boolean"
    if field.type == "choice":
        return plain in field.choices
    return keeps(field, plain) and _matches(field, str(value))


def _matches(field: FieldSpec, text: str) -> bool:
    return all(matches(each, text) for each in (_SYNTAX.get(field.type), field.pattern) if each is not None)
