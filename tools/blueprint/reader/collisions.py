"""Checks for invalid names and for names that collide within a service."""

from __future__ import annotations

from collections.abc import Iterable

from tools.blueprint.model import Blueprint, Entity
from tools.blueprint.names import camel, collection_path, kebab, snake
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.grammar.text import NAME

LONGEST_NAME = 50
"""Maximum length of a name in characters; databases truncate identifiers at 63."""

_OWN_FIELDS = {"id": "id", "createdAt": "created at", "updatedAt": "updated at"}
_OWN_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi-yaml", "/docs")
_QUERY = ("limit", "offset", "sort")


def safe_name(words: str) -> str:
    """Normalise the words to a lower-case name. Raises Unclear if they are not a valid name."""
    name = " ".join(words.lower().split())
    if not NAME.fullmatch(name):
        raise Unclear(
            f"'{words[:40]}' is not a valid name; names consist of letters, digits, spaces and hyphens"
        )
    if len(name) > LONGEST_NAME:
        raise Unclear(f"'{name[:37]}...' is too long for a name; use at most {LONGEST_NAME} characters")
    return name


def check_names(blueprint: Blueprint, name: str) -> None:
    """Raise Unclear if names within the entity collide, or if its own name collides with another entity's."""
    entity = blueprint.entity(name)
    if entity is None:
        return
    path = collection_path(name)
    others = [each.name for each in blueprint.entities if each.name != name]
    if path in _OWN_PATHS:
        raise Unclear(f"every service already has the path {path}; choose another name for '{name}'")
    for other in others:
        if collection_path(other) == path or snake(other) == snake(name):
            raise Unclear(f"'{name}' and '{other}' would have the same path; rename one of them")
    _check_members(entity)
    acts = [each.name for each in entity.actions] + [each.name for each in entity.custom]
    _check_distinct("path", [(kebab(each), each) for each in acts])
    for action in entity.actions:
        _check_distinct("spelling", [(camel(each.name), each.name) for each in action.inputs])
    for each in entity.filters:
        if camel(each.field) in _QUERY:
            raise Unclear(f"lists cannot be filtered by '{each.field}': paging uses a parameter of that name")


def _check_members(entity: Entity) -> None:
    ruled = entity.initial_state is not None
    members = [(camel(each.name), each.name) for each in entity.fields]
    for key, field in members:
        if key in _OWN_FIELDS:
            raise Unclear(f"every resource already has '{_OWN_FIELDS[key]}'; remove or rename '{field}'")
        if key == "status" and ruled:
            raise Unclear(
                f"'status' already holds the states of {entity.name}; remove it from the fields or rename it"
            )
    members += [(camel(f"{each.name} id"), each.name) for each in entity.references]
    _check_distinct("spelling", members)


def _check_distinct(what: str, spelt: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for key, name in spelt:
        if key in seen:
            raise Unclear(
                f"'{seen[key]}' and '{name}' would have the same {what}, '{key}'; rename one of them"
            )
        seen[key] = name
