"""Interpretation of sentences about entity fields, action inputs and computed fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tools.blueprint.model import Computed, Entity, FieldSpec, FieldType
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.facts import ComputedField, Exists, Fact, Facts, InputField
from tools.blueprint.reader.forms import english, lookup
from tools.blueprint.reader.forms.scope import Scope, no_field
from tools.blueprint.reader.forms.values import (
    NUMERIC,
    TEXTUAL,
    check_fits,
    check_pattern,
    plain,
    state_value,
    value_of,
)
from tools.blueprint.reader.forms.verb_phrases import resolve_phrases
from tools.blueprint.reader.forms.wording import a, length, listing, some
from tools.blueprint.reader.forms.wording import field as field_words
from tools.blueprint.reader.grammar.phrases import Bounds, Default, Field, Flag, Matching, Noun, OneOf, Term
from tools.blueprint.reader.grammar.sentences import Has, Requires, Sums
from tools.blueprint.sample_values import sample, value_count
from tools.blueprint.value_formats import (
    EMAIL_LENGTH,
    INTEGER_MAXIMUM,
    INTEGER_MINIMUM,
    MONEY_LIMIT,
    TEXT_LENGTH,
)

TYPES: dict[str, FieldType] = {
    "text": "text",
    "string": "text",
    "integer": "integer",
    "whole number": "integer",
    "number": "number",
    "decimal": "number",
    "money": "money",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "email": "email",
    "email address": "email",
    "url": "url",
    "uuid": "uuid",
}
_FLAGS = ("unique", "optional", "required")
_LONGEST = 1_000_000
FEW: dict[FieldType, int] = {"boolean": 3, "choice": 3}
"""Minimum number of valid values of a required unique field, by type; 10 for types that are not listed.

With fewer values, uniqueness cannot be tested.
"""


def entity_name(noun: Noun, scope: Scope) -> str:
    """Return the name of the entity that the noun refers to, which may be known or new."""
    known = lookup.named(noun.words, [each.name for each in scope.blueprint.entities])
    return known[0] if known else english.entity_name(noun, scope.subjects)


def has(sentence: Has, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "An order has a customer (email)"."""
    name = entity_name(sentence.subject, scope)
    related = any(lookup.named(each, [name]) for each in scope.related)
    if sentence.also and not related and scope.blueprint.entity(name) is None:
        raise scope.unknown(sentence.subject.words)
    specs = _specs(sentence.fields, choices)
    return (Fact(name, Exists()), *(Fact(name, spec) for spec in specs))


def requires(sentence: Requires, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "Paying an order requires a reference (text)"."""
    facts: list[Fact] = []
    for resolved in resolve_phrases(sentence.verb_phrases, "gerund", scope, choices):
        if resolved.conditions or resolved.parent:
            raise Unclear("the inputs of an action cannot depend on conditions; remove the condition")
        if resolved.action is None:
            noun = a(resolved.entity).capitalize()
            raise Unclear(
                f"the body of {resolved.operation} is the resource's fields; write '{noun} also has ...' instead"
            )
        facts.append(Fact(resolved.entity, resolved.action))
        for spec in _specs(sentence.fields, choices):
            if spec.unique:
                raise Unclear(f"'{spec.name}' is an input and not stored on its own, so it cannot be unique")
            _check_stored(scope.entity(resolved.entity), spec)
            facts.append(Fact(resolved.entity, InputField(resolved.operation, spec)))
    return tuple(facts)


def computes(sentence: Sums, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "An order's total is the sum of its line items' quantity times price"."""
    entity = scope.named(sentence.entity.words, choices)
    found = lookup.children(scope.blueprint, entity.name, sentence.children.words)
    if not found:
        scope.named(sentence.children.words, choices)
        raise Unclear(
            f"'{sentence.children.words}' do not belong to {a(entity.name)}; "
            f"write '... belongs to {a(entity.name)}.'"
        )
    child, reference = choices.pick(found)
    factors = tuple(_factor(scope.entity(child), words, choices) for words in sentence.factors)
    computed = Computed(
        kind="sum" if factors else "count",
        child=child,
        reference=reference.name,
        factors=tuple(each.name for each in factors),
    )
    known = lookup.fields(entity, sentence.field.words)
    name = choices.pick(known).name if known else english.field_name(sentence.field, computed=True)
    if name == lookup.STATUS and entity.initial_state is not None:
        raise Unclear("'status' holds the states, so it cannot be computed")
    return (Fact(entity.name, ComputedField(name, _type_of(factors), computed)),)


def _factor(child: Entity, words: str, choices: Choices) -> FieldSpec:
    found = lookup.fields(child, words)
    if not found:
        raise no_field(child.name, words)
    spec = choices.pick(found)
    if spec.type not in NUMERIC:
        raise Unclear(f"'{spec.name}' of {child.name} is {spec.type}, which cannot be summed")
    return spec


def _type_of(factors: Sequence[FieldSpec]) -> FieldType:
    types = {each.type for each in factors}
    if types <= {"integer"}:
        return "integer"
    return "money" if "money" in types else "number"


def _check_stored(entity: Entity, spec: FieldSpec) -> None:
    """Raise Unclear if the entity's field of the same name, which stores the input, cannot hold all of its values."""
    field = entity.field(spec.name)
    if field is None:
        return
    if field.computed is not None:
        raise Unclear(f"'{spec.name}' of {entity.name} is computed; give the input another name")
    if field.type != spec.type or (field.choices and not set(spec.choices) <= set(field.choices)):
        raise _not_stored(entity, field)
    if any(
        _is_wider(field, spec, *bounds) for bounds in (("minimum", "maximum"), ("min_length", "max_length"))
    ):
        raise _not_stored(entity, field)
    if field.pattern not in (None, spec.pattern):
        raise _not_stored(entity, field)


def _is_wider(field: FieldSpec, spec: FieldSpec, low: str, high: str) -> bool:
    """Return whether the input accepts values outside the bounds of the field."""
    least, most = getattr(field, low), getattr(field, high)
    under = least is not None and (getattr(spec, low) is None or getattr(spec, low) < least)
    return under or (most is not None and (getattr(spec, high) is None or getattr(spec, high) > most))


def _not_stored(entity: Entity, field: FieldSpec) -> Unclear:
    return Unclear(
        f"the input is stored in the field '{field.name}' of {entity.name}, which is {field_words(field)}; "
        "restrict it to what the field can hold, or give the input another name"
    )


def _specs(fields: Sequence[Field], choices: Choices) -> list[FieldSpec]:
    specs = [_spec(each, choices) for each in fields]
    names = [each.name for each in specs]
    for name in names:
        if names.count(name) > 1:
            raise Unclear(f"'{name}' appears twice; remove or rename one")
    return specs


def _spec(field: Field, choices: Choices) -> FieldSpec:
    noun, flags = _adjectives(field.noun, choices)
    name = english.field_name(noun)
    if not field.details:
        raise Unclear(f"'{name}' has no type; write '{some(name)} (text)' or give another type in brackets")
    attributes = {"name": name, **_type_and_flags(name, field, flags)}
    for detail in field.details:
        if isinstance(detail, Bounds):
            attributes |= _bounds(name, str(attributes["type"]), detail, attributes)
        elif isinstance(detail, Matching):
            check_pattern(detail.pattern)
            attributes["pattern"] = detail.pattern
    spec = FieldSpec.model_validate(attributes)
    _check_sense(spec)
    for detail in field.details:
        if isinstance(detail, Default):
            value = value_of(spec, detail.value)
            check_fits(spec, value, "the default")
            spec = spec.model_copy(update={"default": value})
    _check_samples(spec)
    return spec


def _adjectives(noun: Noun, choices: Choices) -> tuple[Noun, list[str]]:
    """Split flags off a noun: "optional note" is either an optional note or a field named "optional note"."""
    words = noun.words.split()
    count = 0
    while count < len(words) - 1 and words[count].lower() in _FLAGS:
        count += 1
    count = choices.pick([count, 0]) if count else 0
    return replace(noun, words=" ".join(words[count:])), [each.lower() for each in words[:count]]


def _type_and_flags(name: str, field: Field, flags: list[str]) -> dict[str, object]:
    types: list[FieldType] = []
    options: tuple[str, ...] = ()
    for detail in field.details:
        if isinstance(detail, OneOf):
            options = tuple(_option(each) for each in detail.options)
            types.append("choice")
        elif isinstance(detail, Flag):
            words = detail.words.lower().split()
            while words and words[0] in _FLAGS:
                flags.append(words.pop(0))
            if words:
                types.append(_type(" ".join(words)))
    if len(types) != 1:
        raise Unclear(
            f"'{name}' needs exactly one type; types: {listing(sorted(set(TYPES.values())))}, or one of ..."
        )
    if len(set(options)) < len(options):
        raise Unclear(f"'{name}' lists the same choice twice")
    if "optional" in flags and "required" in flags:
        raise Unclear(f"'{name}' cannot be both optional and required")
    return {
        "type": types[0],
        "choices": options,
        "unique": "unique" in flags,
        "optional": "optional" in flags,
    }


def _type(words: str) -> FieldType:
    found = TYPES.get(words.removeprefix("a ").removeprefix("an "))
    if found is None:
        raise Unclear(
            f"'{words[:40]}' is not a type or a constraint; types: {listing(sorted(set(TYPES.values())))}, "
            "or one of ..."
        )
    return found


def _option(term: Term) -> str:
    if term.grouped:
        raise Unclear(
            f"'{term.text}' could be one number or several; put spaces after the commas between choices"
        )
    if term.kind == "words" and term.text.lower() in _FLAGS:
        raise Unclear(f"'{term.text}' is not a choice but a property of the field", aside=True)
    return state_value(term.text)


def _bounds(name: str, kind: str, bounds: Bounds, said: dict[str, object]) -> dict[str, object]:
    low, high = bounds.minimum, bounds.maximum
    if kind in TEXTUAL and not bounds.characters:
        raise Unclear(f"'{name}' is {kind}; give its length in characters, such as 'up to 200 characters'")
    if kind not in (*TEXTUAL, *NUMERIC) or (kind in NUMERIC and bounds.characters):
        raise Unclear(f"'{name}' is {kind}, which cannot have these bounds")
    keys = ("min_length", "max_length") if bounds.characters else ("minimum", "maximum")
    found = {key: bound for key, bound in zip(keys, (low, high), strict=True) if bound is not None}
    if any(said.get(key) is not None for key in found):
        raise Unclear(f"'{name}' has two minimums or two maximums")
    if bounds.characters and any(bound != int(bound) or bound < 0 for bound in found.values()):
        raise Unclear(f"the length of '{name}' must be a whole number of characters")
    return {key: int(bound) if bounds.characters else bound for key, bound in found.items()}


def _check_sense(spec: FieldSpec) -> None:
    """Raise Unclear if the constraints do not fit the field's type or leave too few valid values."""
    if spec.pattern is not None and spec.type != "text":
        raise Unclear(f"'{spec.name}' is {spec.type}; only text can match a regular expression")
    longest = EMAIL_LENGTH if spec.type == "email" else TEXT_LENGTH
    longest = spec.max_length if spec.max_length is not None else longest
    for low, high in ((spec.minimum, spec.maximum), (spec.min_length, longest)):
        if low is not None and high is not None and low > high:
            least, most = plain(Decimal(low)), plain(Decimal(high))
            raise Unclear(f"no value of '{spec.name}' can be at least {least} and at most {most}")
    if spec.max_length == 0 or (spec.min_length or 0) > _LONGEST or (spec.max_length or 0) > _LONGEST:
        raise Unclear(f"the length limits of '{spec.name}' must be between 1 and {_LONGEST:,} characters")
    bounds = [each for each in (spec.minimum, spec.maximum) if each is not None]
    if spec.type == "integer" and any(
        each != int(each) or not INTEGER_MINIMUM <= each <= INTEGER_MAXIMUM for each in bounds
    ):
        raise Unclear(f"the bounds of '{spec.name}' must be whole numbers of at most 64 bits")
    if spec.type == "money" and any(each != round(each, 2) or abs(each) > MONEY_LIMIT for each in bounds):
        raise Unclear(f"the bounds of '{spec.name}' must be amounts of money with two decimals")
    if (
        spec.unique
        and spec.required
        and (few := value_count(spec)) is not None
        and few < FEW.get(spec.type, 10)
    ):
        raise Unclear(
            f"'{spec.name}' has only {few} values, too few for a unique field; remove 'unique' or allow more values"
        )


def _check_samples(spec: FieldSpec) -> None:
    """Raise Unclear if no valid value is found, or if the field is unique but has a default."""
    if sample(spec) is None:
        limits = " and ".join(
            each for each in (length(spec), spec.pattern and f"matching /{spec.pattern}/") if each
        )
        raise Unclear(
            f"no value of '{spec.name}' was found that is {spec.type}, {limits}; loosen one of them"
        )
    if spec.unique and spec.default is not None:
        raise Unclear(
            f"'{spec.name}' is unique, so it cannot have a default: a second resource without it would be refused"
        )
