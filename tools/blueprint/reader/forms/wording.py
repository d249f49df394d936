"""Phrases for the smaller parts of a blueprint: names with articles, fields, values and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.blueprint import model
from tools.blueprint.names import plural, singulars
from tools.blueprint.reader.forms.values import TEMPORAL, plain

_CONSONANT_SOUND = re.compile(r"(uni(?!n|m)|us[aeu]|uti|ur[il]\b|uuid|u\b|eu|ewe|one\b|once\b)")
_SILENT_H = re.compile(r"(hour|honest|honou?r|heir)")

_NUMBERS: dict[model.Comparison, str] = {
    "lt": "under",
    "le": "at most",
    "gt": "over",
    "ge": "at least",
    "eq": "of",
    "ne": "other than",
}
_TIMES: dict[model.Comparison, str] = _NUMBERS | {
    "lt": "before",
    "le": "on or before",
    "gt": "after",
    "ge": "on or after",
}
_COUNTS: dict[model.Comparison, str] = _NUMBERS | {"lt": "fewer than", "gt": "more than", "eq": "exactly"}


def a(name: str) -> str:
    """Return the name with its indefinite article, such as "an order", "a unit" or "an hour"."""
    first = name.lower()
    vowel = first[:1] in "aeiou" and not _CONSONANT_SOUND.match(first)
    return f"{'an' if vowel or _SILENT_H.match(first) else 'a'} {name}"


def some(name: str) -> str:
    """Return the name of a field, with its indefinite article if it is singular: "a note", but "servings"."""
    return a(name) if name in singulars(name) else name


def listing(items: Iterable[str], word: str = "and") -> str:
    """Join the items into a list such as "a, b and c"."""
    *most, last = list(items)
    return f"{', '.join(most)} {word} {last}" if most else last


def field(spec: model.FieldSpec) -> str:
    """Return the definition of a field, such as "a note (text, up to 200 characters, optional)"."""
    details = [f"one of {listing(map(value, spec.choices), 'or')}" if spec.choices else spec.type]
    details += [each for each in (_bounds(spec), length(spec)) if each]
    details += [f"matching /{_slashed(spec.pattern)}/"] if spec.pattern is not None else []
    details += [word for word in ("unique", "optional") if getattr(spec, word)]
    details += [f"default {value(spec.default)}"] if spec.default is not None else []
    return f"{some(spec.name)} ({', '.join(details)})"


def value(said: model.Value | None) -> str:
    """Return a literal as written in a sentence: words and numbers unquoted, anything else in quotes."""
    if isinstance(said, bool):
        return "true" if said else "false"
    text = str(said)
    if re.fullmatch(r"-?\d+(\.\d+)?|[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*", text):
        return text
    opening, closing = ('"', '"') if '"' not in text else ("\u201c", "\u201d")
    return f"{opening}{text}{closing}"


def path(ref: model.FieldRef, entity: str, other: str | None) -> str:
    """Return a phrase for a field, such as "the order's total", "the given amount" or "its product's stock"."""
    if ref.subject == "input":
        return f"the given {ref.field}"
    if ref.subject == "reference":
        return f"its {ref.via}'s {ref.field}"
    return f"the {other if ref.subject == 'object' and other else entity}'s {ref.field}"


def clause(
    test: model.Test, entity: model.Entity | None, operation: str, names: tuple[str, str | None]
) -> str:
    """Return a condition as a phrase that follows the entity's noun; `names` holds the names of `self` and `object`."""
    if isinstance(test, model.Missing):
        return f"with {some(test.field.field)}" if test.negated else f"with a missing {test.field.field}"
    if isinstance(test, model.Expired):
        return "that is not expired" if test.negated else f"with {some(test.field.field)} before today"
    if isinstance(test, model.ChildCount):
        return _counting(test)
    return _comparing(test, entity, operation, names)


def _counting(test: model.ChildCount) -> str:
    if test.op == "eq" and test.number == 0:
        return f"that has no {plural(test.child)}"
    if test.op == "gt" and test.number == 0:
        return f"that has {plural(test.child)}"
    child = test.child if test.number == 1 else plural(test.child)
    return f"with {_COUNTS[test.op]} {test.number} {child}"


def _comparing(
    test: model.Compare, entity: model.Entity | None, operation: str, names: tuple[str, str | None]
) -> str:
    left, op, right = test.left, test.op, test.right
    spec = entity.field(left.field) if entity else None
    given = left.subject == "input"
    action = entity.action(operation) if entity else None
    if right is True and op in ("eq", "ne") and not given:
        return f"that is{' not' if op == 'ne' else ''} {left.field.removeprefix('is ')}"
    if left.field == "status" and spec is None and op in ("eq", "ne"):
        taken = entity is not None and entity.field(str(right)) is not None
        start = "whose status is" if taken else "that is"
        return f"{start}{' not' if op == 'ne' else ''} {value(right)}"  # type: ignore[arg-type]
    times = (spec is not None and spec.type in TEMPORAL) or _is_time(right)
    words = (_TIMES if times else _NUMBERS)[op]
    said = path(right, *names) if isinstance(right, model.FieldRef) else value(right)
    clash = action is not None and any(each.name == left.field for each in action.inputs)
    if clash and not given:
        return f"whose {left.field} is {'exactly' if words == 'of' else words} {said}"
    return f"with {'a given ' + left.field if given else some(left.field)} {words} {said}"


def _is_time(said: model.Value | model.FieldRef) -> bool:
    return isinstance(said, str) and re.match(r"\d{4}-\d\d-\d\d", said) is not None


def _slashed(pattern: str) -> str:
    """Return the pattern with its slashes escaped, so that it can be enclosed in slashes."""
    return re.sub(r"(\\.)|/", lambda match: match[1] or r"\/", pattern, flags=re.DOTALL)


def _bounds(spec: model.FieldSpec) -> str:
    low, high = spec.minimum, spec.maximum
    if low is not None and high is not None:
        return f"{plain(low)} to {plain(high)}"
    if low is not None:
        return f"at least {plain(low)}"
    return f"at most {plain(high)}" if high is not None else ""


def length(spec: model.FieldSpec) -> str:
    """Return the length limits of a field as written in a sentence; "" if it has none."""
    low, high = spec.min_length, spec.max_length
    if low is not None and high is not None:
        return f"exactly {low} characters" if low == high else f"{low} to {high} characters"
    if low is not None:
        return f"at least {low} characters"
    return f"up to {high} characters" if high is not None else ""
