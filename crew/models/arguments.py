"""Strict parsing of JSON written by a model: every accepted value can be stored, hashed and sent again."""

from __future__ import annotations

import json
import math
import re

from pydantic import JsonValue

DEEPEST = 40
"""Maximum nesting depth of lists and objects."""
LARGEST_NUMBER = 2**63
"""Exclusive bound on the absolute value of integers, since databases and policies read them as 64-bit numbers."""
_SURROGATES = re.compile("[\ud800-\udfff]")


def json_in(text: str) -> JsonValue:
    """Parse JSON text; raises ValueError if it is invalid or its value cannot be stored."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} deep") from None
    check(value)
    return value


def arguments_in(text: str) -> dict[str, JsonValue]:
    """Parse a JSON object; raises ValueError like `json_in`, and for any other value."""
    value = json_in(text)
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} instead of an object")  # noqa: TRY004  callers expect ValueError
    return value


def check(value: object, depth: int = 0) -> None:
    """Raise ValueError if a value parsed from JSON cannot be stored."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    if isinstance(value, str):
        if _SURROGATES.search(value):
            raise ValueError("a string in it contains half of a surrogate pair")
    elif isinstance(value, bool | None):
        return
    elif (isinstance(value, int) and abs(value) >= LARGEST_NUMBER) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise ValueError("a number in it is out of range")
    elif isinstance(value, dict):
        for name, each in value.items():
            check(name, depth + 1)
            check(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            check(each, depth + 1)


def whole_text(text: str) -> str:
    """Return the text with lone surrogates, which cannot be encoded, replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not valid JSON")
