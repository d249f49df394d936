"""How one JSON Schema differs from another: each way in which it admits fewer or more values.

Fewer values in a request and more values in a response break a client; the other way round they do not. A list of
choices may grow in both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from pydantic import JsonValue

from tools.blueprint.keyword_comparison import (
    Difference,
    IncomparableError,
    Kind,
    Object,
    Rule,
    Side,
    as_text,
    compare_keywords,
    incomparable,
    is_annotation,
    reference,
    resolve,
    to_flag,
    to_list,
    to_object,
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
_CONTEXTUAL = ("$id", "$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties")
"""Keywords whose meaning depends on the schemas around them: with one, no other difference can be weighed."""


def compare_schemas(side: Side, what: str, before: JsonValue, after: JsonValue) -> Iterator[Difference]:
    """Yield the differences of two schemas, each with a sentence; `what` names the value in it.

    What several parts of a schema refer to is compared at the first of them.
    """
    walk = replace(side, seen=set(), pending=deque())
    yield from _compare(walk, what, before, after)
    while walk.pending:
        inner, place, old, new = walk.pending.popleft()
        differences = _differences(inner, place, old, new)
        if not inner.opaque:
            yield from differences
        elif any(differences):
            yield incomparable(inner.opaque)


def _compare(side: Side, what: str, before: JsonValue, after: JsonValue) -> Iterator[Difference]:
    """Yield the differences of two parts of a schema; what they refer to becomes pending."""
    if side.documents.same(before, after):
        return
    if not any(isinstance(schema, dict) and reference(schema) for schema in (before, after)):
        yield from _differences(side, what, before, after)
    elif (pair := (bool(side.opaque), as_text(before), as_text(after))) not in side.seen:
        side.seen.add(pair)
        side.pending.append((side, what, before, after))


def _differences(side: Side, what: str, before: JsonValue, after: JsonValue) -> Iterator[Difference]:
    try:
        old, new = _normal(side.documents.before, before), _normal(side.documents.after, after)
    except IncomparableError:
        yield incomparable(what)
        return
    for keyword in _CONTEXTUAL:
        if keyword in old or keyword in new:
            yield incomparable(f"`{keyword}` of the {what}")
    if side.documents.hides_subtypes(old) or side.documents.hides_subtypes(new):
        yield incomparable(f"`discriminator` of the {what}")
    yield from compare_keywords(side, what, old, new, _RULES)


def _normal(document: Object, value: JsonValue) -> Object:
    """Return a schema as an object in one of several equal forms, references followed; raises IncomparableError."""
    value = resolve(document, value)
    if isinstance(value, bool):
        return {} if value else {"not": {}}
    if isinstance(value, dict) and reference(value):
        beside = {keyword: part for keyword, part in value.items() if keyword != "$ref"}
        return beside | {"allOf": [*to_list(beside.get("allOf", [])), {"$ref": value["$ref"]}]}
    schema = {keyword: part for keyword, part in to_object(value).items() if not is_annotation(keyword)}
    if schema.keys() == {"allOf"} and len(parts := to_list(schema["allOf"])) == 1:
        return _normal(document, parts[0])
    if schema.get("nullable") is False:
        del schema["nullable"]
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        del schema["nullable"]
    return schema


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


def _patterns(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (
        to_texts(
            [part["pattern"] for part in _conditions(schema) if isinstance(part, dict) and "pattern" in part]
        )
        for schema in (old, new)
    )
    for pattern in now:
        if pattern not in was:
            yield side.narrower, f"The {what} must now match {pattern}"
    for pattern in was:
        if pattern not in now:
            yield side.wider, f"The {what} need no longer match {pattern}"


def _unique(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (to_flag(part.get("uniqueItems", False)) for part in (old, new))
    if now and not was:
        yield side.narrower, f"The items of the {what} must now be unique."
    if was and not now:
        yield side.wider, f"The items of the {what} may now repeat."


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


def _properties(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (to_object(part.get("properties", {})) for part in (old, new))
    for name in [*(name for name in was if name not in now), *now]:
        yield from _presence(side, what, name, old, new)
        if name in was and name in now:
            yield from _compare(side, f'property "{name}" of the {what}', was[name], now[name])


def _required(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (to_texts(part.get("required", [])) for part in (old, new))
    for name in [*was, *now]:
        if (name in was) != (name in now):
            yield from _presence(side, what, name, old, new)


def _presence(side: Side, what: str, name: str, old: Object, new: Object) -> Iterator[Difference]:
    """Yield what differs in whether a property must and may be there."""
    was, now = (name in to_object(part.get("properties", {})) for part in (old, new))
    needed_before, needed = (name in to_texts(part.get("required", [])) for part in (old, new))
    property_ = f'property "{name}" of the {what}'
    if was and not now:
        yield "breaking", f"The {property_} is gone."
    elif now and not was and to_object(_others(old)):
        yield incomparable(property_)  # a schema of other properties ruled it before
    elif now and not was:
        must = side.direction == "request" and needed
        yield "breaking" if must else "additive", f"The {property_} is new{' and required' if must else ''}."
    elif needed and not needed_before:
        yield side.narrower, f"The {property_} is now required."
    elif needed_before and not needed:
        yield side.wider, f"The {property_} may now be left out."


def _others(schema: Object) -> JsonValue:
    """The schema of properties that are not named; `{}` where there is none."""
    others = schema.get("additionalProperties", {})
    return {} if isinstance(others, bool) else others


def _other_properties(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (part.get("additionalProperties", True) for part in (old, new))
    if now is False:
        yield side.narrower, f"The {what} takes no other properties any more."
    elif was is False:
        yield side.wider, f"The {what} can now have other properties."
    else:
        yield from _compare(side, f"other property of the {what}", was, now)


def _items(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    if "prefixItems" in old or "prefixItems" in new:
        raise IncomparableError
    yield from _compare(side, f"item of the {what}", old.get("items", True), new.get("items", True))


def _all_of(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    yield from _patterns(side, what, old, new)
    was, now = (
        [part for part in _conditions(schema)[1:] if not isinstance(part, dict) or [*part] != ["pattern"]]
        for schema in (old, new)
    )
    pairs, gone, added = _paired(was, now)
    for before, after in pairs:
        yield from _compare(side, what, before, after)
    if gone:
        raise IncomparableError
    if added:
        yield side.narrower, f"The {what} must now meet more of `allOf`."


def _any_of(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    if "anyOf" not in old or "anyOf" not in new:
        raise IncomparableError
    pairs, gone, added = _paired(to_list(old["anyOf"]), to_list(new["anyOf"]))
    for before, after in pairs:
        yield from _compare(side, what, before, after)
    if gone:
        yield side.narrower, f"The {what} has fewer forms (`anyOf`)."
    if added:
        yield side.wider, f"The {what} has more forms (`anyOf`)."


def _opaque(keyword: str) -> Rule:
    """A keyword with one schema or several, of which only equality is known."""

    def differences(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
        was, now = (
            part if isinstance(part, list) else [part] for part in (old.get(keyword), new.get(keyword))
        )
        inner = replace(side, opaque=side.opaque or f"`{keyword}` of the {what}")
        if len(was) != len(now) or any(
            [*_compare(inner, what, *pair)] for pair in zip(was, now, strict=True)
        ):
            raise IncomparableError
        yield from ()

    return differences


def _conditions(schema: Object) -> list[JsonValue]:
    """Return the schema itself, and the parts of its `allOf`."""
    return [schema, *to_list(schema.get("allOf", []))]


def _paired(
    old: list[JsonValue], new: list[JsonValue]
) -> tuple[list[tuple[JsonValue, JsonValue]], list[JsonValue], list[JsonValue]]:
    """Return pairs, first of equal members, then in order, and what is left over before and after."""
    pairs: list[tuple[JsonValue, JsonValue]] = []
    gone: list[JsonValue] = []
    texts = [as_text(part) for part in new]
    added = dict(enumerate(new))
    for part in old:
        match = next((number for number in added if texts[number] == as_text(part)), None)
        if match is None:
            gone.append(part)
        else:
            pairs.append((part, added.pop(match)))
    rest = list(added.values())
    shared = min(len(gone), len(rest))
    return pairs + list(zip(gone, rest, strict=False)), gone[shared:], rest[shared:]


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


_OPAQUE = ("oneOf", "not", "if", "then", "else", "contains", "propertyNames")
_RULES: dict[str, Rule] = {
    "type": _types,
    "enum": _choices,
    **{keyword: _bound(keyword) for keyword in _BOUNDS},
    "exclusiveMinimum": _bound("minimum"),
    "exclusiveMaximum": _bound("maximum"),
    "format": _demand("format", "of the format"),
    "multipleOf": _demand("multipleOf", "a multiple of"),
    "pattern": _patterns,
    "allOf": _all_of,
    "uniqueItems": _unique,
    "readOnly": _left_out("readOnly", "read-only", "request"),
    "writeOnly": _left_out("writeOnly", "write-only", "response"),
    "default": _default,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _other_properties,
    "items": _items,
    "anyOf": _any_of,
    **{keyword: _opaque(keyword) for keyword in _OPAQUE},
}
