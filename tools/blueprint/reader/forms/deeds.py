"""Who does what to what: from verbs and nouns to operations and the resources that take part in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tools.blueprint.model import CRUD, Action, Entity, Operation, Subject
from tools.blueprint.names import verb_bases
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.collisions import safe_name
from tools.blueprint.reader.forms.english import PARTICLES, check_verb
from tools.blueprint.reader.forms.world import World
from tools.blueprint.reader.grammar.phrases import Condition, Deed, Ending, Event, It, Noun, Owned, Thing
from tools.blueprint.reader.wording import a

Form = Literal["gerund", "base"]

BELONGING = frozenset({"of", "for", "in", "on", "to", "from", "at", "under", "with"})
"""Prepositions between a child and its parent: "a line item of an order"."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "create": ("add", "make", "insert", "place", "enter", "post"),
    "list": ("search", "browse", "query"),
    "read": ("view", "see", "get", "fetch", "retrieve", "show", "display"),
    "update": ("edit", "change", "modify", "alter", "amend", "correct", "patch", "put"),
    "delete": ("remove", "erase", "destroy", "drop"),
}
"""Verbs that may mean a plain operation. Where no sentence makes one an action, the sentence is ambiguous."""

_VAGUE = frozenset({"manage", "administer", "do", "be", "have"})


@dataclass(frozen=True)
class Party:
    """A resource that takes part in an operation."""

    entity: str
    subject: Subject = "self"
    via: str = ""
    """The reference it is reached by, for subject `reference`."""


@dataclass(frozen=True)
class Act:
    """An operation, and what the sentence says of those who take part."""

    entity: str
    operation: Operation
    action: Action | None = None
    """None for a plain operation."""
    parent: Party | None = None
    """"an order" in "creating a line item of an order"."""
    named: tuple[Party, ...] = ()
    """Those that the sentence names, which "its" can stand for."""
    said: tuple[tuple[Party, Condition], ...] = ()

    @property
    def this(self) -> Party:
        """The resource acted on."""
        return Party(self.entity)

    @property
    def parties(self) -> tuple[Party, ...]:
        """The resource acted on, then the object, then the parent, as far as they are there."""
        obj = self.action.object if self.action else None
        return (
            self.this,
            *((Party(obj, "object"),) if obj else ()),
            *((self.parent,) if self.parent else ()),
        )


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
    return _act(_Said(verbs, thing, ending, event.participle), world, choices)


def _it(name: str | None) -> Thing:
    if name is None:
        raise Unclear("it does not say what 'it' is")
    return Thing(Noun(name, "the"))


@dataclass(frozen=True)
class _Said:
    """A verb in its possible base forms, and its nouns."""

    verbs: tuple[str, ...]
    thing: Thing | None
    ending: Ending | None
    spelt: str
    """The verb as the sentence has it."""
    form: Form = "gerund"


def _said(deed: Deed, form: Form, world: World, choices: Choices) -> _Said:
    if deed.thing is not None or deed.particle:
        spelt = f"{deed.words} {deed.particle}".strip()
        return _Said(_bases(spelt, form), deed.thing, deed.ending, spelt, form)
    if world.is_entity(deed.words):
        return _Said((), Thing(Noun(deed.words), deed.conditions), deed.ending, "", form)
    words = deed.words.split()
    length = choices.pick(_verb_lengths(words, form, world))
    spelt, noun = " ".join(words[:length]), " ".join(words[length:])
    thing = Thing(Noun(noun), deed.conditions) if noun else None
    return _Said(_bases(spelt, form), thing, deed.ending, spelt, form)


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


def _complete(said: list[_Said]) -> list[_Said]:
    """Give a bare verb the nouns of what follows it, and a bare noun the verb of what precedes it."""
    for index in range(len(said) - 2, -1, -1):
        one, following = said[index], said[index + 1]
        if one.thing is None and one.ending is None:
            said[index] = replace(one, thing=following.thing, ending=following.ending)
    for index in range(1, len(said)):
        if not said[index].verbs and not said[index].spelt:
            said[index] = replace(said[index], verbs=said[index - 1].verbs, spelt=said[index - 1].spelt)
    return said


def _act(said: _Said, world: World, choices: Choices) -> Act:
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
    found = _choose(said, noun and noun[0], other and other[0], preposition, world, choices)
    hung = _hung(found, noun, other)
    return replace(found, said=hung[0], named=hung[1])


def _is_tail(said: _Said, world: World) -> bool:
    """Whether the ending is part of the verb, as in "putting an order on hold"."""
    end = said.ending.thing if said.ending else None
    if not isinstance(end, Thing) or end.noun.article or said.thing is None:
        return False
    return not world.is_entity(end.noun.words) and any(
        each.verb in _with_tail(said).verbs
        for entity in world.blueprint.entities
        for each in world.actions(entity.name)
    )


def _with_tail(said: _Said) -> _Said:
    end = said.ending
    assert end is not None and isinstance(end.thing, Thing)  # noqa: S101  asked by _is_tail
    tail = f"{end.preposition} {end.thing.noun.words.lower()}"
    return replace(said, verbs=tuple(f"{verb} {tail}" for verb in said.verbs), ending=None)


def _choose(
    said: _Said,
    noun: Entity | None,
    other: Entity | None,
    preposition: str,
    world: World,
    choices: Choices,
) -> Act:
    """Pick among all that the verb may mean for these nouns; what is known goes before what would be new."""
    plain = next((name for name in CRUD if name in said.verbs), None)
    if plain is not None:
        return choices.pick(_plain(plain, noun, other, preposition))
    options = _actions(said.verbs, noun, other, preposition, world)
    known = [each for each in options if _known(each, world)]
    if known:
        return choices.pick(known)
    spoken = {each.verb for entity in world.blueprint.entities for each in world.actions(entity.name)}
    for verb in said.verbs:
        check_verb(verb, (*CRUD, *spoken), base_form=said.form == "base")
    if _VAGUE.intersection(said.verbs):
        raise Unclear(
            f"'{said.spelt}' could be several operations; name them: create, list, read, update, delete"
        )
    meant = [name for name in CRUD if set(SYNONYMS[name]).intersection(said.verbs)]
    for name in meant:
        options += _plain(name, noun, other, preposition, strict=False)
    return choices.pick(options)


def _known(found: Act, world: World) -> bool:
    action = found.action
    return action is not None and world.action(found.entity, (action.verb,), action.object) is not None


def _plain(
    name: Operation, noun: Entity | None, other: Entity | None, preposition: str, *, strict: bool = True
) -> list[Act]:
    """A plain operation on the noun; what follows the preposition can only be its parent."""
    if noun is None:
        raise Unclear(f"it does not say what to {name}")
    if other is None:
        return [Act(noun.name, name)]
    references = [each for each in noun.references if each.target == other.name]
    if not references or preposition not in BELONGING:
        if not strict:
            return [Act(noun.name, name)]
        raise Unclear(
            f"{a(noun.name)} does not belong to {a(other.name)}; "
            f"say '{a(noun.name).capitalize()} belongs to {a(other.name)}.'"
        )
    return [Act(noun.name, name, parent=Party(other.name, "reference", each.name)) for each in references]


def _actions(
    verbs: tuple[str, ...], noun: Entity | None, other: Entity | None, preposition: str, world: World
) -> list[Act]:
    """Every action that the verb may be: of the noun, or of another entity with the noun for its object."""
    if noun is None:
        assert other is not None  # noqa: S101  one of the two is there
        return _loose(verbs, other, preposition, world)
    if other is None:
        mine = _own(noun.name, verbs, None, world)
        theirs = [Act(name, each.name, each) for name, each in world.with_object(verbs, noun.name)]
        return ([mine] if _known(mine, world) else []) + theirs or [mine]
    options = []
    if preposition in BELONGING:
        mine = _own(noun.name, verbs, None, world)
        parents = [each for each in noun.references if each.target == other.name]
        options = [replace(mine, parent=Party(other.name, "reference", each.name)) for each in parents]
    if preposition != "of":
        options.append(_own(other.name, verbs, noun.name, world))
    if not options:
        raise Unclear(f"{a(noun.name)} does not belong to {a(other.name)}")
    return options


def _loose(verbs: tuple[str, ...], other: Entity, preposition: str, world: World) -> list[Act]:
    """The verb has only what follows the preposition: "withdrawing from an account"."""
    phrasal = tuple(f"{verb} {preposition}" for verb in verbs)
    known = [
        Act(other.name, each.name, each)
        for each in (world.action(other.name, verbs, None), world.action(other.name, phrasal, None))
        if each is not None
    ]
    if world.with_object(verbs, other.name):
        raise Unclear(f"say it without '{preposition}' before {a(other.name)}")
    if not known and preposition in PARTICLES:
        raise Unclear(f"'{phrasal[0]}' is one verb here", aside=True)
    return known or [_own(other.name, verbs, None, world)]


def _own(entity: str, verbs: tuple[str, ...], obj: str | None, world: World) -> Act:
    action = world.action(entity, verbs, obj) or Action(verb=safe_name(verbs[0]), object=obj)
    return Act(entity, action.name, action)


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
