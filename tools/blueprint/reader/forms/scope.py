"""The names that a sentence can refer to: the service so far, and what the story itself mentions."""

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
    """Return that an entity lacks a field, and how to add it."""
    return Unclear(
        f"{entity} has no field '{words}'; write '{a(entity).capitalize()} also has {some(words)} (text).'"
    )


@dataclass
class Scope:
    """Everything that is known so far; grows while a story is read."""

    before: Blueprint
    """The service before the story."""
    blueprint: Blueprint
    """The service with everything that has been understood so far."""
    mentioned: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    """By entity, the actions that the story mentions, whether or not the sentence is covered in the end."""
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By entity, the states it starts in or goes to."""
    statuses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By entity, the choices of a status field that was declared before the states were."""
    subjects: frozenset[str] = frozenset()
    """Names, as written, of everything that has fields in the story or the service before."""
    related: frozenset[str] = frozenset()
    """Names, as written, of everything that belongs to something in the story."""
    undefined: dict[str, str] = field(default_factory=dict)
    """Entities that only a sentence defines that is not covered, with its id."""

    def entity(self, name: str) -> Entity:
        """Return a known entity."""
        found = self.blueprint.entity(name)
        if found is None:
            raise self.unknown(name)
        return found

    def named(self, words: str, choices: Choices) -> Entity:
        """Return the entity that the words name. Raises Unclear if there is none."""
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
        """Return the entity's actions, in the blueprint or only mentioned."""
        known = self.blueprint.entity(entity)
        return (known.actions if known else ()) + self.mentioned.get(entity, ())

    def action(self, entity: str, verbs: Iterable[str], obj: str | None) -> Action | None:
        """Return the entity's action with one of these verbs and that object, or None."""
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
        """Return the actions of all entities with one of these verbs and that object."""
        found = [(each.name, self.action(each.name, tuple(verbs), obj)) for each in self.blueprint.entities]
        return [(name, action) for name, action in found if action is not None]

    def mention(self, entity: str, action: Action) -> None:
        """Remember an action that a sentence mentions."""
        if self.action(entity, (action.verb,), action.object) is None:
            self.mentioned[entity] = (*self.mentioned.get(entity, ()), action)

    def unknown(self, words: str) -> Unclear:
        """Return that there is no entity of that name."""
        for name, criterion in self.undefined.items():
            if lookup.named(words, [name]):
                return Unclear(f"it refers to '{name}', which {criterion} defines; fix that criterion first")
        known = [each.name for each in self.blueprint.entities]
        if all(lookup.named(each, known) for each in words.split(" and ")):
            return Unclear(
                f"it refers to several entities; write one sentence for each: {words.replace(' and ', ', ')}",
                aside=True,
            )
        noun = min(lookup.number_forms(words), key=len)
        if close := get_close_matches(noun, known, n=1, cutoff=0.75):
            return Unclear(f"unknown entity '{noun}'; did you mean '{close[0]}'?", aside=True)
        why = f"unknown entity '{noun}'; define it first: '{a(noun).capitalize()} has a name (text).'"
        return Unclear(why, aside=True)
