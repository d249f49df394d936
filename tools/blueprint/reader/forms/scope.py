"""What a story's sentences are read against: the service so far, and what the story itself speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from tools.blueprint.model import Action, Blueprint, Entity
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.wording import a, some
from tools.blueprint.reader.grammar.phrases import Condition, Is, Thing


def no_field(entity: str, words: str) -> Unclear:
    """Say that an entity lacks a field, and how to give it one."""
    return Unclear(
        f"{entity} has no field '{words}'; say '{a(entity).capitalize()} also has {some(words)} (text).'"
    )


@dataclass
class Scope:
    """Grows while a story is read."""

    before: Blueprint
    """The service before the story."""
    blueprint: Blueprint
    """The service with all that is understood so far."""
    mentioned: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    """By entity, the actions that the story speaks of, whether or not the sentence is covered in the end."""
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By entity, the states it starts in or goes to."""
    statuses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By entity, the choices of a status that was declared before states came to rule it."""
    subjects: frozenset[str] = frozenset()
    """Names, as they are written, of all that the story or the service before says that it has something."""
    related: frozenset[str] = frozenset()
    """Names, as they are written, of all that the story says belongs to something."""
    undefined: dict[str, str] = field(default_factory=dict)
    """Entities that a sentence defines that is not covered, with its id."""

    def entity(self, name: str) -> Entity:
        """Return a known entity."""
        found = self.blueprint.entity(name)
        if found is None:
            raise self.unknown(name)
        return found

    def named(self, words: str, choices: Choices) -> Entity:
        """Return the entity that the words name. Raises Unclear when there is none."""
        found = lookup.entities(self.blueprint, words)
        if not found:
            raise self.unknown(words)
        return self.entity(choices.pick(found))

    def thing(self, thing: Thing, choices: Choices) -> tuple[Entity, tuple[Condition, ...]]:
        """Return a noun's entity and all conditions on it; "an expired code" is a code that is expired."""
        words = thing.noun.words
        found = lookup.split_noun(self.blueprint, words)
        if not found:
            raise self.unknown(words)
        adjectives, name = choices.pick(found)
        before: tuple[Condition, ...] = (Is((adjectives,)),) if adjectives else ()
        return self.entity(name), before + thing.conditions

    def is_entity(self, words: str) -> bool:
        """Whether the words are the whole name of an entity."""
        return bool(lookup.named(words, [each.name for each in self.blueprint.entities]))

    def actions(self, entity: str) -> tuple[Action, ...]:
        """Return the entity's actions, in the blueprint or only spoken of."""
        known = self.blueprint.entity(entity)
        return (known.actions if known else ()) + self.mentioned.get(entity, ())

    def action(self, entity: str, verbs: Iterable[str], obj: str | None) -> Action | None:
        """Return the entity's action of one of these verbs with that object, or None."""
        wanted = {each.replace("-", " ") for each in verbs}
        return next(
            (
                each
                for each in self.actions(entity)
                if each.verb.replace("-", " ") in wanted and each.object == obj
            ),
            None,
        )

    def with_object(self, verbs: Iterable[str], obj: str) -> list[tuple[str, Action]]:
        """Return the actions of any entity of one of these verbs with that object."""
        found = [(each.name, self.action(each.name, tuple(verbs), obj)) for each in self.blueprint.entities]
        return [(name, action) for name, action in found if action is not None]

    def mention(self, entity: str, action: Action) -> None:
        """Remember an action that a sentence speaks of."""
        if self.action(entity, (action.verb,), action.object) is None:
            self.mentioned[entity] = (*self.mentioned.get(entity, ()), action)

    def unknown(self, words: str) -> Unclear:
        """Say that no entity is called that."""
        for name, criterion in self.undefined.items():
            if lookup.named(words, [name]):
                return Unclear(f"it speaks of '{name}', which {criterion} defines; mend that one first")
        known = [each.name for each in self.blueprint.entities]
        if all(lookup.named(each, known) for each in words.split(" and ")):
            return Unclear(
                f"it speaks of several; say it once of each: {words.replace(' and ', ', ')}", aside=True
            )
        noun = min(lookup.number_forms(words), key=len)
        if close := get_close_matches(noun, known, n=1, cutoff=0.75):
            return Unclear(f"there is no '{noun}'; is '{close[0]}' meant?", aside=True)
        why = f"there is no '{noun}'; say what it has: '{a(noun).capitalize()} has a name (text).'"
        return Unclear(why, aside=True)
