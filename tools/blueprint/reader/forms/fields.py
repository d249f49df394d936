"""Fields: of entities, of actions, computed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tools.blueprint.model import Computed, Entity, FieldSpec, FieldType
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.facts import Born, Computing, Fact, Facts, Input
from tools.blueprint.reader.forms import english, lookup
from tools.blueprint.reader.forms.scope import World, no_field
from tools.blueprint.reader.forms.values import (
    NUMERIC,
    TEXTUAL,
    check_fits,
    check_pattern,
    plain,
    state_value,
    value_of,
)
from tools.blueprint.reader.forms.verb_phrases import acts
from tools.blueprint.reader.forms.wording import a, listing, some
from tools.blueprint.reader.forms.wording import field as field_words
from tools.blueprint.reader.grammar.phrases import Bounds, Default, Field, Flag, Matching, Noun, OneOf, Term
from tools.blueprint.reader.grammar.sentences import Has, Requires, Sums
from tools.blueprint.value_formats import INTEGER_MAXIMUM, INTEGER_MINIMUM, MONEY_LIMIT

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
FEW: dict[FieldType, int] = {"boolean": 3, "choice": 3, "integer": 10}
"""Values that a unique field must have at least, unless it can be left out: no test could tell that it works."""


def entity_name(noun: Noun, world: World) -> str:
    """Return the name of the entity that the noun is, known or new."""
    known = lookup.named(noun.words, [each.name for each in world.blueprint.entities])
    return known[0] if known else english.entity_name(noun, world.subjects)


def has(sentence: Has, world: World, choices: Choices) -> Facts:
    """An order has a customer (email)."""
    name = entity_name(sentence.subject, world)
    related = any(lookup.named(each, [name]) for each in world.related)
    if sentence.also and not related and world.blueprint.entity(name) is None:
        raise world.unknown(sentence.subject.words)
    specs = _specs(sentence.fields, choices)
    return (Fact(name, Born()), *(Fact(name, spec) for spec in specs))


def requires(sentence: Requires, world: World, choices: Choices) -> Facts:
    """Paying an order requires a reference (text)."""
    facts: list[Fact] = []
    for act in acts(sentence.deeds, "gerund", world, choices):
        if act.said or act.parent:
            raise Unclear("an action always takes the same body; leave the condition out")
        if act.action is None:
            noun = a(act.entity).capitalize()
            raise Unclear(f"the body of {act.operation} is the fields: say '{noun} also has ...' instead")
        facts.append(Fact(act.entity, act.action))
        for spec in _specs(sentence.fields, choices):
            if spec.unique:
                raise Unclear(f"'{spec.name}' is not kept by itself, so it cannot be unique")
            _check_stored(world.entity(act.entity), spec)
            facts.append(Fact(act.entity, Input(act.operation, spec)))
    return tuple(facts)


def computes(sentence: Sums, world: World, choices: Choices) -> Facts:
    """An order's total is the sum of its line items' quantity times price."""
    entity = world.named(sentence.entity.words, choices)
    found = lookup.children(world.blueprint, entity.name, sentence.children.words)
    if not found:
        world.named(sentence.children.words, choices)
        raise Unclear(
            f"'{sentence.children.words}' do not belong to {a(entity.name)}; "
            f"say '... belongs to {a(entity.name)}.'"
        )
    child, reference = choices.pick(found)
    factors = tuple(_factor(world.entity(child), words, choices) for words in sentence.factors)
    computed = Computed(
        kind="sum" if factors else "count",
        child=child,
        reference=reference.name,
        factors=tuple(each.name for each in factors),
    )
    known = lookup.fields(entity, sentence.field.words)
    name = choices.pick(known).name if known else english.field_name(sentence.field, computed=True)
    if name == lookup.STATUS and entity.initial_state is not None:
        raise Unclear("'status' is ruled by the states, so it cannot be computed")
    return (Fact(entity.name, Computing(name, _type_of(factors), computed)),)


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
    """An input is stored in the field of its name, which must be able to hold it."""
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
    """Whether the input takes what the field cannot hold."""
    least, most = getattr(field, low), getattr(field, high)
    under = least is not None and (getattr(spec, low) is None or getattr(spec, low) < least)
    return under or (most is not None and (getattr(spec, high) is None or getattr(spec, high) > most))


def _not_stored(entity: Entity, field: FieldSpec) -> Unclear:
    return Unclear(
        f"what comes in is kept in the field '{field.name}' of {entity.name}, which is {field_words(field)}; "
        "take no more than it can hold, or give the input another name"
    )


def _specs(fields: Sequence[Field], choices: Choices) -> list[FieldSpec]:
    specs = [_spec(each, choices) for each in fields]
    names = [each.name for each in specs]
    for name in names:
        if names.count(name) > 1:
            raise Unclear(f"'{name}' is there twice; leave one out, or rename it")
    return specs


def _spec(field: Field, choices: Choices) -> FieldSpec:
    noun, flags = _adjectives(field.noun, choices)
    name = english.field_name(noun)
    if not field.details:
        raise Unclear(f"'{name}' has no type; say '{some(name)} (text)', or another type in brackets")
    said = {"name": name, **_type_and_flags(name, field, flags)}
    for detail in field.details:
        if isinstance(detail, Bounds):
            said |= _bounds(name, str(said["type"]), detail, said)
        elif isinstance(detail, Matching):
            check_pattern(detail.pattern)
            said["pattern"] = detail.pattern
    spec = FieldSpec.model_validate(said)
    _check_sense(spec)
    for detail in field.details:
        if isinstance(detail, Default):
            value = value_of(spec, detail.value)
            check_fits(spec, value, "the default")
            spec = spec.model_copy(update={"default": value})
    return spec


def _adjectives(noun: Noun, choices: Choices) -> tuple[Noun, list[str]]:
    """Part "optional note (text)": a note that is optional, or a field of that name."""
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
            f"'{name}' needs one type; types are {listing(sorted(set(TYPES.values())))}, or one of ..."
        )
    if len(set(options)) < len(options):
        raise Unclear(f"a choice of '{name}' is there twice")
    if "optional" in flags and "required" in flags:
        raise Unclear(f"'{name}' cannot be optional and required")
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
            f"'{words[:40]}' is no type and no constraint; types are {listing(sorted(set(TYPES.values())))}, "
            "or one of ..."
        )
    return found


def _option(term: Term) -> str:
    if term.grouped:
        raise Unclear(
            f"'{term.text}' could be one number or several; put spaces after the commas between choices"
        )
    if term.kind == "words" and term.text.lower() in _FLAGS:
        raise Unclear(f"'{term.text}' is no choice but says something of the field", aside=True)
    return state_value(term.text)


def _bounds(name: str, kind: str, bounds: Bounds, said: dict[str, object]) -> dict[str, object]:
    low, high = bounds.minimum, bounds.maximum
    if kind in TEXTUAL and not bounds.characters:
        raise Unclear(f"'{name}' is {kind}; say how many characters, such as 'up to 200 characters'")
    if kind not in (*TEXTUAL, *NUMERIC) or (kind in NUMERIC and bounds.characters):
        raise Unclear(f"'{name}' is {kind}, which has no such bounds")
    keys = ("min_length", "max_length") if bounds.characters else ("minimum", "maximum")
    found = {key: bound for key, bound in zip(keys, (low, high), strict=True) if bound is not None}
    if any(said.get(key) is not None for key in found):
        raise Unclear(f"'{name}' has two bounds on the same side")
    if bounds.characters and any(bound != int(bound) or bound < 0 for bound in found.values()):
        raise Unclear(f"'{name}' can only have whole characters")
    return {key: int(bound) if bounds.characters else bound for key, bound in found.items()}


def _check_sense(spec: FieldSpec) -> None:
    """Raise Unclear for constraints that no value, or no value of the type, can keep."""
    if spec.pattern is not None and spec.type != "text":
        raise Unclear(f"'{spec.name}' is {spec.type}; only text can match a regular expression")
    for low, high in ((spec.minimum, spec.maximum), (spec.min_length, spec.max_length)):
        if low is not None and high is not None and low > high:
            raise Unclear(f"no value of '{spec.name}' is at least {_figure(low)} and at most {_figure(high)}")
    if spec.max_length == 0 or (spec.min_length or 0) > _LONGEST or (spec.max_length or 0) > _LONGEST:
        raise Unclear(f"'{spec.name}' must be able to hold 1 to {_LONGEST:,} characters")
    bounds = [each for each in (spec.minimum, spec.maximum) if each is not None]
    if spec.type == "integer" and any(
        each != int(each) or not INTEGER_MINIMUM <= each <= INTEGER_MAXIMUM for each in bounds
    ):
        raise Unclear(f"the bounds of '{spec.name}' must be whole numbers of at most 64 bits")
    if spec.type == "money" and any(each != round(each, 2) or abs(each) > MONEY_LIMIT for each in bounds):
        raise Unclear(f"the bounds of '{spec.name}' must be amounts of money with two decimals")
    if spec.unique and spec.required and (few := _values(spec)) is not None and few < FEW[spec.type]:
        raise Unclear(
            f"'{spec.name}' has only {few} values, which cannot keep resources apart; leave 'unique' out, or allow more"
        )


def _values(spec: FieldSpec) -> int | None:
    """Return how many values the field has, where it is known at a glance."""
    if spec.type == "boolean":
        return 2
    if spec.type == "choice":
        return len(spec.choices)
    if spec.type == "integer" and spec.minimum is not None and spec.maximum is not None:
        return int(spec.maximum - spec.minimum) + 1
    return None


def _figure(number: Decimal | int) -> str:
    return plain(Decimal(number))
