"""Checks that resources can still be created under the rules of a blueprint."""

from __future__ import annotations

from tools.blueprint.model import Blueprint
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.forms.wording import a
from tools.blueprint.scenarios import Planner, Unreachable


def check_creatable(before: Blueprint, after: Blueprint, name: str) -> None:
    """Raise Unclear if resources of the entity could be created before a sentence was added, but not after it.

    An entity with a reference to one that no sentence has defined yet is not checked.
    """
    entity = after.entity(name)
    if entity is None or any(after.entity(each.target) is None for each in entity.references):
        return
    if _is_creatable(before, name) and not _is_creatable(after, name):
        raise Unclear(
            f"with it, no request that creates {a(name)} would be accepted; change it, or the limits, rules or "
            "references that it conflicts with"
        )


def _is_creatable(blueprint: Blueprint, name: str) -> bool:
    entity = blueprint.entity(name)
    if entity is None:
        return True
    try:
        return entity.offers("create") and bool(Planner(blueprint).plain(entity))
    except Unreachable:
        return False
