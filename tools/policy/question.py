"""Conversion of a call to the form that policies see, with values that both engines read identically.

regopy 1.5.2 silently corrupts some values: it ends strings at NUL, interprets backslashes twice, returns invalid
JSON if a string contains a quote or a control character, and wraps integers at 64 bits. Such values therefore never
reach an engine.
"""

from __future__ import annotations

import math

from pydantic import JsonValue

LONGEST_TEXT = 2000
"""Maximum number of characters of a string that policies see; longer content is checked by the scanners."""
DEEPEST = 20
LARGEST_INTEGER = 2**53
MOST_VALUES = 20_000
"""Maximum number of values in one document; with more, a decision would take too long."""

_UNREADABLE = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0xAD,
    0x61C,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xD800, 0xE000),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),
]
"""Code points of control characters, bidirectional controls, zero-width characters, tags and lone surrogates."""
_VISIBLE = dict.fromkeys(_UNREADABLE, "\ufffd") | str.maketrans(
    {"\\": "\uff3c", '"': "\uff02", "\n": "\u240a", "\t": "\u2409", "\r": "\u240d"}
)


def visible(call: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the call with every string in a form that no engine, terminal or log can misread.

    Backslashes and quotes become full-width, line ends and tabs become control pictures, and other unprintable
    characters become U+FFFD. Long strings are truncated. Raises ValueError for a value on which the engines disagree.
    """
    return _members(call, 0, [MOST_VALUES])


def _visible(value: JsonValue, depth: int, left: list[int]) -> JsonValue:
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"the call holds more than {MOST_VALUES:,} values")
    if depth > DEEPEST:
        raise ValueError(f"the call is nested more than {DEEPEST} deep")
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list | tuple):
        return [_visible(each, depth + 1, left) for each in value]
    if isinstance(value, dict):
        return _members(value, depth, left)
    raise ValueError(f"the call holds a {type(value).__name__}, which is not JSON")


def _members(value: dict[str, JsonValue], depth: int, left: list[int]) -> dict[str, JsonValue]:
    members = {plain_text(key): _visible(each, depth + 1, left) for key, each in value.items()}
    if len(members) != len(value):
        raise ValueError("two names in the call look the same")
    return members


def plain_text(text: str) -> str:
    """Return the text with unreadable characters replaced, truncated to `LONGEST_TEXT` characters with an ellipsis."""
    if not isinstance(text, str):
        raise ValueError(f"the call holds a {type(text).__name__} as a name")  # noqa: TRY004  one kind of refusal
    cut = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
    return cut.translate(_VISIBLE)


def _number(value: float) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the call holds a number that is not finite")
    if abs(value) > LARGEST_INTEGER:
        raise ValueError(f"the call holds a number beyond {LARGEST_INTEGER:,}")
    return value
