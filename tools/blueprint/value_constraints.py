"""Comparison of the JSON Schema keywords for a single value: its type, choices, bounds, format and default."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from tools.blueprint.keyword_comparison import (
    Difference,
    IncomparableError,
    Kind,
    Object,
    Place,
    Rule,
    as_text,
    to_texts,
    typed,
)

_BOUNDS = {
    "minimum": "minimum value",
    "minLength": "minimum length",
    "minItems": "minimum number of items",
    "minProperties": "minimum number of properties",
    "maximum": "maximum value",
    "maxLength": "maximum length",
    "maxItems": "maximum number of items",
    "maxProperties": "maximum number of properties",
}
_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_DEMANDS = {"format": "of the format", "multipleOf": "a multiple of"}
_FLAGS = {
    "required": ("is now required", "may now be left out"),
    "uniqueItems": ("must now have unique items", "may now have duplicate items"),
}
_LEFT_OUT = {"readOnly": ("read-only", "request"), "writeOnly": ("write-only", "response")}
"""For each keyword, the adjective for its values and the direction in which they are omitted."""


def _types(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = _type_names(at.old), _type_names(at.new)
    gone = [name for name in was if name not in now and not (name == "integer" and "number" in now)]
    added = [name for name in now if name not in was and not (name == "integer" and "number" in was)]
    if "number" in gone and "integer" in now:
        added = [name for name in added if name != "integer"]
    if was and now:
        for name in gone:
            yield at.narrower, f"The {at.what} can no longer be {_a(name)}."
        for name in added:
            yield at.wider, f"The {at.what} can now be {_a(name)}."
    elif now:
        yield at.narrower, f"The {at.what} must now be {' or '.join(_a(name) for name in now)}."
    elif was:
        yield at.wider, f"The {at.what} can now be of any type."


def _choices(at: Place, keyword: str) -> Iterator[Difference]:
    if keyword not in at.old:
        allowed = ", ".join(str(value) for value in at.values(keyword, list)[1] if value is not None)
        yield at.narrower, f"The {at.what} must now be one of {allowed}."
    elif keyword not in at.new:
        yield at.wider, f"The {at.what} is no longer limited to certain values."
    else:
        was, now = ({as_text(value): value for value in values} for values in at.values(keyword, list))
        for value in (value for text, value in was.items() if text not in now):
            yield at.narrower, f"The {at.what} can no longer be {_quoted(value)}."
        for value in (value for text, value in now.items() if text not in was):
            # Life cycles grow with every story; the contract tells clients to expect further values.
            kind: Kind = at.wider if value is None else "additive"
            yield kind, f"The {at.what} can now be {_quoted(value)}."


def _bound(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = _limit(at.old, keyword), _limit(at.new, keyword)
    if was == now:
        return
    bounded = now[0] > float("-inf") and (keyword in at.new or _EXCLUSIVE.get(keyword) in at.new)
    sign, beyond = (1, "above ") if keyword.startswith("min") else (-1, "below ")
    tells = f"is now {beyond if now[1] else ''}{sign * now[0]}" if bounded else "is no longer bounded"
    yield at.narrower if now > was else at.wider, f"The {_BOUNDS[keyword]} of the {at.what} {tells}."


def _exclusive_bound(at: Place, keyword: str) -> Iterator[Difference]:
    return _bound(at, keyword.removeprefix("exclusive").lower())


def _limit(schema: Object, keyword: str) -> tuple[float, bool]:
    """Return the bound and whether it is exclusive, with signs such that a larger result accepts fewer values."""
    sign = 1 if keyword.startswith("min") else -1
    limits = [(float("-inf") if keyword in _EXCLUSIVE or sign < 0 else 0, False)]
    strict = schema.get(_EXCLUSIVE.get(keyword, ""), False)
    if keyword in schema:
        limits.append((sign * _number(schema[keyword]), strict is True))
    elif strict is True:
        raise IncomparableError
    if not isinstance(strict, bool):
        limits.append((sign * _number(strict), True))
    return max(limits)


def _demand(at: Place, keyword: str) -> Iterator[Difference]:
    was, now, words = at.old.get(keyword), at.new.get(keyword), _DEMANDS[keyword]
    if now is not None:
        yield at.narrower, f"The {at.what} must now be {words} {now}."
    if was is not None:
        yield at.wider, f"The {at.what} need no longer be {words} {was}."
    if at.new.get(keyword, "") is None or at.old.get(keyword, "") is None:
        raise IncomparableError


def patterns(at: Place, keyword: str) -> Iterator[Difference]:
    """Yield the differences between all patterns that apply, including those in `allOf`."""
    was, now = (
        [pattern for part in conditions(schema) if (pattern := pattern_of(part)) is not None]
        for schema in (at.old, at.new)
    )
    for pattern in now:
        if pattern not in was:
            yield at.narrower, f"The {at.what} must now match {pattern}"
    for pattern in was:
        if pattern not in now:
            yield at.wider, f"The {at.what} need no longer match {pattern}"


def flag(at: Place, keyword: str) -> Iterator[Difference]:
    """Yield the difference in a boolean keyword that restricts the accepted values when it is true."""
    was, now = at.values(keyword, bool)
    if was != now:
        yield at.narrower if now else at.wider, f"The {at.what} {_FLAGS[keyword][was]}."


def _left_out(at: Place, keyword: str) -> Iterator[Difference]:
    """Compare `readOnly` or `writeOnly`, which omits the value in one direction and does not affect the other."""
    was, now = at.values(keyword, bool)
    words, direction = _LEFT_OUT[keyword]
    if was and not now and at.direction == direction:
        raise IncomparableError  # whether it is mandatory now depends on `required`, in this schema or another
    if was != now:
        kind: Kind = "breaking" if at.direction == direction else "additive"
        yield kind, f"The {at.what} is {'now' if now else 'no longer'} {words}."


def _default(at: Place, keyword: str) -> Iterator[Difference]:
    tells = f"is now {at.new[keyword]}" if keyword in at.new else "is gone"
    # A client that omits the value gets the new default; the contract cannot tell whether that is acceptable.
    changes_requests = keyword in at.old and at.direction == "request"
    yield "incomparable" if changes_requests else "additive", f"The default of the {at.what} {tells}."


def conditions(schema: Object) -> list[JsonValue]:
    """Return the schema itself, followed by the subschemas of its `allOf`."""
    return [schema, *typed(schema.get("allOf", []), list)]


def pattern_of(schema: JsonValue) -> str | None:
    """Return the pattern of a schema, or None if it has none. Raises IncomparableError if it is not a string."""
    if not isinstance(schema, dict) or "pattern" not in schema:
        return None
    return typed(schema["pattern"], str)


def _type_names(schema: Object) -> list[str]:
    if "type" not in schema:
        return []
    value = schema["type"]
    names = [value] if isinstance(value, str) else to_texts(value)
    if not names or not all(names):
        raise IncomparableError
    return names


def _number(value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IncomparableError
    return value


def _a(name: str) -> str:
    return name if name == "null" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _quoted(value: JsonValue) -> str:
    return "null" if value is None else f'"{value}"'


CONSTRAINTS: dict[str, Rule] = {
    "type": _types,
    "enum": _choices,
    **dict.fromkeys(_BOUNDS, _bound),
    **dict.fromkeys(_EXCLUSIVE.values(), _exclusive_bound),
    **dict.fromkeys(_DEMANDS, _demand),
    "pattern": patterns,
    "allOf": patterns,  # patterns only; schema_compatibility replaces this rule but keeps its position
    "uniqueItems": flag,
    **dict.fromkeys(_LEFT_OUT, _left_out),
    "default": _default,
}
"""The rule for each keyword, in the order in which differences are reported."""
