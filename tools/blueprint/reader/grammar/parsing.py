"""Parsing a sentence into every form that it matches."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from lark import Lark, Tree
from lark.exceptions import UnexpectedInput, VisitError

from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.grammar.sentence_builder import SentenceBuilder
from tools.blueprint.reader.grammar.sentences import Sentence
from tools.blueprint.reader.grammar.text import Text

MOST_TREES = 64
_WORD = re.compile(r"[^\W\d_][^\W_]*(-[^\W_]+)*")


FORMS: dict[str, frozenset[str]] = {
    "has": frozenset({"has", "have"}),
    "belongs": frozenset({"belongs", "belong"}),
    "has_many": frozenset({"many", "several"}),
    "offers": frozenset({"be"}),
    "finds": frozenset({"filtered", "sorted"}),
    "starts": frozenset({"starts", "start", "begins", "begin"}),
    "goes": frozenset({"from"}),
    "requires": frozenset({"requires", "require", "needs", "need", "takes", "take"}),
    "guard": frozenset({"rejected", "refused"}),
    "effect": frozenset({"reduces", "decreases", "lowers", "increases", "raises", "sets"}),
    "limit": frozenset({"times", "time", "once", "twice"}),
    "computed": frozenset({"sum", "number", "count"}),
    "access": frozenset({"only"}),
    "example": frozenset({"then"}),
    "speed": frozenset({"answers", "responds"}),
}
"""The grammar's start rules, each with words of which its sentences contain one. So most sentences are parsed once."""


def parse(text: Text) -> list[Sentence]:
    """Return the sentence in every form that it matches.

    Raises Unclear if it matches too many, or a number in it makes no sense.
    """
    words = _lower(text.words)
    present = set(re.findall(r"[a-z]+", words))
    found: list[Sentence] = []
    for form in (form for form, cues in FORMS.items() if cues & present):
        for tree in _forest(words, form):
            sentence = _build(tree, text)
            if sentence not in found:
                found.append(sentence)
    return found


def is_plain(name: str) -> bool:
    """Whether none of the words of a name is a word of the grammar."""
    return all(_WORD.fullmatch(word) and not _own_words().fullmatch(word) for word in _lower(name).split())


@cache
def _parser() -> Lark:
    """Earley with all derivations, so that a second reading of a sentence is not lost."""
    grammar = Path(__file__).with_name("sentences.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="earley", lexer="basic", ambiguity="explicit", start=list(FORMS))


@cache
def _own_words() -> re.Pattern[str]:
    """A pattern that matches every single word of the grammar."""
    patterns = [each.pattern.to_regexp() for each in _parser().terminals if each.name != "WORD"]
    return re.compile("|".join(f"(?:{each})" for each in patterns))


def _forest(words: str, form: str) -> list[Any]:
    """Return every tree of the form."""
    try:
        tree = _parser().parse(words, start=form)
    except UnexpectedInput:
        return []
    if _count(tree) > MOST_TREES:
        raise Unclear("it has too many possible readings; use shorter sentences")
    return _trees(tree)


def _build(tree: Any, text: Text) -> Sentence:
    try:
        return SentenceBuilder(text).transform(tree)  # type: ignore[no-any-return]
    except VisitError as error:
        if isinstance(error.orig_exc, Unclear):
            raise error.orig_exc from error
        raise


def _lower(words: str) -> str:
    """Lower case of the same length, so that a token's place is its place in the author's sentence."""
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in words)


def _count(tree: Any) -> int:
    """How many trees the alternatives in a tree multiply to."""
    if not isinstance(tree, Tree):
        return 1
    counts = [_count(child) for child in tree.children]
    return sum(counts) if tree.data == "_ambig" else prod(counts)


def _trees(tree: Any) -> list[Any]:
    """Return each combination of alternatives as a separate tree."""
    if not isinstance(tree, Tree):
        return [tree]
    branches = [_trees(child) for child in tree.children]
    if tree.data == "_ambig":
        return [each for branch in branches for each in branch]
    return [Tree(tree.data, list(children)) for children in product(*branches)]
