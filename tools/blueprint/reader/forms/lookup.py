"""Lookup of the words of a sentence in a blueprint.

Singular and plural forms match each other, as do hyphens and spaces. All matches are returned; the caller chooses
among them or reports an ambiguity.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tools.blueprint.model import Blueprint, Entity, FieldSpec, Reference
from tools.blueprint.names import plural, singulars
from tools.blueprint.reader.grammar.text import NAME

COUNTS = ("integer", "number")
"""The field types that can hold a count."""
STATUS = "status"


@cache
def number_forms(words: str) -> frozenset[str]:
    """Return the words in lower case, together with their singular and plural forms."""
    lower = " ".join(words.lower().split())
    if not NAME.fullmatch(lower):
        return frozenset({lower})
    return frozenset({lower, plural(lower), *singulars(lower)})


def named(words: str, names: Iterable[str]) -> list[str]:
    """Return the names that match the words exactly, otherwise those that match apart from number and hyphens."""
    pool = list(dict.fromkeys(names))
    exact = [name for name in pool if name == words.lower()]
    if exact:
        return exact
    spaced = {each.replace("-", " ") for each in number_forms(words)}
    return [name for name in pool if name in number_forms(words) or name.replace("-", " ") in spaced]


def says_field(words: str, name: str) -> bool:
    """Return whether the words can mean a boolean field: "active" matches the fields "active" and "is active"."""
    return bool(named(words, [name])) or name == f"is {words.lower()}"


def entities(blueprint: Blueprint, words: str) -> list[str]:
    """Return the entities of that name, otherwise those that end with it ("code" for "discount code")."""
    return called(words, [each.name for each in blueprint.entities])


def called(words: str, names: Iterable[str]) -> list[str]:
    """Return the names that match the words, otherwise those that end with them."""
    pool = list(names)
    endings = tuple(f" {form}" for form in number_forms(words))
    return named(words, pool) or [name for name in pool if name.endswith(endings)]


def split_noun(blueprint: Blueprint, words: str) -> list[tuple[str, str]]:
    """Split words such as "expired discount code" into (leading words, entity), once per possible entity.

    Longer names take precedence over shorter ones, and full names over the last words of a name.
    """
    names = [each.name for each in blueprint.entities]
    pieces = words.split()
    parts = [(" ".join(pieces[:index]), " ".join(pieces[index:])) for index in range(len(pieces))]
    for before, noun in parts:
        if found := named(noun, names):
            return [(before, name) for name in found]
    for before, noun in parts:
        if found := entities(blueprint, noun):
            return [(before, name) for name in found]
    return []


def fields(entity: Entity, words: str) -> list[FieldSpec]:
    """Return the entity's fields of that name, including the status of an entity with states."""
    specs = {each.name: each for each in (*entity.fields, *status_field(entity))}
    return [specs[name] for name in named(words, specs)]


def counts(blueprint: Blueprint, entity: Entity, words: str) -> bool:
    """Return whether "3 nights" means the value of a number field rather than a count of children."""
    numbers = [each for each in fields(entity, words) if each.type in COUNTS]
    return bool(numbers) and not children(blueprint, entity.name, words)


def status_field(entity: Entity) -> tuple[FieldSpec, ...]:
    """Return the status of an entity with states as a choice field, or an empty tuple for other entities."""
    if entity.initial_state is None:
        return ()
    return (FieldSpec(name=STATUS, type="choice", choices=entity.states),)


def inputs(entity: Entity, operation: str, words: str) -> list[FieldSpec]:
    """Return the action's inputs of that name."""
    action = entity.action(operation)
    specs = {each.name: each for each in action.inputs} if action else {}
    return [specs[name] for name in named(words, specs)]


def children(blueprint: Blueprint, parent: str, words: str) -> list[tuple[str, Reference]]:
    """Return the entities of that name, paired with each of their references to the parent."""
    found = [blueprint.entity(name) for name in entities(blueprint, words)]
    return [
        (child.name, reference)
        for child in found
        if child is not None
        for reference in child.references
        if reference.target == parent
    ]


def references(entity: Entity, words: str) -> list[Reference]:
    """Return the references of that name, otherwise those to an entity that has or ends with that name."""
    by_name = {each.name: each for each in entity.references}
    if found := named(words, by_name):
        return [by_name[name] for name in found]
    return [each for each in entity.references if called(words, [each.target])]
