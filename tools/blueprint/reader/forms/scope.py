"""The names that a sentence can refer to, taken from the blueprint so far and from the story itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from tools.blueprint.model import Action, Blueprint, Entity
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.forms import english, lookup
from tools.blueprint.reader.forms.wording import a, some
from tools.blueprint.reader.grammar.phrases import Condition, Is, Thing

_DIRECTIONS = ("ascending", "descending", "asc", "desc", "increasing", "decreasing")


def no_field(entity: str, words: str) -> Unclear:
    """Return the error for a field that the entity lacks, with a hint on how to add it if the words can name one."""
    named = [each for each in words.split() if each.lower() not in _DIRECTIONS]
    if len(named) < len(words.split()):
        said = f"{entity} has no field '{words}', and the direction of sorting is left to the client"
        return Unclear(f"{said}; write 'sorted by {' '.join(named)}'" if named else said)
    if not english.can_be_field(words):
        return Unclear(f"{entity} has no field '{words}'; use the name of one of its fields")
    return Unclear(
        f"{entity} has no field '{words}'; write '{a(entity).capitalize()} also has {some(words)} (text).'"
    )


@dataclass
class Scope:
    """The entities, actions and states known so far; updated while a story is read."""

    before: Blueprint
    """The blueprint from before the story."""
    blueprint: Blueprint
    """The blueprint extended by everything that has been understood so far."""
    mentioned: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    """Actions that the story mentions, by entity, whether or not their sentences turn out to be covered."""
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """States in which an entity starts or to which it changes, by entity."""
    statuses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Choices of a status field that was declared before the states were, by entity."""
    subjects: frozenset[str] = frozenset()
    """Names of the existing entities and of everything that has fields in the story, as written but in lower case."""
    related: frozenset[str] = frozenset()
    """Names, as written, of everything that has a parent in the story."""
    undefined: dict[str, str] = field(default_factory=dict)
    """Entities defined only by a criterion that is not covered, with the id of that criterion."""

    def entity(self, name: str) -> Entity:
        """Return the entity of exactly that name. Raises Unclear if there is none."""
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
        """Return a noun's entity and the conditions on it; "an expired code" is read as a code that is expired."""
        words = thing.noun.words
        found = lookup.split_noun(self.blueprint, words)
        if not found:
            raise self.unknown(words)
        adjectives, name = choices.pick(found)
        before: tuple[Condition, ...] = (Is((adjectives,)),) if adjectives else ()
        return self.entity(name), before + thing.conditions

    def is_entity(self, words: str) -> bool:
        """Return whether the words are the full name of an entity."""
        return bool(lookup.named(words, [each.name for each in self.blueprint.entities]))

    def actions(self, entity: str) -> tuple[Action, ...]:
        """Return the entity's actions, whether defined in the blueprint or only mentioned in the story."""
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
        """Return (entity name, action) pairs for all actions with one of these verbs and that object."""
        found = [(each.name, self.action(each.name, tuple(verbs), obj)) for each in self.blueprint.entities]
        return [(name, action) for name, action in found if action is not None]

    def mention(self, entity: str, action: Action) -> None:
        """Record an action that a sentence mentions, unless it is already known."""
        if self.action(entity, (action.verb,), action.object) is None:
            self.mentioned[entity] = (*self.mentioned.get(entity, ()), action)

    def unknown(self, words: str) -> Unclear:
        """Return the error for words that name no entity, with the most helpful hint."""
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
