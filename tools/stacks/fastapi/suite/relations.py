"""Generates the tests of references and of computed fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from tools.blueprint.arithmetic import bounds, canonical
from tools.blueprint.model import Computed, Criterion, Entity, FieldSpec, Reference
from tools.blueprint.names import camel, collection_path
from tools.blueprint.reference_model import ReferenceModel
from tools.blueprint.sample_values import plain_json, sample
from tools.blueprint.scenario_parameters import CHILD, Parameter
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import Delete, Plain, Step, Update
from tools.stacks.fastapi.pytest_source import Case, factory, literal, named
from tools.stacks.fastapi.suite.fields import described
from tools.stacks.fastapi.suite.script import children_of
from tools.stacks.fastapi.suite.suite import NOWHERE, Suite

_AMOUNTS = (Decimal("1.5"), Decimal("2.25"), Decimal("4"))


def reference_cases(
    suite: Suite, criterion: Criterion, entity: Entity, reference: Reference
) -> Iterator[Case]:
    """Yield the tests that a reference must exist, can be changed and filtered by, and protects the parent."""
    target = suite.entity(reference.target)
    key, child, path = camel(f"{reference.name} id"), factory(entity.name), collection_path(entity.name)
    if not suite.makes(entity) or not suite.makes(target):
        yield from described(suite, criterion, entity, reference.name, key)
        return
    parent = f"make_{factory(target.name)}(api)"
    about = f"{entity.name} {reference.name}"
    yield named(
        criterion,
        f"{about} is stored",
        (
            f"parent = {parent}",
            "",
            f'made = make_{child}(api, {{"{key}": parent["id"]}})',
            "",
            f'assert made["{key}"] == parent["id"]',
            *suite.script.reads_as(entity, "made"),
        ),
    )
    wrong = (("unknown", NOWHERE), ("malformed", "7"), ("null", None), ("number", 7))
    response = f'response = api.post("{path}", body_of_{child}(api, {{"{key}": value}}))'
    yield named(criterion, f"{about} must exist", (response, "", f'refused(response, 422, "{key}")'), wrong)
    lines = (
        f"body = body_of_{child}(api)",
        f'del body["{key}"]',
        "",
        f'response = api.post("{path}", body)',
        "",
        f'refused(response, 422, "{key}")',
    )
    yield named(criterion, f"{about} is required", lines)
    yield from _moved(suite, criterion, entity, reference)
    yield from _listed(suite, criterion, entity, reference)
    yield from _deleted(suite, criterion, entity, reference)


def _moved(suite: Suite, criterion: Criterion, entity: Entity, reference: Reference) -> Iterator[Case]:
    """Yield the test that the reference can be changed to another parent, unless guards could reject that."""
    guarded = any(each.operation in ("create", "update") for each in entity.guards)
    if not entity.offers("update") or guarded or reference.name == entity.owner:
        return
    key, child, path = camel(f"{reference.name} id"), factory(entity.name), collection_path(entity.name)
    at = f"{path}/{{made['id']}}"
    yield named(
        criterion,
        f"{entity.name} {reference.name} can be changed",
        (
            f"made = make_{child}(api)",
            f"parent = make_{factory(reference.target)}(api)",
            "",
            f'changed = accepted(api.patch(f"{at}", {{"{key}": parent["id"]}}))',
            "",
            f'assert changed["{key}"] == parent["id"]',
            f'refused(api.patch(f"{at}", {{"{key}": "{NOWHERE}"}}), 422, "{key}")',
            f'refused(api.patch(f"{at}", {{"{key}": None}}), 422, "{key}")',
            *suite.script.reads_as(entity, "made", "changed"),
        ),
    )


def _listed(suite: Suite, criterion: Criterion, entity: Entity, reference: Reference) -> Iterator[Case]:
    if not entity.offers("list"):
        return
    key, child, path = camel(f"{reference.name} id"), factory(entity.name), collection_path(entity.name)
    yield named(
        criterion,
        f"{entity.name} {reference.name} can be filtered by",
        (
            f"made = make_{child}(api)",
            f"make_{child}(api)",
            "",
            f'assert ids(api.get("{path}", {{"{key}": made["{key}"]}})) == [made["id"]]',
            f'assert ids(api.get("{path}", {{"{key}": "{NOWHERE}"}})) == []',
            f'refused(api.get("{path}", {{"{key}": "7"}}), 422, "{key}")',
        ),
    )


def _deleted(suite: Suite, criterion: Criterion, entity: Entity, reference: Reference) -> Iterator[Case]:
    """Yield the test that a parent with a child cannot be deleted until the child is."""
    target = suite.entity(reference.target)
    if not target.offers("delete"):
        return

    def wanted(scenario: Scenario) -> bool:
        parent = scenario.before.resources[scenario.final.name].parents[reference.name]
        model = scenario.before.copy()
        if model.run(Delete(parent, target.name)).cause != "children":
            return False
        return model.accepts((scenario.final, Delete(parent, target.name)))

    operation = "delete" if entity.offers("delete") else "read"
    scenario = suite.find(entity, operation, wanted if operation == "delete" else lambda _: True)
    if scenario is None:
        return
    parent = f"self/{reference.name}"
    kept = replace(scenario, final=Delete(scenario.names[parent], target.name))
    lines = suite.refusal(kept, 409, setup=suite.script.setup(scenario, parent))
    if operation == "delete":
        lines += [
            "",
            f"accepted({suite.script.final(scenario)}, 204)",
            f"accepted({suite.script.final(kept)}, 204)",
        ]
    yield named(criterion, f"a {target.name} with a {entity.name} is kept", tuple(lines))


def computed_cases(
    suite: Suite, criterion: Criterion, entity: Entity, field: FieldSpec, computed: Computed
) -> Iterator[Case]:
    """Yield the tests that a computed field reflects its children and cannot be set in a request body."""
    child = suite.entity(computed.child)
    if not suite.makes(entity):
        return
    name, key, path = factory(entity.name), camel(field.name), collection_path(entity.name)
    value = literal(plain_json(field.type, sample(field.model_copy(update={"computed": None}))))
    about = f"{entity.name} {field.name}"
    lines = [
        f'response = api.post("{path}", body_of_{name}(api, {{"{key}": {value}}}))',
        "",
        f'refused(response, 422, "{key}")',
    ]
    if entity.offers("update"):
        lines += [
            f"made = make_{name}(api)",
            f'refused(api.patch(f"{path}/{{made[\'id\']}}", {{"{key}": {value}}}), 422, "{key}")',
        ]
    yield named(criterion, f"{about} is read only", tuple(lines))
    if suite.makes(child) and suite.script.current(entity, "made"):
        for lines_ in _follows(suite, entity, field, computed):
            yield named(criterion, about, tuple(lines_))


def _follows(suite: Suite, entity: Entity, field: FieldSpec, computed: Computed) -> Iterator[list[str]]:
    """Yield tests that compare a computed field with the prediction of the reference model as its children change."""
    link = f"{computed.child}.{computed.reference}"
    child = suite.entity(computed.child)
    factors = [
        each
        for each in (child.field(name) for name in computed.factors)
        if each is not None and each.computed is None
    ]
    for number, amount in ((0, _AMOUNTS[0]), (3, _AMOUNTS[0]), (2, _AMOUNTS[1])):
        fixed: dict[Parameter, object] = {("children", "self", link): number}
        fixed |= {
            ("value", f"self{CHILD}{link}", each.name): _near(each, amount + index)
            for index, each in enumerate(factors)
        }
        scenario = suite.find(entity, "read", fixed=fixed)
        if scenario is not None:
            yield _compared(suite, entity, field, scenario, link)


def _compared(suite: Suite, entity: Entity, field: FieldSpec, scenario: Scenario, link: str) -> list[str]:
    name, model, key = scenario.final.name, scenario.after.copy(), camel(field.name)
    current = suite.script.current(entity, name)
    children = [
        scenario.names[place]
        for place in scenario.names
        if re.fullmatch(rf"self#{re.escape(link)}\.\d+", place)
    ]
    steps = _further(suite, model, field, children)
    everything = (*scenario.setup, scenario.final, *steps)

    def lines(*some: Step) -> list[str]:
        return suite.script.lines(some, everything, set(), children_of(scenario))

    def shown() -> str:
        return (
            f'assert {current}["{key}"] == {literal(plain_json(field.type, model.value(name, field.name)))}'
        )

    found = [*lines(*scenario.setup), shown()]
    for step in steps:
        model.run(step)
        found += ["", *lines(step), shown()]
    return found


def _further(suite: Suite, model: ReferenceModel, field: FieldSpec, children: list[str]) -> list[Step]:
    """Return requests that change a computed field: updates of a child and the deletion of one."""
    computed, trial = field.computed, model.copy()
    if computed is None or not children:
        return []
    child = suite.entity(computed.child)
    wanted: list[Step] = []
    factor = child.field(computed.factors[-1]) if computed.factors else None
    if factor is not None and factor.computed is None and child.offers("update"):
        wanted.append(Update(children[0], child.name, {factor.name: _near(factor, _AMOUNTS[2])}))
        if factor.optional:
            wanted.append(Update(children[0], child.name, {factor.name: None}))
    if child.offers("delete"):
        wanted.append(Delete(children[-1], child.name))
    return [step for step in wanted if not trial.run(step).cause]


def _near(field: FieldSpec, amount: Decimal) -> Plain:
    """Return the amount clamped to the bounds of a field, rounded if it is an integer field."""
    low, high = bounds(field)
    value = max(amount, low) if low is not None else amount
    value = min(value, high) if high is not None else value
    return canonical(field.type, value.to_integral_value() if field.type == "integer" else value)
