"""From the grammar's rules to words and conditions. Each method has the name of its rule and takes its parts."""

# ruff: noqa: D102  the grammar documents each rule

from __future__ import annotations

from typing import Any, get_args

from lark import Token, Transformer

from tools.blueprint.reader.grammar.parts import (
    Parts,
    article,
    as_tuple,
    constant,
    construct,
    every,
    flattened,
    number,
    one,
    whole_number,
)
from tools.blueprint.reader.grammar.phrases import (
    Comparator,
    Condition,
    Counted,
    Is,
    It,
    Lacks,
    Measure,
    Measured,
    Noun,
    Owned,
    Plain,
    Situation,
    Term,
    Whose,
)
from tools.blueprint.reader.grammar.text import JOIN, Text


class ConditionBuilder(Transformer[Token, Any]):
    """Builds words, fields and conditions out of one sentence's tree."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    # --- Words

    it = constant(It())
    percent = constant(True)

    def words(self, parts: Parts) -> str:
        return " ".join(self._spelt(token) for token in parts)

    phrase = participle = words

    def noun(self, parts: Parts) -> Noun:
        return Noun(one(parts, str), article=article(parts))

    def given_noun(self, parts: Parts) -> Noun:
        return Noun(one(parts, str), article=article(parts), given=True)

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

    lt, le, gt, ge, eq, ne, before, after, until, since = map(constant, get_args(Comparator))
    negation = constant(True)
    past = constant((Measure("before", None),))
    measures = predicates = nested = clause_is = clause_has = clauses = flattened
    having, having_no, having_measured = map(construct, (Plain, Lacks, Measured))
    situation_is = situation_measured = situation_has = construct(Situation)
    situations = as_tuple

    def measure(self, parts: Parts) -> tuple[Measure, ...]:
        return (Measure(*parts),)

    def between(self, parts: Parts) -> tuple[Measure, ...]:
        low, high = parts
        return Measure("ge", low), Measure("le", high)

    def predicate(self, parts: Parts) -> tuple[Is, ...]:
        return (Is(tuple(every(parts, str)), negated=True in parts),)

    def neither(self, parts: Parts) -> tuple[Is, ...]:
        return tuple(Is((each,), negated=True) for each in every(parts, str))

    def having_value(self, parts: Parts) -> Condition:
        noun, value = parts
        return Measured(noun, (Measure("eq", value),))

    def quantity(self, parts: Parts) -> tuple[Comparator, int]:
        *comparator, amount = parts
        return (comparator[0] if comparator else "eq"), whole_number(amount)

    def having_count(self, parts: Parts) -> Condition:
        (comparator, count), words, *nested = parts
        return Counted(comparator, count, words, *nested)

    def having_one(self, parts: Parts) -> Condition:
        _, words, nested = parts
        return Counted("eq", 1, words, nested)

    def havings(self, parts: Parts) -> tuple[Condition, ...]:
        """The conditions; "missing" and "no" also apply to the following nouns without an article."""
        conditions = list(parts)
        for index in range(1, len(conditions)):
            before, one = conditions[index - 1 : index + 1]
            if isinstance(one, Plain) and not one.noun.article and _is_missing(before):
                conditions[index] = Lacks(one.noun.words)
        return tuple(conditions)

    def clause_without(self, parts: Parts) -> tuple[Condition, ...]:
        return (Lacks(one(parts, Noun).words),)

    def clause_whose(self, parts: Parts) -> tuple[Condition, ...]:
        return (Whose(*parts),)

    def _spelt(self, token: Token) -> str:
        """The author's own letters of a token."""
        return self._text.words[token.start_pos : token.end_pos].replace(JOIN, " ").strip()

    def _quoted(self, token: Token) -> str:
        return self._text.quoted[int(token[1:-1])]


def _is_missing(condition: Condition) -> bool:
    if isinstance(condition, Plain):
        return condition.noun.words.lower().startswith("missing ")
    return isinstance(condition, Lacks)
