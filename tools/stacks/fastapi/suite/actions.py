"""Generates the tests of an action's request body: its inputs and its object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tools.blueprint import api_outline
from tools.blueprint.api_outline import stored_input
from tools.blueprint.model import Action, Criterion, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab
from tools.blueprint.sample_values import sample
from tools.blueprint.scenario_parameters import Parameter
from tools.blueprint.simulated_requests import Act, Expression, Given
from tools.stacks.fastapi.pytest_source import Case, literal, named
from tools.stacks.fastapi.suite.suite import NOWHERE, Suite, invalid_values, valid_values


def input_cases(
    suite: Suite, criterion: Criterion, entity: Entity, action: Action, field: FieldSpec
) -> Iterator[Case]:
    """Yield the tests of an action's input: valid values, invalid values and, if it is required, its absence."""
    scenario = suite.find(entity, action.name)
    if scenario is None:
        return
    key, about = camel(field.name), f"{action.name} {field.name}"
    parameter: Parameter = ("input", "object", field.name)
    shown = replace(scenario, final=_with(scenario.final, field.name, Expression("value", None)))
    wanted = valid_values(stored_input(entity, field))
    usual = dict(scenario.choice)
    good = [each for each in wanted if suite.accepts(entity, action.name, usual | {parameter: each})]
    stored = any(
        each.name == field.name and each.type == field.type for each in api_outline.written_fields(entity)
    )
    kept = stored and not any(
        each.operation == action.name and each.target.field == field.name for each in entity.effects
    )
    if good:
        lines = [*suite.script.setup(shown), "", f"changed = accepted({suite.script.final(shown)})", ""]
        lines += [f'assert changed["{key}"] == value'] if kept else []
        lines += suite.script.reads_as(entity, "changed") or ['assert changed["id"]']
        labelled = tuple((literal(each)[:30], each) for each in good if each is not None or not kept)
        yield named(criterion, f"{about} is taken", tuple(lines), labelled)
    refusal = tuple(suite.refusal(shown, 422, key))
    yield named(criterion, f"{about} is refused", refusal, invalid_values(field))
    if field.required:
        without = replace(scenario, final=_with(scenario.final, field.name))
        yield named(criterion, f"{about} is required", tuple(suite.refusal(without, 422, key)))


def object_cases(suite: Suite, criterion: Criterion, entity: Entity, action: Action) -> Iterator[Case]:
    """Yield the tests that an action's object is required and must exist, and that unknown members are rejected."""
    scenario = suite.find(entity, action.name)
    if scenario is None:
        return
    final = scenario.final
    path = f"{collection_path(entity.name)}/{{{final.name}['id']}}/{kebab(action.name)}"
    key = api_outline.object_key(suite.blueprint, action)
    if key is not None:
        values = (("unknown", _unknown(suite, action)), ("number", 7), ("null", None))
        body = suite.script.action_body(final) if isinstance(final, Act) else {}
        inner = ", ".join(
            f"{literal(name)}: {'value' if name == key else code}" for name, code in body.items()
        )
        lines = [
            *suite.script.setup(scenario),
            "",
            f'response = api.post(f"{path}", {{{inner}}})',
            "",
            f'refused(response, 422, "{key}")',
            f'refused(api.post(f"{path}", {{}}), 422, "{key}")',
        ]
        yield named(criterion, f"{action.name} needs its {action.object}", tuple(lines), values)
    surplus = replace(scenario, final=_with(scenario.final, "surplus", 1))
    yield named(criterion, f"{action.name} takes nothing else", tuple(suite.refusal(surplus, 422, "surplus")))


def _with(step: object, name: str, value: Given | None = None) -> Act:
    """Return an action request with one of its inputs replaced or, if `value` is None, removed."""
    if not isinstance(step, Act):
        raise TypeError(step)
    inputs = {key: each for key, each in step.inputs.items() if key != name}
    return replace(step, inputs=inputs if value is None else inputs | {name: value})


def _unknown(suite: Suite, action: Action) -> Given:
    """Return a valid value that does not identify any existing object of an action."""
    field = api_outline.object_field(suite.blueprint, action)
    if field is None:
        return NOWHERE
    return sample(field, 77)
