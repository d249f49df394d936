"""The operations that a verb and its nouns can mean, and the resources that take part in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tools.blueprint.model import CRUD, Action, Entity, Operation, Reference, Subject
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.collisions import safe_name
from tools.blueprint.reader.forms.english import PARTICLES, check_verb
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.wording import a
from tools.blueprint.reader.grammar.phrases import Condition, Ending, Thing

Form = Literal["gerund", "base"]

BELONGING = frozenset({"of", "for", "in", "on", "to", "from", "at", "under", "with"})
"""Prepositions that link a child to its parent, such as "of" in "a line item of an order"."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "create": ("add", "make", "insert", "place", "enter", "post"),
    "list": ("search", "browse", "query"),
    "read": ("view", "see", "get", "fetch", "retrieve", "show", "display"),
    "update": ("edit", "change", "modify", "alter", "amend", "correct", "patch", "put"),
    "delete": ("remove", "erase", "destroy", "drop"),
}
"""Verbs that may mean a CRUD operation. Such a verb is ambiguous unless a sentence defines it as an action."""

_VAGUE = frozenset({"manage", "administer", "do", "be", "have"})


@dataclass(frozen=True)
class Participant:
    """A resource that takes part in an operation."""

    entity: str
    subject: Subject = "self"
    via: str = ""
    """Name of the reference that leads to it, for subject `reference` only."""


@dataclass(frozen=True)
class ResolvedOperation:
    """An operation, with the conditions that the sentence puts on its participants."""

    entity: str
    operation: Operation
    action: Action | None = None
    """None for a CRUD operation."""
    parent: Participant | None = None
    """The parent named in the sentence, such as "an order" in "creating a line item of an order"."""
    named: tuple[Participant, ...] = ()
    """The participants that the sentence names, which "its" can refer to."""
    conditions: tuple[tuple[Participant, Condition], ...] = ()

    @property
    def this(self) -> Participant:
        """The resource acted on."""
        return Participant(self.entity)

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The resource acted on, then the object and the parent, if any."""
        obj = self.action.object if self.action else None
        return (
            self.this,
            *((Participant(obj, "object"),) if obj else ()),
            *((self.parent,) if self.parent else ()),
        )


@dataclass(frozen=True)
class VerbAndNouns:
    """The possible base forms of a verb, and its nouns."""

    verbs: tuple[str, ...]
    thing: Thing | None
    ending: Ending | None
    spelt: str
    """The verb as written in the sentence."""
    form: Form = "gerund"


def choose(
    phrase: VerbAndNouns,
    noun: Entity | None,
    other: Entity | None,
    preposition: str,
    scope: Scope,
    choices: Choices,
) -> ResolvedOperation:
    """Pick one of the operations that the verb may mean with these nouns; known ones take precedence."""
    plain = next((name for name in CRUD if name in phrase.verbs), None)
    if plain is not None:
        return choices.pick(_plain(plain, noun, other, preposition))
    options = _actions(phrase.verbs, noun, other, preposition, scope)
    known = [each for each in options if _known(each, scope)]
    if known:
        return choices.pick(known)
    known_verbs = {each.verb for entity in scope.blueprint.entities for each in scope.actions(entity.name)}
    for verb in phrase.verbs:
        check_verb(verb, (*CRUD, *known_verbs), base_form=phrase.form == "base")
    if _VAGUE.intersection(phrase.verbs):
        raise Unclear(
            f"'{phrase.spelt}' could mean several operations; name them: create, list, read, update, delete"
        )
    meant = [name for name in CRUD if set(SYNONYMS[name]).intersection(phrase.verbs)]
    for name in meant:
        if noun is not None and (other is None or _references(noun, other, preposition)):
            options += _plain(name, noun, other, preposition)
    return choices.pick(options)


def _known(found: ResolvedOperation, scope: Scope) -> bool:
    action = found.action
    return action is not None and scope.action(found.entity, (action.verb,), action.object) is not None


def _plain(
    name: Operation, noun: Entity | None, other: Entity | None, preposition: str
) -> list[ResolvedOperation]:
    """Return the CRUD operations on the noun; the noun after the preposition can only be its parent."""
    if noun is None:
        raise Unclear(f"it does not say what to {name}")
    if other is None:
        return [ResolvedOperation(noun.name, name)]
    references = _references(noun, other, preposition)
    if not references:
        raise Unclear(
            f"{a(noun.name)} does not belong to {a(other.name)}; "
            f"write '{a(noun.name).capitalize()} belongs to {a(other.name)}.'"
        )
    return [
        ResolvedOperation(noun.name, name, parent=Participant(other.name, "reference", each.name))
        for each in references
    ]


def _references(noun: Entity, other: Entity, preposition: str) -> list[Reference]:
    """Return the references that the preposition between the two nouns can express."""
    return [each for each in noun.references if each.target == other.name and preposition in BELONGING]


def _actions(
    verbs: tuple[str, ...], noun: Entity | None, other: Entity | None, preposition: str, scope: Scope
) -> list[ResolvedOperation]:
    """Return the actions that the verb may mean: on the noun, or on another entity with the noun as its object."""
    if noun is None:
        assert other is not None  # noqa: S101  one of the two is given
        return _loose(verbs, other, preposition, scope)
    if other is None:
        own = _own(noun.name, verbs, None, scope)
        others = [
            ResolvedOperation(name, each.name, each) for name, each in scope.with_object(verbs, noun.name)
        ]
        if not others and not _known(own, scope):
            _refuse_without_object(verbs, noun, scope)
        return ([own] if _known(own, scope) else []) + others or [own]
    own = _own(noun.name, verbs, None, scope)
    parents = _references(noun, other, preposition)
    options = [replace(own, parent=Participant(other.name, "reference", each.name)) for each in parents]
    if preposition != "of":
        options.append(_own(other.name, verbs, noun.name, scope))
    if not options:
        raise Unclear(f"{a(noun.name)} does not belong to {a(other.name)}")
    return options


def _refuse_without_object(verbs: tuple[str, ...], noun: Entity, scope: Scope) -> None:
    """Raise Unclear for "applying an order" if the known action is applying a discount code to an order."""
    for each in scope.actions(noun.name):
        if each.verb in verbs and each.object:
            raise Unclear(
                f"'{each.verb}' has an object here; state what is done with {a(each.object)}, such as "
                f"'{each.name.replace('-', ' ')}'"
            )


def _loose(verbs: tuple[str, ...], other: Entity, preposition: str, scope: Scope) -> list[ResolvedOperation]:
    """Return the actions of a verb that has no object before the preposition, as in "withdrawing from an account"."""
    phrasal = tuple(f"{verb} {preposition}" for verb in verbs)
    known = [
        ResolvedOperation(other.name, each.name, each)
        for each in (scope.action(other.name, verbs, None), scope.action(other.name, phrasal, None))
        if each is not None
    ]
    if scope.with_object(verbs, other.name):
        raise Unclear(f"leave out '{preposition}' before {a(other.name)}")
    if not known and preposition in PARTICLES:
        raise Unclear(f"'{phrasal[0]}' is a single verb here", aside=True)
    return known or [_own(other.name, verbs, None, scope)]


def _own(entity: str, verbs: tuple[str, ...], obj: str | None, scope: Scope) -> ResolvedOperation:
    action = scope.action(entity, verbs, obj) or Action(verb=safe_name(verbs[0]), object=obj)
    return ResolvedOperation(entity, action.name, action)
