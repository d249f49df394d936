"""Generates `tests/test_contract.py` with the facts that Schemathesis cannot infer from the contract."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.api_outline import updated_references
from tools.blueprint.model import Entity
from tools.blueprint.names import camel
from tools.stacks.fastapi.pytest_source import factory, literal
from tools.stacks.fastapi.rendering import Code, format_python, render
from tools.stacks.fastapi.suite.script import object_member
from tools.stacks.fastapi.suite.suite import Suite, guard_statuses

_MANY_NARROW = 3


def contract_module(suite: Suite) -> str:
    """Return the source of `tests/test_contract.py`."""
    operations: list[str] = []
    named: list[str] = []
    rules: list[str] = []
    makes: set[str] = set()
    for entity in suite.blueprint.entities:
        for operation in api_outline.operations(entity):
            label = literal(" ".join(api_outline.route(entity, operation)))
            operations.append(label)
            members = _named(suite, entity, operation)
            if members:
                inner = ", ".join(f"{key}: ({make}, {literal(of)})" for key, make, of in members)
                named.append(f"{label}: {{{inner}}}")
                makes |= {make for _, make, _ in members}
            if api_outline.custom_of(entity, operation) is not None:
                rules.append(f"{label}: {{409, 422}}")
            elif statuses := guard_statuses(entity, operation) | _unknown_parent(suite, entity, operation):
                rules.append(f"{label}: {{{', '.join(map(str, sorted(statuses)))}}}")
    custom = any(entity.custom for entity in suite.blueprint.entities)
    imports = [
        f"from tests.bodies import {', '.join(['RESOURCES', *sorted(makes)])}",
        *(["from tests.custom import skip_unwritten"] if custom else []),
        f"from tests.support import {'' if suite.owner_members else 'AUTHORIZATION, '}ROOT, Api, Json, Service",
    ]
    return format_python(
        render(
            "tests/test_contract.py.j2",
            imports=Code("\n".join(imports)),
            custom=custom,
            owned=bool(suite.owner_members),
            narrow=any(map(_is_narrow, suite.blueprint.entities)),
            operations=Code(f"[{', '.join(operations)}]"),
            named=Code(f"{{{', '.join(named)}}}"),
            rules=Code(f"{{{', '.join(rules)}}}"),
        )
    )


def _is_narrow(entity: Entity) -> bool:
    """Return whether so many members of a body are constrained that Hypothesis discards most of what it draws."""
    fields = api_outline.written_fields(entity)
    return sum(bool(each.pattern) or (each.min_length or 0) > 1 for each in fields) >= _MANY_NARROW


def _unknown_parent(suite: Suite, entity: Entity, operation: str) -> set[int]:
    """Return the status of requests whose body must refer to a resource that no request can create, if any."""
    targets = [suite.entity(each.target) for each in entity.references]
    return {422} if operation in ("create", "update") and not all(map(suite.makes, targets)) else set()


def _named(suite: Suite, entity: Entity, operation: str) -> list[tuple[str, str, str]]:
    """Return each body member that refers to a resource, with the factory and identifying member of that resource."""
    if operation in ("create", "update"):
        return [
            (literal(camel(f"{each.name} id")), f"make_{factory(each.target)}", "id")
            for each in (updated_references(entity) if operation == "update" else entity.references)
            if suite.makes(suite.entity(each.target))
        ]
    action = entity.action(operation)
    if action is None or action.object is None or not suite.makes(suite.entity(action.object)):
        return []
    key = literal(api_outline.object_key(suite.blueprint, action))
    return [(key, f"make_{factory(action.object)}", object_member(suite.blueprint, action))]
