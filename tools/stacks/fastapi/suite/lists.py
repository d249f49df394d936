"""Generates the tests of CRUD operations, list filters and sort keys."""

from __future__ import annotations

from collections.abc import Iterator

from tools.blueprint.model import CRUD, Criterion, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, participle, plural
from tools.blueprint.openapi import filtered_field
from tools.blueprint.sample_values import ascending, plain_json
from tools.blueprint.scenario_parameters import CHILD, Parameter
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import Plain
from tools.stacks.fastapi.pytest_source import Case, factory, literal, named
from tools.stacks.fastapi.suite.suite import NOWHERE, Suite, succeeds

_METHODS = {"create": "post", "list": "get", "read": "get", "update": "patch", "delete": "delete"}
_BAD_QUERIES = {
    "choice": "none of these",
    "integer": "1.5",
    "number": "many",
    "money": "1.005",
    "boolean": "maybe",
    "date": "2030-02-30",
    "timestamp": "2030-01-31T12:00:00",
    "uuid": "7",
}


def operation_cases(suite: Suite, criterion: Criterion, entity: Entity) -> Iterator[Case]:
    """Yield tests of the CRUD operations that an entity offers, and of the 405 responses to the others."""
    path, many = collection_path(entity.name), plural(entity.name)
    for name in CRUD:
        at = path if name in ("create", "list") else f"{path}/{NOWHERE}"
        if not entity.offers(name):
            body = ", {}" if name in ("create", "update") else ""
            refusal = f'refused(api.{_METHODS[name]}("{at}"{body}), 405)'
            yield named(criterion, f"{many} cannot be {participle(name)}", (refusal,))
    if suite.makes(entity):
        yield from _offered(suite, criterion, entity)
    for name in CRUD[2:]:
        if entity.offers(name):
            body = ", {}" if name == "update" else ""
            lines = tuple(
                f'refused(api.{_METHODS[name]}("{path}/{each}"{body}), 404)'
                for each in (NOWHERE, "7", NOWHERE + "0")
            )
            yield named(criterion, f"{name} of an unknown {entity.name}", lines)


def _offered(suite: Suite, criterion: Criterion, entity: Entity) -> Iterator[Case]:
    name, path, many = factory(entity.name), collection_path(entity.name), plural(entity.name)
    one = f"{path}/{{made['id']}}"
    lines = [
        f'response = api.post("{path}", body_of_{name}(api))',
        "",
        "made = accepted(response, 201)",
        f'assert response.headers["location"] == f"{one}"',
        *suite.script.reads_as(entity, "made"),
    ]
    yield named(criterion, f"{many} can be created", tuple(lines))
    if entity.offers("list"):
        yield named(criterion, f"{many} can be listed", tuple(_pages(name, path)))
    if entity.offers("update") and not any(each.operation == "update" for each in entity.guards):
        lines = [f"made = make_{name}(api)", "", f'assert accepted(api.patch(f"{one}", {{}})) == made']
        yield named(criterion, f"{many} can be updated by nothing", tuple(lines))
    if entity.offers("delete") and not any(each.operation == "delete" for each in entity.guards):
        lines = [f"made = make_{name}(api)", f"kept = make_{name}(api)", ""]
        lines += [f'accepted(api.delete(f"{one}"), 204)', "", f'refused(api.delete(f"{one}"), 404)']
        lines += [f'refused(api.get(f"{one}"), 404)'] if entity.offers("read") else []
        lines += [f'assert kept["id"] in ids(api.get("{path}"))'] if entity.offers("list") else []
        yield named(criterion, f"{many} can be deleted", tuple(lines))


def _pages(name: str, path: str) -> list[str]:
    return [
        f'made = [make_{name}(api)["id"] for _ in range(3)]',
        "",
        f'page = accepted(api.get("{path}"))',
        f'second = accepted(api.get("{path}", {{"limit": 1, "offset": 1}}))',
        "",
        'assert [each["id"] for each in page["items"]] == made',
        'assert page["total"] == 3',
        'assert [each["id"] for each in second["items"]] == made[1:2]',
        'assert second["total"] == 3',
        f'assert ids(api.get("{path}", {{"offset": 3}})) == []',
    ]


def filter_cases(suite: Suite, criterion: Criterion, entity: Entity, names: list[str]) -> Iterator[Case]:
    """Yield the tests that each filter finds exactly the matching resources and that two filters can be combined."""
    path = collection_path(entity.name)
    for name in names:
        field = filtered_field(entity, name)
        scenario = _different(suite, entity, [field], ("second",))
        if scenario is None or entity.reference(name) is not None:
            continue
        yield named(criterion, f"by {name}", tuple(_filtered(suite, entity, field, scenario)))
        if field.type in _BAD_QUERIES:
            query = f'{{"{camel(name)}": {literal(_BAD_QUERIES[field.type])}}}'
            lines = (f'response = api.get("{path}", {query})', "", f'refused(response, 422, "{camel(name)}")')
            yield named(criterion, f"by a bad {name}", lines)
    fields = [filtered_field(entity, name) for name in names if entity.reference(name) is None]
    pair = _different(suite, entity, fields[:2], ("second",)) if len(fields) > 1 else None
    if pair is not None:
        first, second = fields[:2]
        both = {
            camel(first.name): _shown(pair, first, "self"),
            camel(second.name): _shown(pair, second, "second"),
        }
        found = [*suite.script.setup(pair), "", f'assert ids(api.get("{path}", {literal(both)})) == []']
        yield named(criterion, "two filters hold together", tuple(found))


def _filtered(suite: Suite, entity: Entity, field: FieldSpec, scenario: Scenario) -> list[str]:
    path, key = collection_path(entity.name), camel(field.name)
    found = [*suite.script.setup(scenario, "self", "second"), ""]
    for place in ("self", "second"):
        query = {key: _shown(scenario, field, place)}
        found.append(f'assert ids(api.get("{path}", {literal(query)})) == [{scenario.names[place]}["id"]]')
    beyond = {key: _shown(scenario, field, "self"), "limit": 1, "offset": 1}
    last = f'accepted(api.get("{path}", {literal(beyond)}))'
    return [*found, f'assert {last} == {{"items": [], "total": 1}}']


def sort_cases(suite: Suite, criterion: Criterion, entity: Entity, names: list[str]) -> Iterator[Case]:
    """Yield the tests that each key sorts in both directions and that unknown sort keys are rejected."""
    if not names:
        return
    path = collection_path(entity.name)
    for name in names:
        field = filtered_field(entity, name)
        scenario = _different(suite, entity, [field], ("second", "third")) or _different(
            suite, entity, [field], ("second",)
        )
        if scenario is None:
            continue
        places = [place for place in ("self", "second", "third") if place in scenario.names]
        places.sort(key=lambda place: _rank(scenario, field, place))
        ordered = [f'{scenario.names[place]}["id"]' for place in places]
        lines = [*suite.script.setup(scenario, *places), f"ordered = [{', '.join(ordered)}]", ""]
        for sign, expected in (("", "ordered"), ("-", "ordered[::-1]")):
            lines.append(f'assert ids(api.get("{path}", {{"sort": "{sign}{camel(name)}"}})) == {expected}')
        second = f'{{"sort": "{camel(name)}", "limit": 1, "offset": 1}}'
        lines.append(f'assert ids(api.get("{path}", {second})) == ordered[1:2]')
        yield named(criterion, f"sorted by {name}", tuple(lines))
    lines = [
        f'refused(api.get("{path}", {{"sort": "{each}"}}), 422, "sort")' for each in ("createdBy", "-", "")
    ]
    yield named(criterion, "not sorted by another key", tuple(lines))


def _different(
    suite: Suite, entity: Entity, fields: list[FieldSpec], others: tuple[str, ...]
) -> Scenario | None:
    """Return a scenario of resources that differ in each field and are not created in sorted order, or None."""
    ranks = {"self": 2, "second": 1, "third": 0} if "third" in others else {"self": 0, "second": 1}
    fixed: dict[Parameter, object] = {}
    for place in (*others, "self"):
        for field in fields:
            fixed |= _setting(suite, entity, place, field, ranks[place])

    def wanted(scenario: Scenario) -> bool:
        distinct = all(
            len({_shown(scenario, field, place) for place in (*others, "self")}) == len(others) + 1
            for field in fields
        )
        return distinct and succeeds(scenario)

    return suite.find(entity, "read", wanted, fixed=fixed, others=others)


def _setting(
    suite: Suite, entity: Entity, place: str, field: FieldSpec, rank: int
) -> dict[Parameter, object]:
    """Return the parameters that give a resource a value of the field; a higher rank means a larger value."""
    if field.name == "status" and entity.initial_state is not None:
        return {("status", place, ""): entity.states[rank]} if rank < len(entity.states) else {}
    if field.name in ("created at", "updated at"):
        return {}
    if field.computed is not None:
        link = f"{field.computed.child}.{field.computed.reference}"
        child = suite.entity(field.computed.child)
        found: dict[Parameter, object] = {("children", place, link): rank}
        for name in field.computed.factors:
            factor = child.field(name)
            if factor is not None and factor.computed is None:
                found["value", f"{place}{CHILD}{link}", name] = ascending(factor)[-1]
        return found
    values = ascending(field)
    return {("value", place, field.name): values[min(rank, len(values) - 1)]} if values else {}


def _shown(scenario: Scenario, field: FieldSpec, place: str) -> Plain:
    value = scenario.before.value(scenario.names[place], field.name)
    shown = plain_json(field.type, value)
    return shown if isinstance(shown, bool | int | str) or shown is None else value


def _rank(scenario: Scenario, field: FieldSpec, place: str) -> tuple[str, ...] | tuple[float, ...]:
    value = scenario.before.value(scenario.names[place], field.name)
    return (value,) if isinstance(value, str) else (float(value or 0),)
