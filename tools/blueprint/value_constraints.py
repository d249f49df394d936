"""Keywords of a JSON Schema that constrain one value: its type, choices, bounds, form and default."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from tools.blueprint.keyword_comparison import (
    Difference,
    IncomparableError,
    Kind,
    Object,
    Rule,
    Side,
    as_text,
    flag,
    to_flag,
    to_list,
    to_texts,
)

_BOUNDS = {
    "minimum": "smallest value",
    "minLength": "shortest length",
    "minItems": "fewest items",
    "minProperties": "fewest properties",
    "maximum": "largest value",
    "maxLength": "longest length",
    "maxItems": "most items",
    "maxProperties": "most properties",
}


def _types(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = _type_names(old), _type_names(new)
    gone = [name for name in was if name not in now and not (name == "integer" and "number" in now)]
    added = [name for name in now if name not in was and not (name == "integer" and "number" in was)]
    if "number" in gone and "integer" in now:
        added = [name for name in added if name != "integer"]
    if was and now:
        for name in gone:
            yield side.narrower, f"The {what} can no longer be {_a(name)}."
        for name in added:
            yield side.wider, f"The {what} can now be {_a(name)}."
    elif now:
        yield side.narrower, f"The {what} must now be {' or '.join(_a(name) for name in now)}."
    elif was:
        yield side.wider, f"The {what} can now be of any type."


def _choices(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    if "enum" in old and "enum" in new:
        was, now = ({as_text(value): value for value in to_list(part["enum"])} for part in (old, new))
        for text, value in was.items():
            if text not in now:
                yield side.narrower, f"The {what} can no longer be {_quoted(value)}."
        for text, value in now.items():
            if text not in was:
                # A life cycle grows with every story; the contract says that clients must expect more values.
                kind: Kind = side.wider if value is None else "additive"
                yield kind, f"The {what} can now be {_quoted(value)}."
    elif "enum" in new:
        allowed = ", ".join(str(value) for value in to_list(new["enum"]) if value is not None)
        yield side.narrower, f"The {what} must now be one of {allowed}."
    else:
        yield side.wider, f"The {what} is no longer one of a few values."


def _bound(keyword: str) -> Rule:
    words = _BOUNDS[keyword]
    exclusive = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}.get(keyword, "")
    sign = 1 if keyword.startswith("min") else -1
    beyond = "above " if sign > 0 else "below "

    def differences(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
        was, now = (_limit(part, keyword, exclusive, sign) for part in (old, new))
        if was == now:
            return
        bounded = now[0] > float("-inf") and (keyword in new or exclusive in new)
        tells = f"is now {beyond if now[1] else ''}{sign * now[0]}" if bounded else "is no longer bounded"
        yield side.narrower if now > was else side.wider, f"The {words} of the {what} {tells}."

    return differences


def _limit(schema: Object, keyword: str, exclusive: str, sign: int) -> tuple[float, bool]:
    """Return the bound and whether it is excluded itself, so that what is larger admits fewer values."""
    limits = [(float("-inf") if exclusive or sign < 0 else 0, False)]
    strict = schema.get(exclusive, False)
    if keyword in schema:
        limits.append((sign * _number(schema[keyword]), strict is True))
    elif strict is True:
        raise IncomparableError
    if not isinstance(strict, bool):
        limits.append((sign * _number(strict), True))
    return max(limits)


def _demand(keyword: str, words: str) -> Rule:
    def differences(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
        if new.get(keyword) is not None:
            yield side.narrower, f"The {what} must now be {words} {new[keyword]}."
        if old.get(keyword) is not None:
            yield side.wider, f"The {what} need no longer be {words} {old[keyword]}."
        if new.get(keyword, "") is None or old.get(keyword, "") is None:
            raise IncomparableError

    return differences


def patterns(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    """Yield the differences of all patterns that hold, those in `allOf` included."""
    was, now = (
        [pattern for part in conditions(schema) if (pattern := pattern_of(part)) is not None]
        for schema in (old, new)
    )
    for pattern in now:
        if pattern not in was:
            yield side.narrower, f"The {what} must now match {pattern}"
    for pattern in was:
        if pattern not in now:
            yield side.wider, f"The {what} need no longer match {pattern}"


def _left_out(keyword: str, words: str, direction: str) -> Rule:
    """A value that is left out in one direction; in the other one the keyword means nothing."""

    def differences(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
        was, now = (to_flag(part.get(keyword, False)) for part in (old, new))
        if was and not now and side.direction == direction:
            raise IncomparableError  # whether it must be there now, `required` says, of this schema or another
        if was != now:
            kind: Kind = "breaking" if side.direction == direction else "additive"
            yield kind, f"The {what} is {'now' if now else 'no longer'} {words}."

    return differences


def _default(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    tells = f"is now {new['default']}" if "default" in new else "is gone"
    yield "additive", f"The default of the {what} {tells}."


def conditions(schema: Object) -> list[JsonValue]:
    """Return the schema itself, and the parts of its `allOf`."""
    return [schema, *to_list(schema.get("allOf", []))]


def pattern_of(schema: JsonValue) -> str | None:
    """Return the pattern of a schema, None where it has none; raises IncomparableError for one that is no text."""
    if not isinstance(schema, dict) or "pattern" not in schema:
        return None
    return to_texts([schema["pattern"]])[0]


def _type_names(schema: Object) -> list[str]:
    value = schema.get("type")
    if value is None and "type" not in schema:
        return []
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
    **{keyword: _bound(keyword) for keyword in _BOUNDS},
    "exclusiveMinimum": _bound("minimum"),
    "exclusiveMaximum": _bound("maximum"),
    "format": _demand("format", "of the format"),
    "multipleOf": _demand("multipleOf", "a multiple of"),
    "pattern": patterns,
    "allOf": patterns,  # all of it but its patterns is compared elsewhere, at this place in the order
    "uniqueItems": flag("uniqueItems", "must now have unique items", "may now have equal items"),
    "readOnly": _left_out("readOnly", "read-only", "request"),
    "writeOnly": _left_out("writeOnly", "write-only", "response"),
    "default": _default,
}
"""The rule of each keyword, in the order in which differences are told."""
