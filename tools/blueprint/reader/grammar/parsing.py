"""Parsing a sentence into every sentence form that it matches."""

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
"""The grammar's start rules, each with its cue words; a sentence without any of them is not parsed by that rule."""


def parse(text: Text) -> list[Sentence]:
    """Parse a sentence into every form that it matches.

    Raises Unclear if there are too many readings, or if a number in the sentence is invalid.
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
    """Return whether none of the words of a name is a keyword of the grammar."""
    return all(_WORD.fullmatch(word) and not _own_words().fullmatch(word) for word in _lower(name).split())


@cache
def _parser() -> Lark:
    """Return an Earley parser that keeps all derivations, so that no reading of a sentence is lost."""
    grammar = Path(__file__).with_name("sentences.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="earley", lexer="basic", ambiguity="explicit", start=list(FORMS))


@cache
def _own_words() -> re.Pattern[str]:
    """Return a pattern that matches any single keyword of the grammar."""
    patterns = [each.pattern.to_regexp() for each in _parser().terminals if each.name != "WORD"]
    return re.compile("|".join(f"(?:{each})" for each in patterns))


def _forest(words: str, form: str) -> list[Any]:
    """Return every parse tree of the words in the given form."""
    try:
        tree = _parser().parse(words, start=form)
    except UnexpectedInput:
        return []
    if _count(tree) > MOST_TREES:
        raise Unclear(f"it has more than {MOST_TREES:,} possible readings; use shorter sentences")
    return _trees(tree)


def _build(tree: Any, text: Text) -> Sentence:
    try:
        return SentenceBuilder(text).transform(tree)  # type: ignore[no-any-return]
    except VisitError as error:
        if isinstance(error.orig_exc, Unclear):
            raise error.orig_exc from error
        raise


def _lower(words: str) -> str:
    """Convert to lower case without changing the length, so that token positions are valid in the original text."""
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in words)


def _count(tree: Any) -> int:
    """Return the number of trees into which an ambiguous tree expands."""
    if not isinstance(tree, Tree):
        return 1
    counts = [_count(child) for child in tree.children]
    return sum(counts) if tree.data == "_ambig" else prod(counts)


def _trees(tree: Any) -> list[Any]:
    """Expand an ambiguous tree into one tree per combination of alternatives."""
    if not isinstance(tree, Tree):
        return [tree]
    branches = [_trees(child) for child in tree.children]
    if tree.data == "_ambig":
        return [each for branch in branches for each in branch]
    return [Tree(tree.data, list(children)) for children in product(*branches)]
