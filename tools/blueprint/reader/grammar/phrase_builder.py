"""From the grammar's rules to phrases. Each method is called as the rule is, with what its parts became."""

# ruff: noqa: D102  the grammar says what each rule is

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from lark import Token, Transformer

from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.grammar.phrases import (
    Bounds,
    Comparator,
    Condition,
    Counted,
    Deed,
    Default,
    Ending,
    Event,
    Field,
    Flag,
    Is,
    It,
    Lacks,
    Matching,
    Measure,
    Measured,
    Noun,
    OneOf,
    Owned,
    Plain,
    Situation,
    Term,
    Thing,
    Whose,
)
from tools.blueprint.reader.grammar.text import JOIN, Text

P = TypeVar("P")
Parts = list[Any]
"""What the parts of a rule became; which types can occur, the grammar says."""

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


MOST = 1_000_000
"""Of whatever is counted."""


class Particle(str):
    """ "in" of "checking in"."""


class PhraseBuilder(Transformer[Token, Any]):
    """Builds phrases out of one sentence's tree."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    # --- Words

    def words(self, parts: Parts) -> str:
        return " ".join(self._spelt(token) for token in parts)

    phrase = participle = words

    def noun(self, parts: Parts) -> Noun:
        return Noun(one(parts, str), article=_article(parts))

    def given_noun(self, parts: Parts) -> Noun:
        return Noun(one(parts, str), article=_article(parts), given=True)

    def it(self, _: Parts) -> It:
        return It()

    def percent(self, _: Parts) -> bool:
        return True

    def literal(self, parts: Parts) -> Term:
        token, *percent = parts
        if token.type == "NUMBER":
            return Term("number", str(number(token)), percent=bool(percent), grouped="," in token)
        if token.type == "STRING":
            return Term("quoted", self._quoted(token))
        return Term("date" if token.type == "DATE" else "other", self._spelt(token))

    def owner(self, parts: Parts) -> tuple[Noun | It, str]:
        nouns = every(parts, Noun)
        through = every(parts, str)
        return (nouns[0] if nouns else It()), (through[0] if through else "")

    def owned(self, parts: Parts) -> Owned:
        (owner, through), field = parts
        return Owned(owner, Noun(field), through)

    def owned_of(self, parts: Parts) -> Owned:
        field, owner = parts
        return Owned(owner, field)

    # --- Conditions

    def gt(self, _: Parts) -> Comparator:
        return "gt"

    def lt(self, _: Parts) -> Comparator:
        return "lt"

    def ge(self, _: Parts) -> Comparator:
        return "ge"

    def le(self, _: Parts) -> Comparator:
        return "le"

    def eq(self, _: Parts) -> Comparator:
        return "eq"

    def ne(self, _: Parts) -> Comparator:
        return "ne"

    def before(self, _: Parts) -> Comparator:
        return "before"

    def after(self, _: Parts) -> Comparator:
        return "after"

    def until(self, _: Parts) -> Comparator:
        return "until"

    def since(self, _: Parts) -> Comparator:
        return "since"

    def measure(self, parts: Parts) -> tuple[Measure, ...]:
        comparator, operand = parts
        return (Measure(comparator, operand),)

    def between(self, parts: Parts) -> tuple[Measure, ...]:
        low, high = parts
        return Measure("ge", low), Measure("le", high)

    def past(self, _: Parts) -> tuple[Measure, ...]:
        return (Measure("before", None),)

    def measures(self, parts: Parts) -> tuple[Measure, ...]:
        return flat(parts)

    def negation(self, _: Parts) -> bool:
        return True

    def predicate(self, parts: Parts) -> tuple[Is, ...]:
        return (Is(tuple(every(parts, str)), negated=True in parts),)

    def neither(self, parts: Parts) -> tuple[Is, ...]:
        return tuple(Is((each,), negated=True) for each in every(parts, str))

    def predicates(self, parts: Parts) -> tuple[Is, ...]:
        return flat(parts)

    def having(self, parts: Parts) -> Condition:
        return Plain(one(parts, Noun))

    def having_value(self, parts: Parts) -> Condition:
        noun, value = parts
        return Measured(noun, (Measure("eq", value),))

    def having_measured(self, parts: Parts) -> Condition:
        noun, measures = parts
        return Measured(noun, measures)

    def having_no(self, parts: Parts) -> Condition:
        return Lacks(one(parts, str))

    def quantity(self, parts: Parts) -> tuple[Comparator, int]:
        *comparator, amount = parts
        return (comparator[0] if comparator else "eq"), whole(amount)

    def having_count(self, parts: Parts) -> Condition:
        (comparator, count), words, *nested = parts
        return Counted(comparator, count, words, *nested)

    def having_one(self, parts: Parts) -> Condition:
        _, words, nested = parts
        return Counted("eq", 1, words, nested)

    def nested(self, parts: Parts) -> tuple[Condition, ...]:
        return flat(parts)

    def havings(self, parts: Parts) -> tuple[Condition, ...]:
        """The conditions; "missing" and "no" are said of what follows without an article too."""
        conditions = list(parts)
        for index in range(1, len(conditions)):
            before, one = conditions[index - 1 : index + 1]
            if isinstance(one, Plain) and not one.noun.article and _is_missing(before):
                conditions[index] = Lacks(one.noun.words)
        return tuple(conditions)

    def clause_is(self, parts: Parts) -> tuple[Condition, ...]:
        return flat(parts)

    def clause_has(self, parts: Parts) -> tuple[Condition, ...]:
        return flat(parts)

    def clause_without(self, parts: Parts) -> tuple[Condition, ...]:
        return (Lacks(one(parts, Noun).words),)

    def clause_whose(self, parts: Parts) -> tuple[Condition, ...]:
        words, states = parts
        return (Whose(words, states),)

    def clauses(self, parts: Parts) -> tuple[Condition, ...]:
        return flat(parts)

    def situation_is(self, parts: Parts) -> Situation:
        return Situation(*parts)

    situation_measured = situation_has = situation_is

    def situations(self, parts: Parts) -> tuple[Situation, ...]:
        return tuple(parts)

    # --- What is done

    def thing(self, parts: Parts) -> Thing:
        conditions = every(parts, tuple)
        numbers = [whole(each) for each in every(parts, Token) if each.type == "NUMBER"]
        noun = Noun(plain(parts)[0], article=_article(parts))
        return Thing(noun, conditions[0] if conditions else (), numbers[0] if numbers else None)

    bare = thing

    def preposition(self, parts: Parts) -> Particle:
        return Particle(parts[0])

    particle = preposition

    def ending(self, parts: Parts) -> Ending:
        preposition, thing = parts
        return Ending(str(preposition), thing)

    def deed_run(self, parts: Parts) -> Deed:
        run, ending = parts
        return Deed(run.noun.words, conditions=run.conditions, ending=ending)

    def deed(self, parts: Parts) -> Deed:
        particles, things, endings = every(parts, Particle), every(parts, Thing), every(parts, Ending)
        return Deed(
            plain(parts)[0],
            particle=str(particles[0]) if particles else "",
            thing=things[0] if things else None,
            ending=endings[0] if endings else None,
        )

    def deeds(self, parts: Parts) -> tuple[Deed, ...]:
        return tuple(parts)

    def event(self, parts: Parts) -> Event:
        subject, participle, ending = parts
        return Event(subject, participle, ending)

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
        return Flag(parts[0])

    def field(self, parts: Parts) -> Field:
        noun, *details = parts
        return Field(noun, tuple(details))

    untyped = field

    def fields(self, parts: Parts) -> tuple[Field, ...]:
        return tuple(parts)

    def _term(self, part: Term | str) -> Term:
        return part if isinstance(part, Term) else Term("words", part)

    def _spelt(self, token: Token) -> str:
        """The author's own letters of a token."""
        return self._text.words[token.start_pos : token.end_pos].replace(JOIN, " ").strip()

    def _quoted(self, token: Token) -> str:
        return self._text.quoted[int(token[1:-1])]


def one(parts: Iterable[object], kind: type[P]) -> P:
    """Return the first part of that type that is no token."""
    return every(parts, kind)[0]


def every(parts: Iterable[object], kind: type[P]) -> list[P]:
    """Return the parts of that type; tokens only when asked for."""
    return [
        each for each in parts if isinstance(each, kind) and (kind is Token or not isinstance(each, Token))
    ]


def plain(parts: Iterable[object]) -> list[str]:
    """Return the runs of words among the parts."""
    return [each for each in every(parts, str) if not isinstance(each, Particle)]


def flat(parts: Sequence[tuple[P, ...]]) -> tuple[P, ...]:
    """Put tuples together."""
    return tuple(each for part in parts for each in part)


def number(token: str) -> Decimal:
    """Return the value of a NUMBER, in digits or as a word."""
    return Decimal(_NUMBERS.index(token)) if token in _NUMBERS else Decimal(token.replace(",", ""))


def whole(token: str) -> int:
    """Return the value of a NUMBER that counts something."""
    value = number(token)
    if value != int(value) or not 0 <= value <= MOST:
        raise Unclear(f"{token[:20]} counts something, so it must be a whole number, at most {MOST:,}")
    return int(value)


def _is_missing(condition: Condition) -> bool:
    if isinstance(condition, Plain):
        return condition.noun.words.lower().startswith("missing ")
    return isinstance(condition, Lacks)


def _article(parts: Iterable[object]) -> str:
    return next((str(each) for each in parts if isinstance(each, Token) and each.type == "ARTICLE"), "")
