"""From the grammar's rules to verb_phrases and fields. Each method is called as the rule is, with its parts."""

# ruff: noqa: D102  the grammar documents each rule

from __future__ import annotations

import re

from lark import Token

from tools.blueprint.reader.grammar.condition_builder import ConditionBuilder
from tools.blueprint.reader.grammar.parts import (
    Particle,
    Parts,
    article,
    as_tuple,
    construct,
    every,
    number,
    one,
    plain,
    whole_number,
)
from tools.blueprint.reader.grammar.phrases import (
    Bounds,
    Default,
    Ending,
    Event,
    Field,
    Flag,
    Matching,
    Noun,
    OneOf,
    Term,
    Thing,
    VerbPhrase,
)


class PhraseBuilder(ConditionBuilder):
    """Builds verb_phrases and the fields of sentences too."""

    # --- Verb phrases

    preposition = particle = construct(Particle)
    verb_phrases = fields = as_tuple
    event = construct(Event)

    def thing(self, parts: Parts) -> Thing:
        conditions = every(parts, tuple)
        numbers = [whole_number(each) for each in every(parts, Token) if each.type == "NUMBER"]
        noun = Noun(plain(parts)[0], article=article(parts))
        return Thing(noun, conditions[0] if conditions else (), numbers[0] if numbers else None)

    bare = thing

    def ending(self, parts: Parts) -> Ending:
        preposition, thing = parts
        return Ending(str(preposition), thing)

    def verb_phrase_run(self, parts: Parts) -> VerbPhrase:
        run, ending = parts
        return VerbPhrase(run.noun.words, conditions=run.conditions, ending=ending)

    def verb_phrase(self, parts: Parts) -> VerbPhrase:
        particles, things, endings = every(parts, Particle), every(parts, Thing), every(parts, Ending)
        return VerbPhrase(
            plain(parts)[0],
            particle=str(particles[0]) if particles else "",
            thing=things[0] if things else None,
            ending=endings[0] if endings else None,
        )

    # --- Fields

    def range(self, parts: Parts) -> Bounds:
        low, high, characters = parts
        return Bounds(number(low), number(high), characters is not None)

    def at_least(self, parts: Parts) -> Bounds:
        return Bounds(number(parts[0]), None, parts[1] is not None)

    def at_most(self, parts: Parts) -> Bounds:
        return Bounds(None, number(parts[0]), parts[1] is not None)

    def exactly(self, parts: Parts) -> Bounds:
        return Bounds(number(parts[0]), number(parts[0]), characters=True)

    def one_of(self, parts: Parts) -> OneOf:
        return OneOf(tuple(self._term(each) for each in parts[1:]))

    def default(self, parts: Parts) -> Default:
        return Default(self._term(parts[0]))

    def matching(self, parts: Parts) -> Matching:
        return Matching(re.sub(r"(\\[^/])|\\/", lambda match: match[1] or "/", self._quoted(parts[0])))

    def flag(self, parts: Parts) -> Flag:
        return Flag(one(parts, str))

    def field(self, parts: Parts) -> Field:
        noun, *details = parts
        return Field(noun, tuple(details))

    untyped = field

    def _term(self, part: Term | str) -> Term:
        return part if isinstance(part, Term) else Term("words", part)
