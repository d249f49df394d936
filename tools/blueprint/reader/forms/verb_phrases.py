"""Resolution of the verbs and nouns of a sentence to operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tools.blueprint.model import Entity
from tools.blueprint.names import verb_bases
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.collisions import safe_name
from tools.blueprint.reader.forms.english import PARTICLES
from tools.blueprint.reader.forms.operations import Form, Participant, ResolvedOperation, VerbAndNouns, choose
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.grammar.phrases import Condition, Event, It, Noun, Owned, Thing, VerbPhrase


def resolve_phrases(
    verb_phrases: Sequence[VerbPhrase], form: Form, scope: Scope, choices: Choices
) -> tuple[ResolvedOperation, ...]:
    """Return the operations that verb phrases name, as in "creating or updating an order"."""
    phrases = _complete([_split(each, form, scope, choices) for each in verb_phrases])
    return tuple(_resolve(each, scope, choices) for each in phrases)


def resolve_event(event: Event, scope: Scope, choices: Choices, it: str | None = None) -> ResolvedOperation:
    """Return the operation that an event names; `it` is the entity that "it" refers to."""
    verbs = verb_bases(event.participle)
    if not verbs:
        raise Unclear(f"'{event.participle}' is not a past participle, such as 'cancelled'")
    if isinstance(event.subject, Owned):
        raise Unclear(f"'{event.subject.field.words}' is a field; name what is {event.participle}")
    ending = event.ending
    if ending is not None and isinstance(ending.thing, It):
        ending = replace(ending, thing=_it(it))
    subject = _it(it) if isinstance(event.subject, It) else event.subject
    thing = Thing(subject) if isinstance(subject, Noun) else subject
    return _resolve(VerbAndNouns(verbs, thing, ending, event.participle), scope, choices)


def _it(name: str | None) -> Thing:
    if name is None:
        raise Unclear("it does not say what 'it' refers to")
    return Thing(Noun(name, "the"))


def _split(verb_phrase: VerbPhrase, form: Form, scope: Scope, choices: Choices) -> VerbAndNouns:
    if verb_phrase.thing is not None or verb_phrase.particle:
        spelt = f"{verb_phrase.words} {verb_phrase.particle}".strip()
        return VerbAndNouns(_bases(spelt, form), verb_phrase.thing, verb_phrase.ending, spelt, form)
    if scope.is_entity(verb_phrase.words):
        return VerbAndNouns(
            (), Thing(Noun(verb_phrase.words), verb_phrase.conditions), verb_phrase.ending, "", form
        )
    words = verb_phrase.words.split()
    length = choices.pick(_verb_lengths(words, form, scope))
    spelt, noun = " ".join(words[:length]), " ".join(words[length:])
    thing = Thing(Noun(noun), verb_phrase.conditions) if noun else None
    return VerbAndNouns(_bases(spelt, form), thing, verb_phrase.ending, spelt, form)


def _verb_lengths(words: list[str], form: Form, scope: Scope) -> list[int]:
    """Return how many of the words may form the verb: one and its particles, or more if a known action matches."""
    length = 1
    while length < len(words) and words[length].lower() in PARTICLES:
        length += 1
    known = {each.verb for entity in scope.blueprint.entities for each in scope.actions(entity.name)}
    longer = [
        count
        for count in range(length + 1, len(words) + 1)
        if known.intersection(_bases(" ".join(words[:count]), form))
    ]
    return longer or [length]


def _bases(spelt: str, form: Form) -> tuple[str, ...]:
    """Return the base forms of the verb; empty if it is not in the form that the sentence requires."""
    if form == "base":
        return (spelt.lower(),)
    return verb_bases(spelt) if "ing" in spelt.split()[0].lower() else ()


def _complete(phrases: list[VerbAndNouns]) -> list[VerbAndNouns]:
    """Pair every verb of a group with every noun: "create or update orders and lines" yields four phrases."""
    whole: list[VerbAndNouns] = []
    verbs: list[VerbAndNouns] = []
    has_noun = False
    for each in phrases:
        is_noun = not each.verbs and not each.spelt
        if has_noun and not is_noun:
            verbs, has_noun = [], False
        if not is_noun:
            verbs.append(each)
        if is_noun or each.thing is not None or each.ending is not None:
            whole += [replace(verb, thing=each.thing, ending=each.ending) for verb in verbs] or [each]
            has_noun = True
    return whole if has_noun else whole + verbs


def _resolve(phrase: VerbAndNouns, scope: Scope, choices: Choices) -> ResolvedOperation:
    if not phrase.verbs:
        raise Unclear(f"'{phrase.spelt}' is not a verb that is understood here", aside=True)
    for verb in phrase.verbs:
        safe_name(verb)
    if phrase.thing is None and phrase.ending is None:
        raise Unclear(f"it does not say what to apply '{phrase.spelt}' to")
    if _is_tail(phrase, scope):
        phrase = _with_tail(phrase)
    if phrase.thing is not None and phrase.thing.number not in (None, 1):
        raise Unclear(f"an operation acts on one resource at a time, not on {phrase.thing.number}")
    noun = scope.thing(phrase.thing, choices) if phrase.thing else None
    end = phrase.ending.thing if phrase.ending else None
    if isinstance(end, It):
        raise Unclear("it does not say what 'it' refers to")
    other = scope.thing(end, choices) if end else None
    preposition = phrase.ending.preposition if phrase.ending else ""
    found = choose(phrase, noun and noun[0], other and other[0], preposition, scope, choices)
    attached = _attach_conditions(found, noun, other)
    return replace(found, conditions=attached[0], named=attached[1])


def _is_tail(phrase: VerbAndNouns, scope: Scope) -> bool:
    """Return whether the ending is part of the verb, as in "putting an order on hold"."""
    end = phrase.ending.thing if phrase.ending else None
    if not isinstance(end, Thing) or end.noun.article or phrase.thing is None:
        return False
    return not scope.is_entity(end.noun.words) and any(
        each.verb in _with_tail(phrase).verbs
        for entity in scope.blueprint.entities
        for each in scope.actions(entity.name)
    )


def _with_tail(phrase: VerbAndNouns) -> VerbAndNouns:
    end = phrase.ending
    assert end is not None and isinstance(end.thing, Thing)  # noqa: S101  checked by _is_tail
    tail = f"{end.preposition} {end.thing.noun.words.lower()}"
    return replace(phrase, verbs=tuple(f"{verb} {tail}" for verb in phrase.verbs), ending=None)


def _attach_conditions(
    found: ResolvedOperation,
    noun: tuple[Entity, tuple[Condition, ...]] | None,
    other: tuple[Entity, tuple[Condition, ...]] | None,
) -> tuple[tuple[tuple[Participant, Condition], ...], tuple[Participant, ...]]:
    """Pair each condition with the participant that its noun refers to; return the pairs and the participants."""
    attached: list[tuple[Participant, Condition]] = []
    named: list[Participant] = []
    is_object = found.action is not None and found.action.object is not None
    for entity, conditions in (each for each in (noun, other) if each is not None):
        if is_object and noun is not None and entity is noun[0] and (other is None or entity is not other[0]):
            participant = Participant(entity.name, "object")
        elif found.parent is not None and other is not None and entity is other[0]:
            participant = found.parent
        else:
            participant = found.this
        named.append(participant)
        attached += [(participant, condition) for condition in conditions]
    return tuple(attached), tuple(named)
