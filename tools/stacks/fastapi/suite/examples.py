"""Generates the tests of a story's examples and of its latency requirements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from tools.blueprint.arithmetic import canonical
from tools.blueprint.model import Criterion, Entity, Example, FieldSpec, Given, Speed, Then, Value
from tools.blueprint.names import camel, collection_path
from tools.blueprint.openapi import filtered_field
from tools.blueprint.reference_model import ReferenceModel
from tools.blueprint.sample_values import plain_json
from tools.blueprint.scenario_parameters import CHILD, Parameter
from tools.blueprint.scenarios import Scenario, Unreachable
from tools.blueprint.simulated_requests import Act, Create, List, Outcome, Plain, Update
from tools.blueprint.valid_values import is_valid
from tools.stacks.fastapi.pytest_source import Case, equals, factory, literal
from tools.stacks.fastapi.suite.suite import Suite, neutral_change, succeeds, success_status


def example_cases(suite: Suite, criterion: Criterion, example: Example) -> Iterator[Case]:
    """Yield the test of an example, unless no scenario can be found for it."""
    try:
        scenario = _Setting(suite, example).scenario()
    except Unreachable:
        return
    when = example.when
    watched = suite.watched(scenario) if any(each.kind == "rejected" for each in example.then) else []
    final = suite.script.final(scenario)
    uses = [place for place in scenario.names if _mentions(suite, scenario, place, example.then)]
    lines = [
        *suite.script.setup(scenario, *uses),
        *([f"for _ in range({when.times - 1}):", f"    {final}"] if when.times > 1 else []),
        *(f"{name} = {code}" for name, code in watched),
        "",
        f"response = {final}",
        "",
    ]
    for then in example.then:
        lines += _checks(suite, scenario, example, then)
    yield Case(criterion, "", (*lines, *(f"assert {code} == {name}" for name, code in watched)))


def _mentions(suite: Suite, scenario: Scenario, place: str, thens: tuple[Then, ...]) -> bool:
    """Return whether the test checks the resource at `place` after the request, individually or in a list."""
    found = scenario.before.resources.get(scenario.names[place])
    if found is None:
        return False
    return re.fullmatch(r"given\d+", place) is not None or any(
        each.entity == found.entity.name for each in thens
    )


def _checks(suite: Suite, scenario: Scenario, example: Example, then: Then) -> list[str]:
    given = success_status(suite.entity(example.when.entity), example.when.operation)
    if then.kind == "rejected":
        return [f"refused(response, {then.status})"]
    if then.kind == "listed":
        return [
            f"assert len(ids(response)) == {then.count}",
            f'assert response.json()["total"] == {then.count}',
        ]
    if then.kind != "value":
        return [f"accepted(response{given})"]
    key, value = camel(then.field), _value(suite, then)
    entity = suite.entity(then.entity or example.when.entity)
    if entity.name == example.when.entity:
        lines = [f"changed = accepted(response{given})", equals(f'changed["{key}"]', value)]
        current = suite.script.current(entity, "changed")
    else:
        names = (name for name, each in scenario.before.resources.items() if each.entity.name == entity.name)
        current = suite.script.current(entity, next(names))
        lines = [f"accepted(response{given})"]
    return [*lines, *([equals(f'{current}["{key}"]', value)] if current else [])]


def _value(suite: Suite, then: Then) -> Plain:
    field = filtered_field(suite.entity(then.entity), then.field) if then.entity else None
    shown = plain_json(field.type, canonical(field.type, then.value)) if field else then.value
    return shown if isinstance(shown, bool | int | str) or shown is None else canonical("number", then.value)


class _Setting:
    """Translates an example into the parameters of a scenario."""

    def __init__(self, suite: Suite, example: Example) -> None:
        self._suite = suite
        self._example = example
        self._entity = suite.entity(example.when.entity)
        self._fixed: dict[Parameter, object] = {}
        self._wanted: list[tuple[str, FieldSpec, Plain]] = []
        self._others: list[str] = []

    def scenario(self) -> Scenario:
        """Return a scenario with the expected result.

        Raises Unreachable if there is none, for example because the example contradicts a rule.
        """
        when = self._example.when
        for each in self._example.given:
            self._give(each)
        kind = {"create": "value", "update": "change", "list": "query"}.get(when.operation, "input")
        place = "object" if kind == "input" else "self"
        action = self._entity.action(when.operation)
        wrong: dict[str, Value | None] = {}
        for name, value in when.values.items():
            spec = next((each for each in action.inputs if each.name == name), None) if action else None
            spec = spec or filtered_field(self._entity, name)
            if is_valid(spec, value):
                self._fixed[kind, place, name] = canonical(spec.type, value)
            else:
                wrong[name] = value
        if when.operation == "update" and not when.values:
            self._fixed |= neutral_change(self._entity)
        if not wrong:
            return self._find(lambda each: self._holds(each) and self._comes_out(each))
        if [(each.kind, each.status) for each in self._example.then] != [("rejected", 422)]:
            raise Unreachable(self._example.criterion)
        return _with_values(self._find(lambda each: self._holds(each) and succeeds(each)), wrong)

    def _find(self, wanted: Callable[[Scenario], bool]) -> Scenario:
        operation = self._example.when.operation
        extra = self._suite.changes(self._entity) if operation == "update" else None
        others = tuple(self._others)
        return self._suite.planner.find(
            self._entity, operation, wanted, fixed=self._fixed, extra=extra, others=others
        )

    def _give(self, given: Given) -> None:
        entity = self._suite.entity(given.entity)
        if given.children_of:
            parent = self._place(given.children_of)
            reference = next((each for each in entity.references if each.target == given.children_of), None)
            if parent is None or reference is None:
                raise Unreachable(given.entity)
            link = f"{entity.name}.{reference.name}"
            self._fixed["children", parent, link] = given.count
            self._set(f"{parent}{CHILD}{link}", entity, given.values)
            return
        place = self._place(given.entity)
        first = 0
        if place is not None:
            self._set(place, entity, given.values)
            first = 1
        for _ in range(first, given.count):
            if entity.name != self._entity.name:
                raise Unreachable(given.entity)
            self._others.append(f"given{len(self._others)}")
            self._set(self._others[-1], entity, given.values)

    def _place(self, name: str) -> str | None:
        """Return the place of a given resource in the scenario, or None if the request does not involve it."""
        when = self._example.when
        if name == self._entity.name and when.operation == "list":
            return None
        if name == self._entity.name and not (when.operation == "create" and when.values):
            return "self"
        if name == when.object:
            return "object"
        for start, entity in (
            ("self", self._entity),
            ("object", self._suite.blueprint.entity(when.object or "")),
        ):
            for reference in entity.references if entity else ():
                if reference.target == name:
                    return f"{start}/{reference.name}"
        if name == self._entity.name:
            return None
        raise Unreachable(name)

    def _set(self, place: str, entity: Entity, values: dict[str, Value | None]) -> None:
        for name, value in values.items():
            field = filtered_field(entity, name)
            if name == "status" and entity.initial_state is not None:
                self._fixed["status", place, ""] = value
            elif field.computed is not None:
                self._wanted.append((place, field, canonical(field.type, value)))
            else:
                self._fixed["value", place, name] = canonical(field.type, value)

    def _holds(self, scenario: Scenario) -> bool:
        return all(
            scenario.before.value(scenario.names[place], field.name) == value
            for place, field, value in self._wanted
        )

    def _comes_out(self, scenario: Scenario) -> bool:
        """Return whether the reference model gives the expected result."""
        outcome, after = scenario.outcome, scenario.after.copy()
        if isinstance(scenario.final, Create) and self._example.when.times > 1:
            return True  # the model cannot hold several resources of the same name
        for _ in range(self._example.when.times - 1):
            outcome = after.run(scenario.final)
        return all(self._agrees(each, scenario, outcome, after) for each in self._example.then)

    def _agrees(self, then: Then, scenario: Scenario, outcome: Outcome, after: ReferenceModel) -> bool:
        if then.kind == "rejected" or outcome.cause:
            return then.kind == "rejected" and outcome.status == then.status
        if then.kind == "listed" and isinstance(scenario.final, List):
            return _listed(scenario.final, after) in (then.count, None)
        if then.kind != "value":
            return True
        entity = then.entity or self._entity.name
        own = scenario.final.name if entity == self._entity.name else ""
        name = own or next(key for key, each in after.resources.items() if each.entity.name == entity)
        expected = canonical(filtered_field(self._suite.entity(entity), then.field).type, then.value)
        return after.value(name, then.field) == expected


def _with_values(scenario: Scenario, values: Mapping[str, Value | None]) -> Scenario:
    """Return the scenario with additional values in its last request, without running the reference model again."""
    final = scenario.final
    if isinstance(final, Create):
        filled = {name: value for name, value in final.filled.items() if name not in values}
        return replace(scenario, final=replace(final, values={**final.values, **values}, filled=filled))
    if isinstance(final, Update):
        return replace(scenario, final=replace(final, values={**final.values, **values}))
    if isinstance(final, Act):
        return replace(scenario, final=replace(final, inputs={**final.inputs, **values}))
    raise Unreachable(final.entity)


def _listed(request: List, model: ReferenceModel) -> int | None:
    """Return the number of resources in a list, or None if its query has parameters other than filters by field."""
    resources = [name for name, each in model.resources.items() if each.entity.name == request.entity]
    for name, value in request.query.items():
        if not all(model.resources[each].entity.field(name) or name == "status" for each in resources):
            return None
        resources = [each for each in resources if model.value(each, name) == value]
    return len(resources)


def speed_cases(suite: Suite, criterion: Criterion, speed: Speed) -> Iterator[Case]:
    """Yield the test that measures the latency of an operation against the running service."""
    entity = suite.entity(speed.entity)
    scenario = suite.plain(entity, speed.operation)
    if scenario is None:
        return
    setup, final = suite.script.setup(scenario), suite.script.final(scenario)
    alike = speed.operation in ("list", "read")
    rate = speed.requests_per_second or 10
    if speed.operation == "list" and suite.makes(entity):
        setup = ["for _ in range(50):", f"    make_{factory(entity.name)}(api)"]
    lines = [
        "api = served",
        *(setup if alike else []),
        "",
        "def prepare() -> Call:",
        *(f"    {each}" for each in ([] if alike else setup)),
        *_returned(final, scenario, entity),
        "",
        "latency = latency_ms(",
        f"prepare, per_second={rate}, percentile={literal(speed.percentile)}, enough={speed.latency_ms}",
        ")",
        "",
        f"assert latency <= {speed.latency_ms}",
    ]
    yield Case(criterion, "", tuple(lines), fixture="served: Api")


def _returned(final: str, scenario: Scenario, entity: Entity) -> list[str]:
    """Return the last lines of `prepare`, which build the request body so that this does not count as latency."""
    prefix = f'api.post("{collection_path(entity.name)}", '
    body = final.removeprefix(prefix)
    if final.startswith(prefix) and body.startswith(f"body_of_{factory(entity.name)}("):
        return [f"    body = {body[:-1]}", f"    return lambda: {prefix}body)"]
    return [f"    return lambda: {final}"]
