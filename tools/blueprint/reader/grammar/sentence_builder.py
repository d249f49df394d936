"""Building sentences from parse trees. Each method is named after its grammar rule and takes the rule's parts."""

# ruff: noqa: D102  the grammar documents each rule

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from lark import Token

from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.grammar import sentences
from tools.blueprint.reader.grammar.parts import (
    Build,
    Parts,
    as_tuple,
    constant,
    construct,
    every,
    flat,
    number,
    one,
    plain,
    whole_number,
)
from tools.blueprint.reader.grammar.phrase_builder import PhraseBuilder
from tools.blueprint.reader.grammar.phrases import Event, Noun, Operand, Path, Term, Thing, VerbPhrase


def _changes(kind: Literal["reduce", "increase", "set"]) -> Build:
    return lambda _builder, parts: tuple(sentences.Change(kind, *part) for part in parts)


class SentenceBuilder(PhraseBuilder):
    """A transformer of a parse tree into a sentence."""

    has, belongs, has_many, offers = map(
        construct, (sentences.Has, sentences.Belongs, sentences.HasMany, sentences.Offers)
    )
    starts, move, requires, access = map(
        construct, (sentences.Starts, sentences.Move, sentences.Requires, sentences.Restricted)
    )
    valued = construct(sentences.Valued)
    given_is = given_has = construct(Thing)
    participles = sources = result = givens = outcomes = as_tuple
    whose = constant(None)

    # --- Entities, fields, relations, operations

    def has_also(self, parts: Parts) -> sentences.Has:
        return replace(sentences.Has(*parts), also=True)

    def nouns(self, parts: Parts) -> tuple[Noun, ...]:
        return tuple(every(parts, Noun))

    nouns_or = keys = nouns

    def belongs_to_one(self, parts: Parts) -> sentences.Belongs:
        child, number, parent = parts
        if whole_number(number) != 1:
            raise Unclear("a child belongs to exactly one parent")
        return sentences.Belongs(child, (parent,))

    def filtered(self, parts: Parts) -> sentences.Finds:
        return sentences.Finds(Noun(""), filters=parts[0], sorts=())

    def sorted(self, parts: Parts) -> sentences.Finds:
        return sentences.Finds(Noun(""), filters=(), sorts=parts[0])

    def filtered_and_sorted(self, parts: Parts) -> sentences.Finds:
        return sentences.Finds(Noun(""), filters=parts[0], sorts=parts[0])

    def finds(self, parts: Parts) -> sentences.Finds:
        subject, *found = parts
        return sentences.Finds(
            subject, flat([each.filters for each in found]), flat([each.sorts for each in found])
        )

    # --- States

    def starts_field(self, parts: Parts) -> sentences.Starts:
        subject, field, state = parts
        return sentences.Starts(subject, state, field.words)

    def goes(self, parts: Parts) -> sentences.Goes:
        subject, *moves = parts
        return sentences.Goes(subject, tuple(moves))

    def goes_when(self, parts: Parts) -> sentences.Goes:
        event, subject, sources, target = parts
        return sentences.Goes(subject, (sentences.Move(sources, target, event),))

    # --- Rules

    def status(self, parts: Parts) -> sentences.Status:
        code = next(each for each in every(parts, Token) if each.type == "NUMBER")
        return sentences.Status(whole_number(code), tuple(plain(parts)))

    def guard(self, parts: Parts) -> sentences.Guarded:
        verb_phrases, status, situations = parts
        return sentences.Guarded(verb_phrases, status, situations or ())

    def amount(self, parts: Parts) -> tuple[Operand, bool]:
        amount = parts[0]
        return amount, len(parts) > 1 or (isinstance(amount, Term) and amount.percent)

    def by(self, parts: Parts) -> tuple[Path, Operand, bool]:
        path, (amount, percent) = parts
        return path, amount, percent

    def to(self, parts: Parts) -> tuple[Path, Operand, bool]:
        return (*parts, False)

    reduces, increases, sets = _changes("reduce"), _changes("increase"), _changes("set")

    def effect(self, parts: Parts) -> sentences.Changes:
        verb_phrases, *changes = parts
        return sentences.Changes(verb_phrases, flat(changes))

    def times(self, parts: Parts) -> int:
        return {"ONCE": 1, "TWICE": 2}.get(parts[0].type) or whole_number(parts[0])

    def how_often(self, parts: Parts) -> int:
        return one(parts, int)

    def limit(self, parts: Parts) -> sentences.Limited:
        noun, participle, ending, times = parts
        return sentences.Limited(Event(noun, participle, ending), times)

    def access_passive(self, parts: Parts) -> sentences.Restricted:
        subject, participles, roles = parts
        return sentences.Restricted(roles, subject=subject, participles=participles)

    def verbs(self, parts: Parts) -> tuple[str, ...]:
        return tuple(plain(parts))

    def access_owner(self, parts: Parts) -> sentences.Restricted:
        owner, owned, *others, done = parts
        phrases = tuple(
            VerbPhrase(each, thing=Thing(owned)) if isinstance(each, str) else each for each in done
        )
        return sentences.Restricted((owner, *others), phrases)

    # --- Computed fields

    def result_of(self, parts: Parts) -> tuple[Noun, Noun]:
        field, entity = parts
        return entity, field

    def factors(self, parts: Parts) -> tuple[str, ...]:
        return tuple(plain(parts))

    def sum_of(self, parts: Parts) -> sentences.Sums:
        (entity, field), *rest = parts
        return sentences.Sums(entity, field, one(rest, Noun), flat(every(rest, tuple)))

    sum = count_of = sum_of

    # --- Examples and speed

    def example(self, parts: Parts) -> sentences.Exemplified:
        given, happening, outcomes = parts
        return sentences.Exemplified(given or (), happening, outcomes)

    def given_none(self, parts: Parts) -> Thing:
        return Thing(Noun(one(parts, str)), number=0)

    def conditions_of_it(self, parts: Parts) -> Parts:
        return parts

    def happens(self, parts: Parts) -> sentences.Happening:
        subject, participle, ending, conditions, times = parts
        event = Event(subject, participle, ending)
        return sentences.Happening(event, flat(conditions or ()), 1 if times is None else times)

    def changes(self, parts: Parts) -> sentences.Happening:
        subject, participle, value = parts
        return sentences.Happening(Event(subject, participle), changed=value)

    def rejected(self, parts: Parts) -> sentences.Rejected:
        return sentences.Rejected(parts[1])

    def became(self, parts: Parts) -> sentences.Became:
        subject, (predicate, *others) = parts
        if others:
            raise Unclear("state the expected values of an example one at a time")
        return sentences.Became(subject, predicate)

    def listed(self, parts: Parts) -> sentences.Listed:
        (comparator, count), words, participle = parts
        return sentences.Listed(comparator, count, words, participle)

    def none_listed(self, parts: Parts) -> sentences.Listed:
        return sentences.Listed("eq", 0, *parts)

    def percentile(self, parts: Parts) -> tuple[str, Decimal]:
        figure = next(each for each in every(parts, Token) if each.type != "ARTICLE")
        return "percentile", Decimal(figure.strip("pstndrh"))

    def rate(self, parts: Parts) -> tuple[str, Decimal]:
        return "rate", number(parts[0])

    def speed(self, parts: Parts) -> sentences.Fast:
        verb_phrase, duration, *figures = parts
        unit = duration.lstrip("0123456789.")
        milliseconds = Decimal(duration.removesuffix(unit)) * (1 if unit.strip().startswith("m") else 1000)
        percentiles = tuple(value for kind, value in figures if kind == "percentile")
        return sentences.Fast(
            verb_phrase, milliseconds, percentiles, tuple(value for kind, value in figures if kind == "rate")
        )
