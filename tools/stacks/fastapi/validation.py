"""Checks whether a service can be generated from a blueprint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.blueprint import api_outline
from tools.blueprint.model import CRUD, Blueprint, CustomOperation, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab, plural, snake
from tools.blueprint.regex_dialect import not_portable
from tools.errors import ToolError
from tools.stacks.fastapi.conditions import computed_function, known_field
from tools.stacks.fastapi.custom import custom_path
from tools.stacks.fastapi.identifiers import attribute, class_name, identifier
from tools.stacks.fastapi.tables import target_of
from tools.stacks.fastapi.values import NUMERIC

NAME_LENGTH = 60
"""Maximum length of a name in characters; PostgreSQL truncates identifiers after 63 bytes."""


def validate(blueprint: Blueprint) -> None:
    """Raise ToolError with a list of all problems if no service can be generated from the blueprint."""
    problems = list(_problems(blueprint))
    if problems:
        raise ToolError(
            "The blueprint cannot be generated as a service:\n" + "\n".join(f"- {p}" for p in problems)
        )


def _problems(blueprint: Blueprint) -> Iterator[str]:
    if not kebab(blueprint.service):
        yield f"the service name {blueprint.service!r} has no ASCII letter or digit"
    yield from _same("path", [collection_path(each.name) for each in blueprint.entities])
    yield from _same("class", [class_name(each.name) for each in blueprint.entities])
    yield from _same("module", [identifier(each.name) for each in blueprint.entities])
    computed = [(one, each) for one in blueprint.entities for each in one.fields if each.computed is not None]
    yield from _same("function", [computed_function(entity, field) for entity, field in computed])
    yield from _same("custom file", [custom_path(each) for one in blueprint.entities for each in one.custom])
    for entity in blueprint.entities:
        for problem in (*_entity_problems(blueprint, entity), *_rule_problems(blueprint, entity)):
            yield f"{entity.name}: {problem}"


def _entity_problems(blueprint: Blueprint, entity: Entity) -> Iterator[str]:
    yield from _bad_name(entity.name)
    yield from _bad_name(plural(entity.name))
    members = ["id", "createdAt", "updatedAt"] + (["status"] if entity.initial_state is not None else [])
    members += [camel(f"{each.name} id") for each in entity.references]
    members += [
        camel(each.name) for each in entity.fields if each.name != "status" or entity.initial_state is None
    ]
    yield from _same("member", members)
    yield from _same("attribute", [attribute(each.name) for each in entity.fields])
    acts = [each.name for each in entity.actions] + [each.name for each in entity.custom]
    yield from _same("function", [identifier(each) for each in acts])
    yield from _same("path", [kebab(each) for each in acts])
    for custom in entity.custom:
        yield from _custom_problems(blueprint, entity, custom)
    for reference in entity.references:
        yield from _bad_name(reference.name)
        if blueprint.entity(reference.target) is None:
            yield f"belongs to {reference.target!r}, which does not exist"
    for field in entity.fields:
        yield from _field_problems(blueprint, entity, field)
    for action in entity.actions:
        yield from _bad_name(action.name)
        key = api_outline.object_key(blueprint, action)
        yield from _same(
            f"input of {action.name}", [camel(each.name) for each in action.inputs] + ([key] if key else [])
        )
        for field in action.inputs:
            yield from _field_problems(blueprint, entity, field)
        if action.object is not None and blueprint.entity(action.object) is None:
            yield f"{action.name} names {action.object!r}, which does not exist"


def _custom_problems(blueprint: Blueprint, entity: Entity, custom: CustomOperation) -> Iterator[str]:
    yield from _bad_name(f"{entity.name} {custom.name}")
    yield from _bad_name(custom.name)
    if custom.entity != entity.name:
        yield f"{custom.name} is declared for {custom.entity!r}"
    if custom.name in CRUD:
        yield f"{custom.name} is a CRUD operation, so it cannot be a custom one"
    returned = (*custom.returns, FieldSpec(name="items", type="text")) if custom.items else custom.returns
    for what, fields in (("input", custom.inputs), ("member", returned), ("item", custom.items)):
        yield from _same(f"{what} of {custom.name}", [camel(each.name) for each in fields])
        for field in fields:
            yield from _field_problems(blueprint, entity, field)


def _rule_problems(blueprint: Blueprint, entity: Entity) -> Iterator[str]:
    """Yield problems with rules that their operation does not support, and filters or sort keys without a field."""
    actions = {each.name for each in entity.actions}
    for guard in entity.guards:
        if guard.operation not in actions | {"create", "read", "update", "delete"}:
            yield f"{guard.operation!r} does not support guards"
    for effect in entity.effects:
        if effect.operation not in actions | {"create", "update", "delete"}:
            yield f"{effect.operation!r} does not support effects"
    for limit in entity.limits:
        counted = target_of(blueprint, entity, limit.operation, limit.per, "")
        if counted is None or limit.operation not in actions | {"update"}:
            yield f"{limit.operation!r} does not support limits"
    for name in [*(each.field for each in entity.filters), *(each.field for each in entity.sorts)]:
        if known_field(entity, name) is None:
            yield f"lists are filtered or sorted by {name!r}, which does not exist"


def _field_problems(blueprint: Blueprint, entity: Entity, field: FieldSpec) -> Iterator[str]:
    yield from _bad_name(field.name)
    if field.type == "choice" and not field.choices:
        yield f"{field.name} has no choices"
    if field.pattern is not None:
        yield from _pattern_problems(field.name, field.pattern)
    if field.computed is None:
        return
    child = blueprint.entity(field.computed.child)
    if field.type not in NUMERIC:
        yield f"{field.name} is computed, so it must be a number"
    if child is None or child.reference(field.computed.reference) is None:
        yield f"{field.name} is computed over {field.computed.child!r}, which does not belong to it"
        return
    for factor in field.computed.factors:
        field_ = child.field(factor)
        if field_ is None or field_.type not in NUMERIC:
            yield f"{field.name} is computed from {factor!r}, which is not a numeric field of {child.name}"
    if _computed_from(blueprint, entity.name, field.name, {(entity.name, field.name)}):
        yield f"{field.name} is computed from itself"


def _computed_from(blueprint: Blueprint, entity: str, field: str, aim: set[tuple[str, str]]) -> bool:
    """Return whether a computed field depends on itself or on a field in `aim`, given as (entity, field) name pairs."""
    owner = blueprint.entity(entity)
    spec = owner.field(field) if owner else None
    if spec is None or spec.computed is None:
        return False
    child = spec.computed.child
    return any(
        (child, factor) in aim or _computed_from(blueprint, child, factor, aim | {(child, factor)})
        for factor in spec.computed.factors
    )


def _pattern_problems(name: str, pattern: str) -> Iterator[str]:
    import regex  # noqa: PLC0415  only for stories with patterns

    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        yield f"{name} must match /{pattern}/, which is not a regular expression: {error}"
    else:
        if part := not_portable(pattern):
            yield f"{name} must match /{pattern}/, whose `{part}` Python and ECMAScript do not read alike"


def _bad_name(name: str) -> Iterator[str]:
    if not re.search("[a-z]", snake(name)):
        yield f"{name!r} has no ASCII letter to derive a name from"
    if len(snake(name)) > NAME_LENGTH:
        yield f"{name!r} is longer than {NAME_LENGTH} characters"


def _same(what: str, names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"two of them would have the same {what}, {name!r}"
        seen.add(name)
