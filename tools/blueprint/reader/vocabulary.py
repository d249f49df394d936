"""Collecting the names that a story defines, before its sentences are parsed for the last time.

Names that contain keywords of the grammar ("in stock", "date of birth") can only be recognised once they are known.
They are taken from the sentences that introduce them, in which the start and the end of a name are unambiguous.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tools.blueprint.model import Blueprint
from tools.blueprint.names import gerund, participle, plural, verb_bases
from tools.blueprint.reader.forms.lookup import number_forms
from tools.blueprint.reader.grammar import sentences
from tools.blueprint.reader.grammar.parsing import is_plain
from tools.blueprint.reader.grammar.phrases import Event, Field, OneOf


def names_with_grammar_words(blueprint: Blueprint, parses: Iterable[sentences.Sentence]) -> frozenset[str]:
    """Return every spelling of the known names that contain keywords of the grammar."""
    written = [*_of_blueprint(blueprint), *(name for parse in parses for name in _of_sentence(parse))]
    names = {" ".join(name.lower().split()) for name in written} - {"a", "an", "the"}
    return frozenset(spelling for name in names for spelling in _spellings(name) if not is_plain(spelling))


def _spellings(name: str) -> Iterable[str]:
    return {name, *number_forms(name)} if not is_plain(name) or not is_plain(plural(name)) else ()


def _of_blueprint(blueprint: Blueprint) -> Iterator[str]:
    for entity in blueprint.entities:
        yield entity.name
        yield from (each.name for each in entity.references)
        yield from (state.replace("-", " ") for state in entity.states)
        for action in entity.actions:
            yield from _verb(action.verb)
        inputs = [field for action in entity.actions for field in action.inputs]
        for field in (*entity.fields, *inputs):
            yield field.name
            yield from (choice.replace("-", " ") for choice in field.choices)


def _of_sentence(sentence: sentences.Sentence) -> Iterator[str]:
    """Yield the names that a sentence introduces."""
    match sentence:
        case sentences.Has():
            yield from (sentence.subject.words, *_of_fields(sentence.fields))
        case sentences.Requires():
            yield from _of_fields(sentence.fields)
        case sentences.Offers():
            yield sentence.subject.words
        case sentences.Belongs():
            yield sentence.child.words
        case sentences.HasMany():
            yield from (child.words for child in sentence.children)
        case sentences.Sums():
            yield sentence.field.words
        case sentences.Starts():
            yield sentence.state
        case sentences.Goes():
            for move in sentence.moves:
                yield from (*move.sources, move.target, *_verb_of(move.event))
        case sentences.Limited():
            yield from _verb_of(sentence.event)


def _of_fields(fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        yield field.noun.words
        for detail in field.details:
            yield from (one.text for one in detail.options) if isinstance(detail, OneOf) else ()


def _verb_of(event: Event) -> Iterator[str]:
    for verb in verb_bases(event.participle):
        yield from _verb(verb)


def _verb(verb: str) -> Iterator[str]:
    if " " in verb:
        yield from (verb, gerund(verb), participle(verb))
