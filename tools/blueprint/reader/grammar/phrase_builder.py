"""Building words, conditions, verb phrases and fields from parse trees.

Each method is named after its grammar rule and takes the values of the rule's parts.
"""

# ruff: noqa: D102  the grammar documents each rule

from __future__ import annotations

import re
from typing import Any, get_args

from lark import Token, Transformer

from tools.blueprint.reader.grammar import phrases
from tools.blueprint.reader.grammar.parts import (
    Particle,
    Parts,
    article,
    as_tuple,
    constant,
    construct,
    every,
    flattened,
    number,
    one,
    plain,
    whole_number,
)
from tools.blueprint.reader.grammar.text import JOIN, Text


class PhraseBuilder(Transformer[Token, Any]):
    """A transformer of a sentence's parse tree into words, conditions, verb phrases and fields."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    # --- Words

    it = constant(phrases.It())
    percent = constant(True)

    def words(self, parts: Parts) -> str:
        return " ".join(self._spelt(token) for token in parts)

    phrase = participle = words

    def noun(self, parts: Parts) -> phrases.Noun:
        return phrases.Noun(one(parts, str), article=article(parts))

    def given_noun(self, parts: Parts) -> phrases.Noun:
        return phrases.Noun(one(parts, str), article=article(parts), given=True)

    def literal(self, parts: Parts) -> phrases.Term:
        token, *percent = parts
        if token.type == "NUMBER":
            return phrases.Term("number", str(number(token)), percent=bool(percent), grouped="," in token)
        if token.type == "STRING":
            return phrases.Term("quoted", self._quoted(token))
        return phrases.Term("date" if token.type == "DATE" else "other", self._spelt(token))

    def owner(self, parts: Parts) -> tuple[phrases.Noun | phrases.It, str]:
        nouns = every(parts, phrases.Noun)
        through = every(parts, str)
        return (nouns[0] if nouns else phrases.It()), (through[0] if through else "")

    def owned(self, parts: Parts) -> phrases.Owned:
        (owner, through), field = parts
        return phrases.Owned(owner, phrases.Noun(field), through)

    def owned_of(self, parts: Parts) -> phrases.Owned:
        field, owner = parts
        return phrases.Owned(owner, field)

    # --- Conditions

    lt, le, gt, ge, eq, ne, before, after, until, since = map(constant, get_args(phrases.Comparator))
    negation = constant(True)
    past = constant((phrases.Measure("before", None),))
    measures = predicates = nested = clause_is = clause_has = clauses = flattened
    having, having_no, having_measured = map(construct, (phrases.Plain, phrases.Lacks, phrases.Measured))
    situation_is = situation_measured = situation_has = construct(phrases.Situation)
    situations = as_tuple

    def measure(self, parts: Parts) -> tuple[phrases.Measure, ...]:
        return (phrases.Measure(*parts),)

    def between(self, parts: Parts) -> tuple[phrases.Measure, ...]:
        low, high = parts
        return phrases.Measure("ge", low), phrases.Measure("le", high)

    def predicate(self, parts: Parts) -> tuple[phrases.Is, ...]:
        return (phrases.Is(tuple(every(parts, str)), negated=True in parts),)

    def neither(self, parts: Parts) -> tuple[phrases.Is, ...]:
        return tuple(phrases.Is((each,), negated=True) for each in every(parts, str))

    def having_value(self, parts: Parts) -> phrases.Condition:
        noun, value = parts
        return phrases.Measured(noun, (phrases.Measure("eq", value),))

    def quantity(self, parts: Parts) -> tuple[phrases.Comparator, int]:
        *comparator, amount = parts
        return (comparator[0] if comparator else "eq"), whole_number(amount)

    def having_count(self, parts: Parts) -> phrases.Condition:
        (comparator, count), words, *nested = parts
        return phrases.Counted(comparator, count, words, *nested)

    def having_one(self, parts: Parts) -> phrases.Condition:
        _, words, nested = parts
        return phrases.Counted("eq", 1, words, nested)

    def havings(self, parts: Parts) -> tuple[phrases.Condition, ...]:
        """Return the conditions; "missing" and "no" also apply to the nouns that follow without an article."""
        conditions = list(parts)
        for index in range(1, len(conditions)):
            before, one = conditions[index - 1 : index + 1]
            if isinstance(one, phrases.Plain) and not one.noun.article and _is_missing(before):
                conditions[index] = phrases.Lacks(one.noun.words)
        return tuple(conditions)

    def clause_without(self, parts: Parts) -> tuple[phrases.Condition, ...]:
        return (phrases.Lacks(one(parts, phrases.Noun).words),)

    def clause_whose(self, parts: Parts) -> tuple[phrases.Condition, ...]:
        return (phrases.Whose(*parts),)

    # --- Verb phrases

    preposition = particle = construct(Particle)
    verb_phrases = fields = as_tuple
    event = construct(phrases.Event)

    def thing(self, parts: Parts) -> phrases.Thing:
        conditions = every(parts, tuple)
        numbers = [whole_number(each) for each in every(parts, Token) if each.type == "NUMBER"]
        noun = phrases.Noun(plain(parts)[0], article=article(parts))
        return phrases.Thing(noun, conditions[0] if conditions else (), numbers[0] if numbers else None)

    bare = thing

    def ending(self, parts: Parts) -> phrases.Ending:
        preposition, thing = parts
        return phrases.Ending(str(preposition), thing)

    def verb_phrase_run(self, parts: Parts) -> phrases.VerbPhrase:
        run, ending = parts
        return phrases.VerbPhrase(run.noun.words, conditions=run.conditions, ending=ending)

    def verb_phrase(self, parts: Parts) -> phrases.VerbPhrase:
        particles, things, endings = (
            every(parts, Particle),
            every(parts, phrases.Thing),
            every(parts, phrases.Ending),
        )
        return phrases.VerbPhrase(
            plain(parts)[0],
            particle=str(particles[0]) if particles else "",
            thing=things[0] if things else None,
            ending=endings[0] if endings else None,
        )

    # --- Fields

    def range(self, parts: Parts) -> phrases.Bounds:
        low, high, characters = parts
        return phrases.Bounds(number(low), number(high), characters is not None)

    def at_least(self, parts: Parts) -> phrases.Bounds:
        return phrases.Bounds(number(parts[0]), None, parts[1] is not None)

    def at_most(self, parts: Parts) -> phrases.Bounds:
        return phrases.Bounds(None, number(parts[0]), parts[1] is not None)

    def exactly(self, parts: Parts) -> phrases.Bounds:
        return phrases.Bounds(number(parts[0]), number(parts[0]), characters=True)

    def one_of(self, parts: Parts) -> phrases.OneOf:
        return phrases.OneOf(tuple(self._term(each) for each in parts[1:]))

    def default(self, parts: Parts) -> phrases.Default:
        return phrases.Default(self._term(parts[0]))

    def matching(self, parts: Parts) -> phrases.Matching:
        return phrases.Matching(
            re.sub(r"(\\[^/])|\\/", lambda match: match[1] or "/", self._quoted(parts[0]))
        )

    def flag(self, parts: Parts) -> phrases.Flag:
        return phrases.Flag(one(parts, str))

    def field(self, parts: Parts) -> phrases.Field:
        noun, *details = parts
        return phrases.Field(noun, tuple(details))

    untyped = field

    def _term(self, part: phrases.Term | str) -> phrases.Term:
        return part if isinstance(part, phrases.Term) else phrases.Term("words", part)

    def _spelt(self, token: Token) -> str:
        """Return a token as the author wrote it, with joined names separated again."""
        return self._text.words[token.start_pos : token.end_pos].replace(JOIN, " ").strip()

    def _quoted(self, token: Token) -> str:
        return self._text.quoted[int(token[1:-1])]


def _is_missing(condition: phrases.Condition) -> bool:
    if isinstance(condition, phrases.Plain):
        return condition.noun.words.lower().startswith("missing ")
    return isinstance(condition, phrases.Lacks)
