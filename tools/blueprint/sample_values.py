"""Valid and invalid sample values of a field, for examples and tests."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue

from tools.blueprint import value_formats
from tools.blueprint.arithmetic import bounds, canonical
from tools.blueprint.field_schemas import json_value
from tools.blueprint.model import FieldSpec, FieldType
from tools.blueprint.names import camel
from tools.blueprint.regex_samples import count_matches, matching, not_matching
from tools.blueprint.simulated_requests import Expression, Given, Plain

PAST, FUTURE = "2001-01-31", "2999-01-31"
"""A date that is in the past and one that is in the future, no matter when a test runs."""
STEP: dict[FieldType, Decimal] = {"integer": Decimal(1), "money": Decimal("0.01"), "number": Decimal("0.5")}
"""The difference between adjacent values of each numeric type."""

_FIXED: dict[FieldType, Plain] = {
    "boolean": False,
    "date": FUTURE,
    "timestamp": f"{FUTURE}T12:00:00Z",
    "email": "ada@example.com",
    "url": "https://example.com/",
    "uuid": "6f1c2d3e-0000-4000-8000-000000000001",
}
FEW_VALUES = 40
"""Number of possible values up to which tests must reuse those of a unique field, as a test run may need more."""
_SECRET_NAMES = re.compile(
    r"passw|pwd|passphrase|secret|token|credential|contraseña|(db|database|key) ?pass"
    r"|(api|auth|access|service|account|db|database|priv|private|client|signing|encryption) ?key"
)
_BRACKETED = 6
"""Smallest maximum length of a field that leaves room for a placeholder in angle brackets."""
CHARACTERS = string.ascii_letters + string.digits
_SHORT: dict[FieldType, tuple[str, str]] = {
    "email": ("a@b.co", "a{number}@b.co"),
    "url": ("http://a", "http://a{number}"),
}
"""Short values of the types whose length can be limited: one value, and a format string with a number."""
_NUMBERED: dict[FieldType, str] = {
    "email": "ada{number}@example.com",
    "url": "https://example.com/{number}",
    "uuid": "6f1c2d3e-0000-4000-8000-{number:012}",
}
_FOREIGN: dict[FieldType, tuple[tuple[str, Plain], ...]] = {
    "text": (("number", 7),),
    "integer": (("text", "7"), ("fraction", Decimal("1.5")), ("boolean", True)),
    "number": (("text", "1.5"), ("boolean", True)),
    "money": (("text", "1.50"), ("three decimals", Decimal("1.005")), ("boolean", True)),
    "boolean": (("text", "true"), ("number", 1)),
    "date": (("no such day", "2030-02-30"), ("another format", "31.01.2030"), ("number", 20300131)),
    "timestamp": (("no offset", "2030-01-31T12:00:00"), ("no such hour", "2030-01-31T25:00:00Z")),
    "email": (("no address", "not-an-address"), ("no dot in the domain", "ada@localhost")),
    "url": (("no address", "not a url"), ("another scheme", "javascript:alert(1)")),
    "uuid": (("too short", "6f1c2d3e"), ("no hyphens", "6f1c2d3e000040008000000000000001")),
    "choice": (("another", "none of these"),),
}


@dataclass(frozen=True)
class Wrong:
    """A value that a field must reject."""

    why: str
    value: Given


def example_body(fields: Iterable[FieldSpec]) -> dict[str, JsonValue] | None:
    """Return a body with a sample value for every required field.

    Returns None if a pattern could not be matched, or a value could be mistaken for a secret.
    """
    needed = [each for each in fields if each.required]
    values = {camel(each.name): sample(each) for each in needed}
    if any(value is None for value in values.values()):
        return None
    body = {camel(each.name): plain_json(each.type, values[camel(each.name)]) for each in needed}
    if any(names_secret(each) and not is_placeholder(body[camel(each.name)]) for each in needed):
        return None
    return body


def plain_json(kind: FieldType, value: Plain) -> JsonValue:
    """Convert a value of the reference model to JSON."""
    return None if value is None else json_value(kind, str(value) if isinstance(value, Decimal) else value)


def value_count(field: FieldSpec) -> int | None:
    """Return the number of values that the field can have, or None if there are many or their number is not known."""
    if field.type == "boolean":
        return 2
    if field.type == "choice":
        return len(field.choices)
    if field.type in STEP and field.minimum is not None and field.maximum is not None:
        if field.type == "number":
            return 1 if field.minimum == field.maximum else None
        return int((field.maximum - field.minimum) / STEP[field.type]) + 1
    if field.type == "text" and field.pattern:
        longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
        return count_matches(field.pattern, shortest=field.min_length or 0, longest=longest)
    return None


def is_placeholder(value: JsonValue) -> bool:
    """Return whether a sample value is a placeholder in angle brackets, which cannot be mistaken for a secret."""
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")


def sample(field: FieldSpec, number: int = 1) -> Plain:
    """Return a valid value of the field, or None if none is found; values of a unique field differ by `number`."""
    if field.type == "choice":
        return field.choices[number % len(field.choices) if field.unique else 0]
    if field.type in STEP:
        return _number(field, number)
    if field.pattern and field.type == "text":
        longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
        return matching(
            field.pattern,
            number if field.unique else 0,
            shortest=field.min_length or 0,
            longest=min(longest, 500),
            monotonous=names_secret(field) and not field.unique,
        )
    if field.type == "text" and field.unique and field.max_length == 1:
        return CHARACTERS[number % len(CHARACTERS)]
    if field.type == "text":
        return text_form(field).format(number=number)
    if field.type in _NUMBERED:
        text = text_form(field).format(number=number)
        longest = field.max_length if field.max_length is not None else len(text)
        return text if (field.min_length or 0) <= len(text) <= longest else None
    return _FIXED[field.type]


def text_form(field: FieldSpec) -> str:
    """Return a format string for valid texts of the field; it contains `number` if the field is unique."""
    if field.type in _NUMBERED:
        return _address_form(field)
    if names_secret(field) and (field.max_length is None or field.max_length >= _BRACKETED):
        return f"<{_text_form(_without_brackets(field))}>"
    return _text_form(field)


def names_secret(field: FieldSpec) -> bool:
    """Return whether the field's name suggests a secret, so that scanners report any ordinary text next to it."""
    return _SECRET_NAMES.search(field.name) is not None


def _without_brackets(field: FieldSpec) -> FieldSpec:
    """Return the field with length limits that leave room for angle brackets, which mark a placeholder."""
    lengths = {name: getattr(field, name) for name in ("min_length", "max_length")}
    shorter = {name: max(length - 2, 1) for name, length in lengths.items() if length is not None}
    return field.model_copy(update=shorter)


def _text_form(field: FieldSpec) -> str:
    shortest = field.min_length if field.min_length is not None else 1
    longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
    if not field.unique:
        return (field.name if field.name.isascii() else "text").ljust(shortest, "x")[:longest]
    word = f"{field.name} "
    if len(word) + 3 > longest or not word.isascii():
        return f"{{number:0{max(1, min(longest, max(shortest, 3)))}}}"
    return f"{word}{{number:0{max(3, shortest - len(word))}}}"


def _address_form(field: FieldSpec) -> str:
    """Return a format string for an email address, URL or UUID, adjusted to the length limits of the field."""
    form = _NUMBERED[field.type] if field.unique else str(_FIXED[field.type])
    if field.max_length is not None and field.max_length < len(form.format(number=1)) + 3 * field.unique:
        form = _SHORT[field.type][field.unique]
    missing = (field.min_length or 0) - len(form.format(number=1))
    if missing <= 0:
        return form
    return form.replace("@", "x" * missing + "@") if field.type == "email" else f"{form}/{'x' * missing}"


def numeric_base(field: FieldSpec) -> Decimal:
    """Return a valid number for the field, away from its bounds if there is room."""
    low, high = bounds(field)
    wanted = {"integer": Decimal(10), "money": Decimal("20.50"), "number": Decimal("2.5")}[field.type]
    value = wanted if low is None else max(low, wanted)
    return value if high is None else min(high, value)


def boundaries(field: FieldSpec) -> list[Given]:
    """Return the boundary values that the field accepts."""
    if field.type == "choice":
        return list(field.choices)
    if field.type == "boolean":
        return [True, False]
    if field.type in STEP:
        return [canonical(field.type, each) for each in bounds(field) if each is not None]
    if field.type != "text" or field.pattern:
        return []
    shortest = field.min_length if field.min_length is not None else int(field.required)
    longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
    return [text_of(length) for length in dict.fromkeys((shortest, longest))]


def violations(field: FieldSpec, *, nullable: bool) -> list[Wrong]:
    """Return one value for each way to violate the field's type and constraints."""
    found = [Wrong(why, value) for why, value in _FOREIGN[field.type]]
    if not nullable:
        found.append(Wrong("null", None))
    if field.type in STEP:
        low, high = bounds(field)
        step = STEP[field.type]
        found += [Wrong("too small", canonical(field.type, low - step))] if low is not None else []
        found += [Wrong("too large", canonical(field.type, high + step))] if high is not None else []
    if field.type == "text":
        found += _bad_texts(field)
    return found


def _bad_texts(field: FieldSpec) -> list[Wrong]:
    found = [Wrong("NUL", "\0" * max(field.min_length or 0, 1))]
    if field.required:
        found += [Wrong("empty", ""), Wrong("blank", " " * max(field.min_length or 0, 1))]
    longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
    found.append(Wrong("too long", text_of(longest + 1)))
    if (field.min_length or 0) > 1:
        found.append(Wrong("too short", text_of((field.min_length or 0) - 1)))
    if field.pattern:
        good = sample(field)
        bad = not_matching(field.pattern, good) if isinstance(good, str) else None
        found += [Wrong("no match", bad)] if bad is not None else []
    return found


def ascending(field: FieldSpec) -> list[Plain]:
    """Return up to three distinct valid values of the field in ascending order."""
    if field.type == "boolean":
        return [False, True]
    if field.type == "choice":
        return list[Plain](sorted(field.choices))[:3]
    if field.type in STEP:
        low, high = bounds(field)
        step, first = STEP[field.type], numeric_base(field)
        first = first - 2 * step if high is not None and first + 2 * step > high else first
        wanted = [first + count * step for count in range(3)]
        return [canonical(field.type, each) for each in wanted if low is None or low <= each]
    if field.type in ("date", "timestamp"):
        time = "T08:00:00Z" if field.type == "timestamp" else ""
        return [f"2030-01-{day}{time}" for day in (10, 20, 30)]
    many = field.model_copy(update={"unique": True})
    return list[Plain](sorted({str(each) for each in (sample(many, number) for number in (1, 2, 3)) if each}))


def text_of(length: int) -> Given:
    """Return a text of the given length; a long one is an expression, which keeps the source of tests short."""
    text = "x" * length
    return text if length <= 20 else Expression(f'"x" * {length}', text)


def _number(field: FieldSpec, number: int) -> Plain:
    base = numeric_base(field)
    if not field.unique:
        return canonical(field.type, base)
    low, high = bounds(field)
    first = low if low is not None else base
    step, count = unique_steps(field)
    value = first + step * (number % count if count else number)
    return canonical(field.type, value if high is None else min(value, high))


def unique_steps(field: FieldSpec) -> tuple[Decimal, int | None]:
    """Return the step between test values of a unique numeric field, and the number of values if it is limited."""
    low, high = bounds(field)
    if low is None and high is not None and high < numeric_base(field) + FEW_VALUES:
        return Decimal(-1), None
    if low is None or high is None or high - low >= FEW_VALUES:
        return Decimal(1), None
    if field.type == "number":
        return (high - low) / 64, 64
    step = Decimal(1) if field.type == "integer" else STEP[field.type]
    return step, int((high - low) / step) + 1
