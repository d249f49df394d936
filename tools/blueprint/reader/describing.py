"""Descriptions of existing services in sentence forms, short enough for a model that will write new sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.blueprint import model
from tools.blueprint.names import plural
from tools.blueprint.reader.facts import ComputedField, Exists, Fact, InputField, OfferedOperations
from tools.blueprint.reader.forms.wording import a, field, listing
from tools.blueprint.reader.paraphrase import callers, entity_facts, gerund_phrase, sentences

MOST_BYTES = 4_000
_LAST: tuple[type, ...] = (model.Limit, ComputedField, model.Access, OfferedOperations)
"""Types of parts that are described last, in this order."""
_GATHERED = (Exists, model.Action, InputField, model.Filter, model.Sort)
"""Types of parts that have no sentence of their own in the description, or that share one."""


def describe_service(blueprint: model.Blueprint, most_bytes: int = MOST_BYTES) -> list[str]:
    """Describe all entities and custom operations in sentences; a last line counts those omitted for length, if any."""
    lines = [sentence for entity in blueprint.entities for sentence in _sentences(blueprint, entity)]
    size = 0
    for index, sentence in enumerate(lines):
        size += len(sentence.encode()) + 4
        if size > most_bytes:
            left = len(lines) - index
            return [
                *lines[:index],
                f"({left} more are omitted; blueprint.yaml on the main branch has all of them.)",
            ]
    return lines


def describe_custom(custom: model.CustomOperation) -> str:
    """Describe a custom operation, for which there is no sentence form."""
    parts = [f'Custom {custom.kind} "{custom.name}" of {a(custom.entity)}: {custom.does}']
    for name, specs in (("inputs", custom.inputs), ("returns", custom.returns), ("items", custom.items)):
        parts += [f"{name}: {field_list(specs)}"] if specs else []
    parts += [f"only for {listing(map(a, custom.roles), 'or')}"] if custom.roles else []
    return "; ".join(part.rstrip(".") for part in parts) + "."


def field_list(specs: Sequence[model.FieldSpec]) -> str:
    """Return field definitions as text, such as "a rate (number, at least 0), a start (date, optional)"."""
    return ", ".join(map(field, specs))


def _sentences(blueprint: model.Blueprint, entity: model.Entity) -> Iterator[str]:
    facts = [each for each in entity_facts(entity) if not isinstance(each.part, _GATHERED)]
    facts = [each for each in facts if not _is_shared(entity, each)]
    facts.sort(key=lambda each: _LAST.index(type(each.part)) + 1 if type(each.part) in _LAST else 0)
    yield from sentences(facts, blueprint)
    for action in entity.actions:
        if action.inputs:
            yield _sentence(
                f"{gerund_phrase(blueprint, entity.name, action.name)} requires {_fields(action.inputs)}"
            )
    yield from _shared_access(entity)
    yield from _finding(entity)
    yield from map(describe_custom, entity.custom)


def _is_shared(entity: model.Entity, fact: Fact) -> bool:
    """Return whether the fact restricts access to a CRUD operation; such facts are described together."""
    return isinstance(fact.part, model.Access) and entity.action(fact.part.operation) is None


def _shared_access(entity: model.Entity) -> Iterator[str]:
    by_callers: dict[str, list[str]] = {}
    for access in entity.access:
        if entity.action(access.operation) is None:
            by_callers.setdefault(callers(access), []).append(access.operation)
    for who, operations in by_callers.items():
        yield _sentence(f"only {who} can {listing(operations, 'or')} {plural(entity.name)}")


def _finding(entity: model.Entity) -> Iterator[str]:
    ways = [
        ("filtered", [each.field for each in entity.filters]),
        ("sorted", [each.field for each in entity.sorts]),
    ]
    phrases = [f"{way} by {listing(names)}" for way, names in ways if names]
    if phrases:
        yield _sentence(f"{plural(entity.name)} can be {', and '.join(phrases)}")


def _fields(specs: Sequence[model.FieldSpec]) -> str:
    return listing(map(field, specs))


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."
