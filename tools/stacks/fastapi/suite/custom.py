"""Generates the tests of custom operations: that they are implemented, who may call them and what they reject.

The contract tests check the form of the responses; only examples can check their content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tools.blueprint import api_outline
from tools.blueprint.model import Blueprint, Criterion, CustomOperation, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab
from tools.blueprint.sample_values import sample
from tools.blueprint.simulated_requests import Expression, Given
from tools.stacks.fastapi.custom import custom_path
from tools.stacks.fastapi.pytest_source import Case, Values, factory, literal, named
from tools.stacks.fastapi.rendering import Code, format_python, render
from tools.stacks.fastapi.suite.access import bad_callers
from tools.stacks.fastapi.suite.suite import Suite, invalid_values
from tools.stacks.fastapi.values import NUMERIC


def custom_module(blueprint: Blueprint) -> str:
    """Return the source of `tests/custom.py`."""
    found = {
        _label(entity, each): (f"{entity.name} {each.name}", custom_path(each))
        for entity in blueprint.entities
        for each in entity.custom
    }
    inner = ", ".join(
        f"{literal(key)}: ({literal(name)}, {literal(path)})" for key, (name, path) in found.items()
    )
    return format_python(render("tests/custom.py.j2", files=Code(f"{{{inner}}}")))


def custom_cases(
    suite: Suite, criterion: Criterion, entity: Entity, custom: CustomOperation
) -> Iterator[Case]:
    """Yield the tests of a custom operation that do not depend on what it does."""
    name = custom.name
    lines = [f"why = unwritten({literal(_label(entity, custom))})", "", "assert not why, why"]
    yield Case(criterion, f"{name} is written", tuple(lines), fixture="", named=True)
    nowhere = _request(entity, custom, "NOWHERE", {})
    yield named(criterion, f"{name} of an unknown {entity.name}", [f"refused({nowhere}, 404)"])
    yield from _access(suite, criterion, entity, custom)
    good = {camel(each.name): sample(each) for each in custom.inputs if each.required}
    if not suite.makes(entity) or any(each is None for each in good.values()):
        return
    made = f"{_own(entity)} = make_{factory(entity.name)}(api)"

    def refused(body: Mapping[str, Given], field: str) -> list[str]:
        request = _request(entity, custom, f"{_own(entity)}['id']", body)
        return [made, "", f"response = {request}", "", f'refused(response, 422, "{field}")']

    yield named(criterion, f"{name} takes nothing else", refused(good | {"surplus": 1}, "surplus"))
    for field in custom.inputs:
        key = camel(field.name)
        shown = refused(good | {key: Expression("value", None)}, key)
        if bad := _bad(custom, field):
            yield named(criterion, f"{name} {field.name} is refused", shown, bad)
        if field.required:
            rest = {other: value for other, value in good.items() if other != key}
            yield named(criterion, f"{name} {field.name} is required", refused(rest, key))


def _access(suite: Suite, criterion: Criterion, entity: Entity, custom: CustomOperation) -> Iterator[Case]:
    if not custom.roles:
        return
    for aspect, header, status, values in bad_callers(suite, custom.roles):
        request = _request(entity, custom, "NOWHERE", {}).replace("api", f"api.calling_with({header})", 1)
        yield named(criterion, f"{custom.name} {aspect}", [f"refused({request}, {status})"], values)
    # With the role, only the unknown resource causes an error.
    request = _request(entity, custom, "NOWHERE", {}).replace("api", "api.calling_with(bearer(value))", 1)
    roles = tuple((each, each) for each in custom.roles)
    yield named(criterion, f"{custom.name} with the role", [f"refused({request}, 404)"], roles)


def _label(entity: Entity, custom: CustomOperation) -> str:
    return " ".join(api_outline.route(entity, custom.name))


def _own(entity: Entity) -> str:
    return f"the_{factory(entity.name)}"


def _request(entity: Entity, custom: CustomOperation, id_: str, body: Mapping[str, Given]) -> str:
    """Return the expression that calls a custom operation; `id_` is the expression for the resource id."""
    verb = "get" if custom.kind == "query" else "post"
    given = f", {literal(body)}" if body else ""
    return f'api.{verb}(f"{collection_path(entity.name)}/{{{id_}}}/{kebab(custom.name)}"{given})'


def _bad(custom: CustomOperation, field: FieldSpec) -> Values:
    """Return the invalid values of an input. Fewer are invalid in a query string, where all values are text."""
    found = invalid_values(field)
    return (
        found if custom.kind != "query" else tuple(each for each in found if _is_bad_in_query(field, each[1]))
    )


def _is_bad_in_query(field: FieldSpec, value: object) -> bool:
    value = value.value if isinstance(value, Expression) else value
    if value is None or (field.type == "text" and not isinstance(value, str)):
        return False
    if field.type in NUMERIC and isinstance(value, str):
        return not value.replace(".", "").isdecimal()
    return not (field.type == "boolean" and value == "true")
