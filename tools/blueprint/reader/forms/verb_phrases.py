"""Who does what to what: from the verbs and nouns of a sentence to operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tools.blueprint.model import Entity
from tools.blueprint.names import verb_bases
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.collisions import safe_name
from tools.blueprint.reader.forms.acts import Act, Form, Party, Said, choose
from tools.blueprint.reader.forms.english import PARTICLES
from tools.blueprint.reader.forms.scope import World
from tools.blueprint.reader.grammar.phrases import Condition, Deed, Event, It, Noun, Owned, Thing


def acts(deeds: Sequence[Deed], form: Form, world: World, choices: Choices) -> tuple[Act, ...]:
    """Return the operations that a list of deeds names: "creating or updating an order"."""
    said = _complete([_said(each, form, world, choices) for each in deeds])
    return tuple(_act(each, world, choices) for each in said)


def act(event: Event, world: World, choices: Choices, it: str | None = None) -> Act:
    """Return the operation that happens in an event; `it` is the entity that "it" stands for."""
    verbs = verb_bases(event.participle)
    if not verbs:
        raise Unclear(f"'{event.participle}' is not a verb in its past form, such as 'cancelled'")
    if isinstance(event.subject, Owned):
        raise Unclear(f"'{event.subject.field.words}' is a field; say what is {event.participle}")
    ending = event.ending
    if ending is not None and isinstance(ending.thing, It):
        ending = replace(ending, thing=_it(it))
    subject = _it(it) if isinstance(event.subject, It) else event.subject
    thing = Thing(subject) if isinstance(subject, Noun) else subject
    return _act(Said(verbs, thing, ending, event.participle), world, choices)


def _it(name: str | None) -> Thing:
    if name is None:
        raise Unclear("it does not say what 'it' is")
    return Thing(Noun(name, "the"))


def _said(deed: Deed, form: Form, world: World, choices: Choices) -> Said:
    if deed.thing is not None or deed.particle:
        spelt = f"{deed.words} {deed.particle}".strip()
        return Said(_bases(spelt, form), deed.thing, deed.ending, spelt, form)
    if world.is_entity(deed.words):
        return Said((), Thing(Noun(deed.words), deed.conditions), deed.ending, "", form)
    words = deed.words.split()
    length = choices.pick(_verb_lengths(words, form, world))
    spelt, noun = " ".join(words[:length]), " ".join(words[length:])
    thing = Thing(Noun(noun), deed.conditions) if noun else None
    return Said(_bases(spelt, form), thing, deed.ending, spelt, form)


def _verb_lengths(words: list[str], form: Form, world: World) -> list[int]:
    """How many words the verb may have: one and its particles, or as many as an action that is known."""
    length = 1
    while length < len(words) and words[length].lower() in PARTICLES:
        length += 1
    known = {each.verb for entity in world.blueprint.entities for each in world.actions(entity.name)}
    longer = [
        count
        for count in range(length + 1, len(words) + 1)
        if known.intersection(_bases(" ".join(words[:count]), form))
    ]
    return longer or [length]


def _bases(spelt: str, form: Form) -> tuple[str, ...]:
    """Base forms of the verb; none when it is not in the form that the sentence asks for."""
    if form == "base":
        return (spelt.lower(),)
    return verb_bases(spelt) if "ing" in spelt.split()[0].lower() else ()


def _complete(said: list[Said]) -> list[Said]:
    """Join every verb of a group with every noun of it: "create or update orders and lines" is four deeds."""
    whole: list[Said] = []
    verbs: list[Said] = []
    has_noun = False
    for each in said:
        is_noun = not each.verbs and not each.spelt
        if has_noun and not is_noun:
            verbs, has_noun = [], False
        if not is_noun:
            verbs.append(each)
        if is_noun or each.thing is not None or each.ending is not None:
            whole += [replace(verb, thing=each.thing, ending=each.ending) for verb in verbs] or [each]
            has_noun = True
    return whole if has_noun else whole + verbs


def _act(said: Said, world: World, choices: Choices) -> Act:
    if not said.verbs:
        raise Unclear(f"'{said.spelt}' is not a verb that is understood here", aside=True)
    for verb in said.verbs:
        safe_name(verb)
    if said.thing is None and said.ending is None:
        raise Unclear(f"it does not say what '{said.spelt}' is done to")
    if _is_tail(said, world):
        said = _with_tail(said)
    if said.thing is not None and said.thing.number not in (None, 1):
        raise Unclear(f"an operation is on one resource at a time, not on {said.thing.number}")
    noun = world.thing(said.thing, choices) if said.thing else None
    end = said.ending.thing if said.ending else None
    if isinstance(end, It):
        raise Unclear("it does not say what 'it' is")
    other = world.thing(end, choices) if end else None
    preposition = said.ending.preposition if said.ending else ""
    found = choose(said, noun and noun[0], other and other[0], preposition, world, choices)
    hung = _hung(found, noun, other)
    return replace(found, said=hung[0], named=hung[1])


def _is_tail(said: Said, world: World) -> bool:
    """Whether the ending is part of the verb, as in "putting an order on hold"."""
    end = said.ending.thing if said.ending else None
    if not isinstance(end, Thing) or end.noun.article or said.thing is None:
        return False
    return not world.is_entity(end.noun.words) and any(
        each.verb in _with_tail(said).verbs
        for entity in world.blueprint.entities
        for each in world.actions(entity.name)
    )


def _with_tail(said: Said) -> Said:
    end = said.ending
    assert end is not None and isinstance(end.thing, Thing)  # noqa: S101  asked by _is_tail
    tail = f"{end.preposition} {end.thing.noun.words.lower()}"
    return replace(said, verbs=tuple(f"{verb} {tail}" for verb in said.verbs), ending=None)


def _hung(
    found: Act,
    noun: tuple[Entity, tuple[Condition, ...]] | None,
    other: tuple[Entity, tuple[Condition, ...]] | None,
) -> tuple[tuple[tuple[Party, Condition], ...], tuple[Party, ...]]:
    """Hang the conditions on the parties that their nouns are; return these parties too."""
    said: list[tuple[Party, Condition]] = []
    named: list[Party] = []
    is_object = found.action is not None and found.action.object is not None
    for entity, conditions in (each for each in (noun, other) if each is not None):
        if is_object and noun is not None and entity is noun[0] and (other is None or entity is not other[0]):
            party = Party(entity.name, "object")
        elif found.parent is not None and other is not None and entity is other[0]:
            party = found.parent
        else:
            party = found.this
        named.append(party)
        said += [(party, condition) for condition in conditions]
    return tuple(said), tuple(named)
