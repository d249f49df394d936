"""Translates the fields and literals of a blueprint into Python annotations, constraints and defaults."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from tools.blueprint.model import FieldSpec, FieldType, Value
from tools.blueprint.names import camel
from tools.blueprint.regex_dialect import python_form
from tools.blueprint.value_formats import EMAIL_LENGTH, TEXT_LENGTH
from tools.errors import ToolError
from tools.stacks.fastapi.identifiers import attribute, class_name
from tools.stacks.fastapi.rendering import Code, py

NUMERIC = ("integer", "number", "money")
_QUERIES = {
    "integer": "QueryInteger",
    "number": "QueryNumber",
    "money": "QueryMoney",
    "boolean": "QueryBoolean",
}
_ANSWERED = ("number", "money", "timestamp")
_SHOWN = {
    "integer": "int",
    "number": "fields.ShownDecimal",
    "money": "fields.ShownDecimal",
    "boolean": "bool",
    "date": "dt.date",
    "timestamp": "dt.datetime",
    "uuid": "uuid.UUID",
}


def literal(kind: FieldType, value: Value) -> Code:
    """Return a blueprint's literal as Python source of the type that the service uses for this type of field."""
    try:
        if kind == "integer" and Decimal(value) == int(Decimal(value)):
            return py(int(Decimal(value)))
        if kind in NUMERIC:
            return py(Decimal(value))
        if kind == "date":
            day = dt.date.fromisoformat(str(value))
            return Code(f"dt.date({day.year}, {day.month}, {day.day})")
        if kind == "timestamp":
            return _moment(str(value))
        if kind == "uuid":
            return Code(f"uuid.UUID({str(UUID(str(value)))!r})")
    except (ValueError, ArithmeticError) as error:
        raise ToolError(f"{value!r} is not a valid {kind}.") from error
    return py(bool(value) if kind == "boolean" else str(value))


def values_name(field: FieldSpec) -> Code:
    """Return the name of the type alias for a field's valid values, such as `ExpiryDateValue`."""
    return Code(f"{class_name(field.name).rstrip('_')}Value")


def adapter_name(field: FieldSpec) -> Code:
    """Return the name of the constant that validates what a rule stores in a field, such as `EXPIRY_DATE_FIELD`."""
    return Code(attribute(field.name).strip("_").upper() + "_FIELD")


def taken(field: FieldSpec, *also: FieldSpec) -> Code:
    """Return the annotation of a field in a request body, including the constraints of the fields in `also`."""
    return Code(_constrained(_base(field), [text for each in (field, *also) for text in _constraints(each)]))


def answered(field: FieldSpec) -> Code:
    """Return the annotation of a field in the response of a custom operation."""
    kind = f"fields.Answered{field.type.capitalize()}" if field.type in _ANSWERED else _base(field)
    return or_none(_constrained(kind, _constraints(field)), nullable=field.optional)


def given_in_query(field: FieldSpec) -> Code:
    """Return the annotation of an input that is passed as a query parameter."""
    kind = f"fields.{_QUERIES[field.type]}" if field.type in _QUERIES else _base(field)
    return Code(_constrained(kind, _constraints(field)))


def asked(kind: FieldType, choices: tuple[str, ...]) -> Code:
    """Return the annotation of the query parameter of a list filter."""
    if kind == "choice":
        return _choices(choices)
    if kind in ("email", "url"):
        return Code("fields.Text")  # an invalid address matches nothing; only writes reject it
    return Code(f"fields.{_QUERIES.get(kind, kind.capitalize())}")


def shown(kind: FieldType) -> Code:
    """Return the annotation of a field in a response."""
    return Code(_SHOWN.get(kind, "str"))


def renamed(annotation: str, name: str) -> Code:
    """Return the annotation, with an alias if the JSON name differs from the one derived from the attribute."""
    first, *rest = attribute(name).strip("_").split("_")
    derived = first + "".join(part.capitalize() for part in rest)
    return Code(
        annotation if derived == camel(name) else f"Annotated[{annotation}, Field(alias={camel(name)!r})]"
    )


def _constrained(base: str, constraints: list[str]) -> str:
    return f"Annotated[{base}, {', '.join(dict.fromkeys(constraints))}]" if constraints else base


def or_none(code: str, *, nullable: bool) -> Code:
    """Return the annotation, extended to allow None if the value is nullable."""
    return Code(f"{code} | None" if nullable else code)


def _base(field: FieldSpec) -> str:
    if field.type == "choice":
        return _choices(field.choices)
    if field.type == "text" and field.required:
        return "fields.RequiredText"
    return f"fields.{field.type.capitalize()}"


def _choices(choices: tuple[str, ...]) -> Code:
    return Code(f"Literal[{', '.join(repr(each) for each in choices)}]")


def _constraints(field: FieldSpec) -> list[str]:
    found: list[str] = []
    if field.type in NUMERIC:
        bounds = {"ge": field.minimum, "le": field.maximum}
        given = [f"{name}={_bound(field, bound)}" for name, bound in bounds.items() if bound is not None]
        found += [f"Field({', '.join(given)})"] if given else []
    if field.type in ("text", "email", "url") and (field.min_length or field.max_length is not None):
        longest = EMAIL_LENGTH if field.type == "email" else TEXT_LENGTH
        maximum = longest if field.max_length is None else field.max_length
        found.append(f"fields.length({field.min_length or 0}, {maximum})")
    if field.pattern is not None and field.type in ("text", "email", "url"):
        form = python_form(field.pattern)
        stated = "" if form == field.pattern else f", {field.pattern!r}"
        found.append(f"fields.matching({form!r}{stated})")
    return found


def _bound(field: FieldSpec, bound: Decimal) -> str:
    whole = bound == bound.to_integral_value()
    return str(int(bound)) if whole and field.type == "integer" else py(bound)


def _moment(text: str) -> Code:
    moment = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    return Code(
        repr(moment).replace("datetime.datetime", "dt.datetime").replace("datetime.timezone.utc", "dt.UTC")
    )
