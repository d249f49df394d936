"""How one JSON Schema differs from another: each way in which it admits fewer or more values.

Fewer values in a request and more values in a response break a client; the other way round they do not. A list of
choices may grow in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

Schema = dict[str, JsonValue]
Kind = Literal["breaking", "additive"]

_FLOORS = {"minimum": "smallest value", "minLength": "shortest length", "minItems": "fewest items"}
_CEILINGS = {"maximum": "largest value", "maxLength": "longest length", "maxItems": "most items"}
_OPAQUE = ("oneOf", "anyOf", "not", "const")
_DEPTH = 20
"""How deep schemas are followed; only schemas that hold themselves go deeper."""


@dataclass(frozen=True)
class Side:
    """Which documents the schemas come from, and which way the values go."""

    before: Schema
    after: Schema
    direction: Literal["request", "response"]

    @property
    def narrower(self) -> Kind:
        """What it is to a client when fewer values are admitted."""
        return "breaking" if self.direction == "request" else "additive"

    @property
    def wider(self) -> Kind:
        """What it is to a client when more values are admitted."""
        return "additive" if self.direction == "request" else "breaking"


Difference = tuple[Kind, str]


def compare(
    side: Side, what: str, before: JsonValue, after: JsonValue, depth: int = _DEPTH
) -> Iterator[Difference]:
    """Yield the differences of two schemas, each with a sentence; `what` names the value in it."""
    old, new = resolve(side.before, before), resolve(side.after, after)
    if old == new and "$ref" not in str(old):
        return
    yield from _types(side, what, old, new)
    yield from _choices(side, what, old, new)
    yield from _bounds(side, what, old, new)
    yield from _shapes(side, what, old, new)
    if depth:
        yield from _properties(side, what, (old, new), depth)
        if "items" in old and "items" in new:
            yield from compare(side, f"item of the {what}", old["items"], new["items"], depth - 1)


def resolve(document: Schema, value: JsonValue) -> Schema:
    """Return the object, followed through `$ref`s of the same document; anything else gives `{}`."""
    found = mapping(value)
    for _ in range(_DEPTH):
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        target: JsonValue = document
        for part in reference.removeprefix("#/").split("/"):
            target = mapping(target).get(part.replace("~1", "/").replace("~0", "~"))
        found = mapping(target)
    return {}


def mapping(value: JsonValue) -> Schema:
    """Return the value if it is an object, else `{}`."""
    return value if isinstance(value, dict) else {}


def _types(side: Side, what: str, old: Schema, new: Schema) -> Iterator[Difference]:
    was, now = _listed(old, "type"), _listed(new, "type")
    gone = [each for each in was if each not in now and not (each == "integer" and "number" in now)]
    added = [each for each in now if each not in was and not (each == "integer" and "number" in was)]
    if "number" in gone and "integer" in now:
        gone, added = [*gone, "number"], [each for each in added if each != "integer"]
    if was and now:
        for each in dict.fromkeys(gone):
            yield side.narrower, f"The {what} can no longer be {_type(each)}."
        for each in added:
            yield side.wider, f"The {what} can now be {_type(each)}."
    elif now:
        yield side.narrower, f"The {what} must now be {' or '.join(_type(each) for each in now)}."
    elif was:
        yield side.wider, f"The {what} can now be of any type."


def _choices(side: Side, what: str, old: Schema, new: Schema) -> Iterator[Difference]:
    was, now = old.get("enum"), new.get("enum")
    if isinstance(was, list) and isinstance(now, list):
        for value in was:
            if value not in now and value is not None:
                yield side.narrower, f'The {what} can no longer be "{value}".'
        for value in now:
            if value not in was and value is not None:
                # A life cycle grows with every story; the contract says that clients must expect more values.
                yield "additive", f'The {what} can now be "{value}".'
    elif isinstance(now, list):
        allowed = ", ".join(str(value) for value in now if value is not None)
        yield side.narrower, f"The {what} must now be one of {allowed}."
    elif isinstance(was, list):
        yield side.wider, f"The {what} is no longer one of a few values."


def _bounds(side: Side, what: str, old: Schema, new: Schema) -> Iterator[Difference]:
    for names, sign in ((_FLOORS, 1), (_CEILINGS, -1)):
        for keyword, words in names.items():
            was, now = _limit(old, keyword, sign), _limit(new, keyword, sign)
            if was == now:
                continue
            tells = f"is now {new[keyword]}" if keyword in new else "is no longer bounded"
            yield side.narrower if now > was else side.wider, f"The {words} of the {what} {tells}."


def _shapes(side: Side, what: str, old: Schema, new: Schema) -> Iterator[Difference]:
    for keyword in ("format", "multipleOf"):
        was, now = old.get(keyword), new.get(keyword)
        if was != now and now is not None:
            yield side.narrower, f"The {what} must now be {_shape(keyword, now)}."
        if was != now and was is not None:
            yield side.wider, f"The {what} need no longer be {_shape(keyword, was)}."
    was_patterns, now_patterns = _patterns(old), _patterns(new)
    for pattern in now_patterns:
        if pattern not in was_patterns:
            yield side.narrower, f"The {what} must now match {pattern}"
    for pattern in was_patterns:
        if pattern not in now_patterns:
            yield side.wider, f"The {what} need no longer match {pattern}"
    if any(old.get(keyword) != new.get(keyword) for keyword in _OPAQUE):
        yield "breaking", f"The {what} is described in another way."
    if old.get("default") != new.get("default") and "default" in new:
        yield "additive", f"The default of the {what} is now {new['default']}."


def _properties(side: Side, what: str, schemas: tuple[Schema, Schema], depth: int) -> Iterator[Difference]:
    old, new = schemas
    was, now = mapping(old.get("properties")), mapping(new.get("properties"))
    needed_before, needed = _listed(old, "required"), _listed(new, "required")
    for name in was:
        if name not in now:
            yield "breaking", f'The property "{name}" of the {what} is gone.'
    for name, schema in now.items():
        property_ = f'property "{name}" of the {what}'
        if name not in was:
            must = side.direction == "request" and name in needed
            yield (
                "breaking" if must else "additive",
                f"The {property_} is new{' and required' if must else ''}.",
            )
            continue
        if name in needed and name not in needed_before:
            yield side.narrower, f"The {property_} is now required."
        if name in needed_before and name not in needed:
            yield side.wider, f"The {property_} may now be left out."
        yield from compare(side, property_, was[name], schema, depth - 1)
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield side.narrower, f"The {what} takes no other properties any more."


def _listed(schema: Schema, keyword: str) -> list[str]:
    value = schema.get(keyword)
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, list) else []


def _limit(schema: Schema, keyword: str, sign: int) -> float:
    """The bound, so that a larger number always admits fewer values."""
    value = schema.get(keyword)
    if keyword in ("minLength", "minItems"):
        value = value or 0
    return sign * float(value) if isinstance(value, int | float) else float("-inf")


def _patterns(schema: Schema) -> list[str]:
    parts = schema.get("allOf")
    listed = [schema, *(mapping(each) for each in parts)] if isinstance(parts, list) else [schema]
    return [str(each["pattern"]) for each in listed if "pattern" in each]


def _type(name: str) -> str:
    return name if name == "null" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _shape(keyword: str, value: JsonValue) -> str:
    return f"a multiple of {value}" if keyword == "multipleOf" else f"of the format {value}"
