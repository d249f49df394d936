"""Parsing a sentence: every form it fits, as a value."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, VisitError

from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.sentence_builder import SentenceBuilder
from tools.blueprint.reader.sentences import Sentence
from tools.blueprint.reader.text import Text

MOST_TREES = 64

Branch = Tree[Token] | Token


def parse(text: Text) -> list[Sentence]:
    """Return the sentence in every form that it fits, none if it fits no form.

    Raises Unclear when it fits too many, or a number in it makes no sense.
    """
    try:
        tree = _parser().parse(_lower(text.words))
    except UnexpectedInput:
        return []
    if _count(tree) > MOST_TREES:
        raise Unclear("it can be read in too many ways; say it in shorter sentences")
    found: list[Sentence] = []
    for each in _trees(tree):
        sentence = _build(each, text)
        if sentence not in found:
            found.append(sentence)
    return found


def is_plain(name: str) -> bool:
    """Whether the grammar takes the words of a name for plain words, none for one of its own."""
    try:
        return all(token.type == "WORD" for token in _parser().lex(_lower(name)))
    except UnexpectedInput:
        return False


@cache
def _parser() -> Lark:
    """Earley with all derivations, so that a second reading of a sentence is seen and not lost."""
    grammar = Path(__file__).with_name("sentences.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="earley", lexer="basic", ambiguity="explicit")


def _build(tree: Branch, text: Text) -> Sentence:
    try:
        return SentenceBuilder(text).transform(tree)  # type: ignore[no-any-return, arg-type]
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
    """Write each combination of alternatives out as a tree of its own."""
    if not isinstance(tree, Tree):
        return [tree]
    branches = [_trees(child) for child in tree.children]
    if tree.data == "_ambig":
        return [each for branch in branches for each in branch]
    return [Tree(tree.data, list(children)) for children in product(*branches)]
