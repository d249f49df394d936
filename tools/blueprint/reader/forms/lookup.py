"""Looking up the words of a sentence in a blueprint.

Singular and plural are the same name, and so are a hyphen and a space. All matches are returned; the caller decides
between several or calls them ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tools.blueprint.model import Blueprint, Entity, FieldSpec, Reference
from tools.blueprint.names import plural, singulars
from tools.blueprint.reader.grammar.text import NAME

COUNTS = ("integer", "number")
"""Types of fields that can hold a count."""
STATUS = "status"


@cache
def number_forms(words: str) -> frozenset[str]:
    """The words in lower case with their singulars and their plural."""
    lower = " ".join(words.lower().split())
    if not NAME.fullmatch(lower):
        return frozenset({lower})
    return frozenset({lower, plural(lower), *singulars(lower)})


def named(words: str, names: Iterable[str]) -> list[str]:
    """The names that match the words: exactly, otherwise ignoring number and hyphens."""
    pool = list(dict.fromkeys(names))
    exact = [name for name in pool if name == words.lower()]
    if exact:
        return exact
    spaced = {each.replace("-", " ") for each in number_forms(words)}
    return [name for name in pool if name in number_forms(words) or name.replace("-", " ") in spaced]


def says_field(words: str, name: str) -> bool:
    """Whether "that is ..." can mean the boolean field: "active" means "active" and "is active"."""
    return bool(named(words, [name])) or name == f"is {words.lower()}"


def entities(blueprint: Blueprint, words: str) -> list[str]:
    """Entities of that name, otherwise those that end with it ("code" for "discount code")."""
    return called(words, [each.name for each in blueprint.entities])


def called(words: str, names: Iterable[str]) -> list[str]:
    """The names that match the words, otherwise those that end with them."""
    pool = list(names)
    endings = tuple(f" {form}" for form in number_forms(words))
    return named(words, pool) or [name for name in pool if name.endswith(endings)]


def split_noun(blueprint: Blueprint, words: str) -> list[tuple[str, str]]:
    """Split "expired discount code" into the leading words and the entity, for each possible entity.

    The longest name wins, and a whole name over the last words of one.
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
    """Fields of that name, including the status of an entity with states."""
    specs = {each.name: each for each in (*entity.fields, *status_field(entity))}
    return [specs[name] for name in named(words, specs)]


def counts(blueprint: Blueprint, entity: Entity, words: str) -> bool:
    """Whether "3 nights" means a number field of the entity, not a count of its children."""
    numbers = [each for each in fields(entity, words) if each.type in COUNTS]
    return bool(numbers) and not children(blueprint, entity.name, words)


def status_field(entity: Entity) -> tuple[FieldSpec, ...]:
    """The status of an entity with states as a field; nothing for other entities."""
    if entity.initial_state is None:
        return ()
    return (FieldSpec(name=STATUS, type="choice", choices=entity.states),)


def inputs(entity: Entity, operation: str, words: str) -> list[FieldSpec]:
    """Inputs of that name that the action has."""
    action = entity.action(operation)
    specs = {each.name: each for each in action.inputs} if action else {}
    return [specs[name] for name in named(words, specs)]


def children(blueprint: Blueprint, parent: str, words: str) -> list[tuple[str, Reference]]:
    """Entities of that name with each of their references to the parent."""
    found = [blueprint.entity(name) for name in entities(blueprint, words)]
    return [
        (child.name, reference)
        for child in found
        if child is not None
        for reference in child.references
        if reference.target == parent
    ]


def references(entity: Entity, words: str) -> list[Reference]:
    """References of that name, or to an entity that has or ends with that name."""
    by_name = {each.name: each for each in entity.references}
    if found := named(words, by_name):
        return [by_name[name] for name in found]
    return [each for each in entity.references if called(words, [each.target])]
