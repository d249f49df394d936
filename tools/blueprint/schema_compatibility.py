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
    Object,
    Rule,
    Side,
    as_text,
    compare_keywords,
    incomparable,
    is_annotation,
    reference,
    resolve,
    to_list,
    to_object,
    to_texts,
)
from tools.blueprint.value_constraints import CONSTRAINTS, conditions, pattern_of, patterns

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
    if not (reference(before) or reference(after)):
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
    yield from patterns(side, what, old, new)
    was, now = (
        [part for part in conditions(schema)[1:] if part != {"pattern": pattern_of(part)}]
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


_OPAQUE = ("oneOf", "not", "if", "then", "else", "contains", "propertyNames")
_RULES: dict[str, Rule] = {
    **CONSTRAINTS,
    "allOf": _all_of,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _other_properties,
    "items": _items,
    "anyOf": _any_of,
    **{keyword: _opaque(keyword) for keyword in _OPAQUE},
}
