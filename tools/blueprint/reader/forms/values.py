"""Conversion of the words of a sentence to literal values of a field."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from tools.blueprint.model import FieldSpec, Value
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.grammar.phrases import Noun, Term
from tools.blueprint.regex_dialect import matches, not_portable
from tools.blueprint.value_formats import EMAIL, INTEGER_MAXIMUM, INTEGER_MINIMUM, MONEY_LIMIT, URL

NUMERIC = ("integer", "number", "money")
TEXTUAL = ("text", "email", "url")
TEMPORAL = ("date", "timestamp")

Literal_: TypeAlias = Term | Noun

NOTHING = ("null", "nothing", "none", "empty", "blank", "missing")
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_SAFE_VALUE = re.compile(r"[^\W_][\w .+-]{0,49}")


def value_of(spec: FieldSpec, said: Literal_) -> Value:
    """Convert the words to a value of the field's type. Raises Unclear if they are not a valid value."""
    text = said.words if isinstance(said, Noun) else said.text
    if spec.type == "text" and isinstance(said, Noun) and text.lower() in NOTHING:
        raise Unclear(
            f"'{text}' could mean that '{spec.name}' is missing, or be its text; put a text in quotes"
        )
    try:
        value = _parse(spec, text, said)
    except (ValueError, ArithmeticError):
        value = None
    if value is None:
        raise Unclear(f"'{_short(text)}' is not a valid value for '{spec.name}', which is {_kind(spec)}")
    return value


def check_fits(spec: FieldSpec, value: Value, what: str) -> None:
    """Raise Unclear if the value violates a constraint of the field; `what` names the value in the message."""
    if spec.type in NUMERIC:
        number = Decimal(str(value))
        if spec.minimum is not None and number < spec.minimum:
            raise Unclear(f"{what} of '{spec.name}' is under its minimum of {plain(spec.minimum)}")
        if spec.maximum is not None and number > spec.maximum:
            raise Unclear(f"{what} of '{spec.name}' is over its maximum of {plain(spec.maximum)}")
    elif spec.type in TEXTUAL:
        _check_text(spec, str(value), what)


def state_value(words: str) -> str:
    """Return a state or choice in kebab-case, with its letter case kept. Raises Unclear if it is not a safe value."""
    if not _SAFE_VALUE.fullmatch(words):
        raise Unclear(
            f"'{_short(words)}' cannot be a value; use at most 50 letters, digits, spaces and hyphens"
        )
    return "-".join(words.split())


def find_value(words: str, values: tuple[str, ...]) -> str | None:
    """Return the value that the words spell, exactly or else ignoring letter case; None if there is none."""
    wanted = "-".join(words.split())
    return next((each for each in values if each == wanted), None) or next(
        (each for each in values if each.lower() == wanted.lower()), None
    )


def plain(number: Decimal) -> str:
    """Format a number without an exponent or trailing decimal zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_LOOKS_AROUND = re.compile(r"(?<!\\)\(\?<?[=!]")


def check_pattern(pattern: str) -> None:
    """Raise Unclear if the regular expression is invalid or uses lookaround."""
    import regex  # noqa: PLC0415  only for stories with patterns

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
            regex.compile(pattern)
    except (re.error, regex.error, Warning, OverflowError, RecursionError) as error:
        raise Unclear(f"/{_short(pattern)}/ is not a valid regular expression: {error}") from error
    if _LOOKS_AROUND.search(pattern):
        raise Unclear(
            f"/{_short(pattern)}/ uses lookahead or lookbehind, for which no test values can be generated; rewrite it"
        )
    if part := not_portable(pattern):
        raise Unclear(
            f"/{_short(pattern)}/ uses `{part}`, which Python and the contract's ECMAScript do not read alike; "
            "use characters, classes, groups, alternatives and quantifiers"
        )


def _parse(spec: FieldSpec, text: str, said: Literal_) -> Value | None:
    kind = said.kind if isinstance(said, Term) else "words"
    if spec.type in NUMERIC:
        return _number(spec, Decimal(text)) if kind == "number" else None
    if spec.type == "boolean":
        return _TRUTHS.get(text.lower())
    if spec.type == "choice":
        return find_value(text, spec.choices)
    if spec.type == "date":
        return date.fromisoformat(text).isoformat() if len(text) == 10 else None
    if spec.type == "timestamp":
        return _timestamp(text)
    if spec.type == "uuid":
        return str(UUID(text))
    if spec.type == "email":
        return text if re.search(EMAIL, text) else None
    if spec.type == "url":
        return text if re.search(URL, text) else None
    return text


def _number(spec: FieldSpec, number: Decimal) -> Value | None:
    if spec.type == "integer":
        fits = number == int(number) and INTEGER_MINIMUM <= number <= INTEGER_MAXIMUM
        return int(number) if fits else None
    if spec.type == "money" and (number.as_tuple().exponent < -2 or abs(number) > MONEY_LIMIT):  # type: ignore[operator]
        return None
    return plain(number)


def _timestamp(text: str) -> Value | None:
    if len(text) == 10:
        text += "T00:00:00Z"
    moment = datetime.fromisoformat(text.upper().replace(" ", "T"))
    if moment.tzinfo is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _check_text(spec: FieldSpec, text: str, what: str) -> None:
    if spec.min_length is not None and len(text) < spec.min_length:
        raise Unclear(f"{what} of '{spec.name}' is shorter than {spec.min_length} characters")
    if spec.max_length is not None and len(text) > spec.max_length:
        raise Unclear(f"{what} of '{spec.name}' is longer than {spec.max_length} characters")
    if spec.pattern is not None and not matches(spec.pattern, text):
        raise Unclear(f"{what} of '{spec.name}' does not match /{_short(spec.pattern)}/")


def _kind(spec: FieldSpec) -> str:
    if spec.type == "choice":
        return f"one of {', '.join(spec.choices)}"
    return {"boolean": "true or false", "email": "an email", "uuid": "a uuid", "url": "a url"}.get(
        spec.type, f"{'an' if spec.type == 'integer' else 'a'} {spec.type}"
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
