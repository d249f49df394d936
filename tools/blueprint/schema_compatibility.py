"""Comparison of two JSON Schemas: every way in which the new one accepts fewer or more values.

Fewer values in a request or more values in a response break a client; the reverse does not. A list of
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
    Place,
    Rule,
    as_text,
    compare_keywords,
    incomparable,
    is_annotation,
    reference,
    resolve,
    to_object,
    to_texts,
    typed,
)
from tools.blueprint.value_constraints import CONSTRAINTS, conditions, pattern_of, patterns

_CONTEXTUAL = ("$id", "$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties")
"""Keywords whose meaning depends on the surrounding schemas; a person has to assess a schema that contains one."""


def compare_schemas(place: Place, keyword: str) -> Iterator[Difference]:
    """Yield the differences between the two schemas that a keyword contains.

    A schema that is referenced several times is compared only at its first reference.
    """
    walk = replace(place, seen=set(), pending=deque())
    yield from _compare(walk, place.what, place.old.get(keyword, True), place.new.get(keyword, True))
    while walk.pending:
        inner, what, before, after = walk.pending.popleft()
        differences = _differences(inner, what, before, after)
        if not inner.opaque:
            yield from differences
        elif any(differences):
            yield incomparable(inner.opaque)


def _compare(at: Place, what: str, before: JsonValue, after: JsonValue) -> Iterator[Difference]:
    """Yield the differences between two parts of a schema; references are appended to `pending` instead."""
    if at.documents.same(before, after):
        return
    if not (reference(before) or reference(after)):
        yield from _differences(at, what, before, after)
    elif (pair := (bool(at.opaque), as_text(before), as_text(after))) not in at.seen:
        at.seen.add(pair)
        at.pending.append((at, what, before, after))


def _differences(at: Place, what: str, before: JsonValue, after: JsonValue) -> Iterator[Difference]:
    try:
        old, new = _normal(at.documents.before, before), _normal(at.documents.after, after)
    except IncomparableError:
        yield incomparable(what)
        return
    for keyword in _CONTEXTUAL:
        if keyword in old or keyword in new:
            yield incomparable(f"`{keyword}` of the {what}")
    if at.documents.hides_subtypes(old) or at.documents.hides_subtypes(new):
        yield incomparable(f"`discriminator` of the {what}")
    yield from compare_keywords(replace(at, what=what, old=old, new=new), _RULES)


def _normal(document: Object, value: JsonValue) -> Object:
    """Return the normal form of a schema, with references resolved. Raises IncomparableError if there is none."""
    value = resolve(document, value)
    if isinstance(value, bool):
        return {} if value else {"not": {}}
    if isinstance(value, dict) and reference(value):
        beside = {keyword: part for keyword, part in value.items() if keyword != "$ref"}
        return beside | {"allOf": [*typed(beside.get("allOf", []), list), {"$ref": value["$ref"]}]}
    schema = {keyword: part for keyword, part in to_object(value).items() if not is_annotation(keyword)}
    if schema.keys() == {"allOf"} and len(parts := typed(schema["allOf"], list)) == 1:
        return _normal(document, parts[0])
    if not str(document.get("openapi", "3.0")).startswith("3.0"):
        return schema  # OpenAPI 3.1 has no `nullable`
    if schema.get("nullable") is False:
        del schema["nullable"]
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        del schema["nullable"]
    return schema


def _properties(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = at.objects(keyword)
    for name in [*(name for name in was if name not in now), *now]:
        yield from _presence(at, name)
        if name in was and name in now:
            yield from _compare(at, f'property "{name}" of the {at.what}', was[name], now[name])


def _required(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = map(to_texts, at.values(keyword, list))
    for name in [*was, *now]:
        if (name in was) != (name in now):
            yield from _presence(at, name)


def _presence(at: Place, name: str) -> Iterator[Difference]:
    """Yield the differences in whether a property may be present and whether it is required."""
    was, now = (name in properties for properties in at.objects("properties"))
    needed_before, needed = (name in to_texts(names) for names in at.values("required", list))
    others = at.old.get("additionalProperties", True)
    property_ = f'property "{name}" of the {at.what}'
    if was and not now:
        yield "breaking", f"The {property_} is gone."
    elif (
        now
        and not was
        and (
            at.old.keys() & {"patternProperties", "propertyNames"}
            or (not isinstance(others, bool) and to_object(others))
        )
    ):
        yield incomparable(property_)  # it was constrained by another keyword before
    elif now and not was:
        must = at.direction == "request" and needed
        yield "breaking" if must else "additive", f"The {property_} is new{' and required' if must else ''}."
        if needed_before and not needed:
            yield at.wider, f"The {property_} may now be left out."
    elif needed and not needed_before:
        yield at.narrower, f"The {property_} is now required."
    elif needed_before and not needed:
        yield at.wider, f"The {property_} may now be left out."


def _other_properties(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = at.old.get(keyword, True), at.new.get(keyword, True)
    if now is False:
        yield at.narrower, f"The {at.what} no longer accepts other properties."
    elif was is False:
        yield at.wider, f"The {at.what} can now have other properties."
    else:
        yield from _compare(at, f"other property of the {at.what}", was, now)


def _items(at: Place, keyword: str) -> Iterator[Difference]:
    if "prefixItems" in at.old or "prefixItems" in at.new:
        raise IncomparableError
    yield from _compare(at, f"item of the {at.what}", at.old.get(keyword, True), at.new.get(keyword, True))


def _all_of(at: Place, keyword: str) -> Iterator[Difference]:
    yield from patterns(at, keyword)
    was, now = (
        [part for part in conditions(schema)[1:] if part != {"pattern": pattern_of(part)}]
        for schema in (at.old, at.new)
    )
    pairs, gone, added = _paired(was, now)
    for before, after in pairs:
        yield from _compare(at, at.what, before, after)
    if gone:
        raise IncomparableError
    if added:
        yield at.narrower, f"The {at.what} must now satisfy more of `allOf`."


def _any_of(at: Place, keyword: str) -> Iterator[Difference]:
    if keyword not in at.old or keyword not in at.new:
        raise IncomparableError
    pairs, gone, added = _paired(*at.values(keyword, list))
    for before, after in pairs:
        yield from _compare(at, at.what, before, after)
    if gone:
        yield at.narrower, f"The {at.what} has fewer forms (`anyOf`)."
    if added:
        yield at.wider, f"The {at.what} has more forms (`anyOf`)."


def _opaque(at: Place, keyword: str) -> Iterator[Difference]:
    """Compare a keyword whose subschemas can only be checked for equality."""
    was, now = (
        part if isinstance(part, list) else [part] for part in (at.old.get(keyword), at.new.get(keyword))
    )
    inner = replace(at, opaque=at.opaque or f"`{keyword}` of the {at.what}")
    if len(was) != len(now) or any([*_compare(inner, at.what, *pair)] for pair in zip(was, now, strict=True)):
        raise IncomparableError
    yield from ()


def _paired(
    old: list[JsonValue], new: list[JsonValue]
) -> tuple[list[tuple[JsonValue, JsonValue]], list[JsonValue], list[JsonValue]]:
    """Pair the members of two lists, equal ones first and the rest in order; also return the leftovers of each list."""
    pairs: list[tuple[JsonValue, JsonValue]] = []
    gone: list[JsonValue] = []
    added = list(new)
    for part in old:
        equal = [index for index, other in enumerate(added) if as_text(other) == as_text(part)]
        if equal:
            pairs.append((part, added.pop(equal[0])))
        else:
            gone.append(part)
    shared = min(len(gone), len(added))
    return [*pairs, *zip(gone, added, strict=False)], gone[shared:], added[shared:]


_OPAQUE = ("oneOf", "not", "if", "then", "else", "contains", "propertyNames")
_RULES: dict[str, Rule] = {
    **CONSTRAINTS,
    "allOf": _all_of,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _other_properties,
    "items": _items,
    "anyOf": _any_of,
    **dict.fromkeys(_OPAQUE, _opaque),
}
