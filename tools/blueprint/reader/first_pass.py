"""The first pass over a story, which collects its actions and states before the sentences are interpreted.

An incomplete mention of an action ("applying an expired code") is resolved by a complete one ("applying a code to
an order"), and a state by the sentence that leads to it, wherever in the story these appear.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools.blueprint.model import Action
from tools.blueprint.reader.choices import Choices, Unclear, explore
from tools.blueprint.reader.facts import Fact, Facts
from tools.blueprint.reader.forms.operations import ResolvedOperation
from tools.blueprint.reader.forms.rules import restricted_operations
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.values import find_value, state_value
from tools.blueprint.reader.forms.verb_phrases import resolve_event, resolve_phrases
from tools.blueprint.reader.grammar import sentences
from tools.blueprint.reader.grammar.phrases import It

Parses = Sequence[sentences.Sentence]


def prefer_known_actions(found: list[Facts], scope: Scope) -> list[Facts]:
    """Drop the readings that introduce a new action if another reading uses only known actions."""
    new = [facts for facts in found if not all(_is_known(each, scope) for each in facts)]
    known = [
        facts for facts in found if facts not in new and any(isinstance(each.part, Action) for each in facts)
    ]
    return [facts for facts in found if facts not in new] if known else found


def collect_actions(story: Sequence[Parses], scope: Scope) -> None:
    """Add the actions that sentences mention to the scope, complete mentions before incomplete ones."""
    for wanted in (True, False):
        for parses in story:
            if any(_is_full(each) for each in parses) == wanted:
                _mention(parses, scope)


def collect_states(parses: Sequence[sentences.Sentence], scope: Scope) -> dict[str, tuple[str, ...]]:
    """Return the states that each entity starts in or changes to, by entity name, as first spelt in the story."""
    starts = [(each, each.state) for each in parses if isinstance(each, sentences.Starts)]
    targets = [
        (each, move.target) for each in parses if isinstance(each, sentences.Goes) for move in each.moves
    ]
    found: dict[str, tuple[str, ...]] = {}
    pairs: list[tuple[sentences.Starts | sentences.Goes, str]] = [*starts, *targets]
    for sentence, words in pairs:
        for name in _subjects(sentence, scope):
            found[name] = _with_state(found.get(name, ()), words)
    return found


def _subjects(sentence: sentences.Starts | sentences.Goes, scope: Scope) -> list[str]:
    return explore(lambda choices: scope.named(sentence.subject.words, choices).name)[0]


def _with_state(known: tuple[str, ...], words: str) -> tuple[str, ...]:
    try:
        value = state_value(words)
    except Unclear:
        return known
    return known if find_value(value, known) else (*known, value)


def _mention(parses: Parses, scope: Scope) -> None:
    def resolve(choices: Choices) -> Facts:
        done = _done(choices.pick(parses), scope, choices)
        return tuple(Fact(each.entity, each.action) for each in done if each.action)

    try:
        found = prefer_known_actions(explore(resolve)[0], scope)
    except Unclear:
        return
    for fact in found[0] if len(found) == 1 else ():
        if isinstance(fact.part, Action):
            scope.mention(fact.entity, fact.part)


def _done(sentence: sentences.Sentence, scope: Scope, choices: Choices) -> Iterable[ResolvedOperation]:
    """Resolve the operations that a sentence mentions; empty if its form cannot introduce an action."""
    if isinstance(sentence, sentences.Requires | sentences.Guarded | sentences.Changes):
        return resolve_phrases(sentence.verb_phrases, "gerund", scope, choices)
    if isinstance(sentence, sentences.Restricted):
        return restricted_operations(sentence, scope, choices)
    return [resolve_event(sentence.event, scope, choices)] if isinstance(sentence, sentences.Limited) else []


def _is_full(sentence: sentences.Sentence) -> bool:
    """Return whether a verb phrase of the sentence names its target, as in "applying a code to an order"."""
    if isinstance(
        sentence, sentences.Requires | sentences.Guarded | sentences.Changes | sentences.Restricted
    ):
        endings = [each.ending for each in sentence.verb_phrases]
    else:
        endings = [sentence.event.ending] if isinstance(sentence, sentences.Limited) else []
    return any(each is not None and not isinstance(each.thing, It) for each in endings)


def _is_known(fact: Fact, scope: Scope) -> bool:
    part = fact.part
    return not isinstance(part, Action) or scope.action(fact.entity, (part.verb,), part.object) is not None
