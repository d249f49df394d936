"""Generates `tests/bodies.py`, factories of valid resources, and `tests/strategies.py`, Hypothesis strategies."""

from __future__ import annotations

import re

from tools.blueprint import api_outline, value_formats
from tools.blueprint.api_outline import body_required, stored_input
from tools.blueprint.arithmetic import bounds
from tools.blueprint.model import Action, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab
from tools.blueprint.regex_dialect import python_form
from tools.blueprint.regex_samples import numbered
from tools.blueprint.sample_values import CHARACTERS, STEP, sample, text_form, unique_steps
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import Create, Given
from tools.stacks.fastapi.pytest_source import docstring, factory, literal
from tools.stacks.fastapi.rendering import format_python, used_names
from tools.stacks.fastapi.suite.script import children_of
from tools.stacks.fastapi.suite.suite import Suite, guard_statuses

_MANY = 40
_CONSTANTS = {
    "boolean": "BOOLEANS",
    "date": "DATES",
    "timestamp": "TIMESTAMPS",
    "email": "EMAILS",
    "url": "URLS",
    "uuid": "UUIDS",
}
_DRAWN_LENGTHS = {"email": (6, 52), "url": (8, 48)}
"""Lengths of the shortest and the longest of the constants in `tests/values.py`, by field type."""
_FUNCTIONS = ("integers", "matching", "money", "numbers", "texts")
_HEAD = '''"""Bodies that the service accepts, and resources made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
{imports}

@dataclass(frozen=True)
class Resource:
    """One kind of resource."""

    path: str
    operations: frozenset[str]
    body: Callable[..., Json]
    make: Callable[..., Json]
    refusals: frozenset[int]
    """With what status a rule may refuse a body that the contract allows."""
    needs_body: bool = True
    moved: tuple[str, ...] = ()
    """Members that an update changes unasked."""


'''


_NOTHING = (
    _HEAD.replace("{imports}", "\nfrom tests.support import Json\n")
    + '\n\nRESOURCES: list[Resource] = []\n"""No request creates a resource."""\n'
)


def bodies_module(suite: Suite) -> str:
    """Return the source of `tests/bodies.py`."""
    made = [each for each in suite.blueprint.entities if suite.makes(each)]
    functions = "\n\n\n".join(_factory(suite, each) for each in made)
    if not made:
        return format_python(_NOTHING)
    names = ["Api", "Json", "accepted", *(["day"] if re.search(r"\bday\(", functions) else [])]
    head = _HEAD.replace("{imports}", f"\nfrom tests.support import {', '.join(names)}\n")
    rows = ", ".join(_row(each) for each in made)
    table = f'\n\n\nRESOURCES = [{rows}]\n"""Every kind of resource that can be made."""\n'
    return format_python(head + functions + table)


def _row(entity: Entity) -> str:
    name = factory(entity.name)
    offered = literal([each.name for each in entity.operations])
    ruled = [each.operation for each in entity.effects] + [each.operation for each in entity.limits]
    changing = not {"create", "update"}.isdisjoint(ruled)
    taken = {409} if changing or any(each.unique for each in entity.fields) else set()
    refusals = f"frozenset({literal(sorted(guard_statuses(entity, 'update') | taken))})"
    moved = [each.target.field for each in entity.effects if each.operation in ("create", "update")]
    parts = [
        f'"{collection_path(entity.name)}"',
        f"frozenset({offered})",
        f"body_of_{name}",
        f"make_{name}",
        refusals,
        *(["needs_body=False"] if not body_required(entity, "create") else []),
        *([f"moved=({', '.join(literal(camel(each)) for each in moved)},)"] if moved else []),
    ]
    return f"Resource({', '.join(parts)})"


def _factory(suite: Suite, entity: Entity) -> str:
    scenario = suite.planner.plain(entity)
    final, name, path = scenario.final, factory(entity.name), collection_path(entity.name)
    if not isinstance(final, Create):
        raise TypeError(final)
    members = {
        **{each: _code(entity, each, value) for each, value in final.values.items()},
        **{
            each: _code(entity, each, value)
            for each, value in final.filled.items()
            if each not in final.values
        },
    }
    inner = "{" + ", ".join(f"{literal(camel(each))}: {code}" for each, code in members.items()) + "}"
    lines = [f"def body_of_{name}(api: Api, given: Json | None = None) -> Json:"]
    lines += docstring(f"A body that POST {path} accepts, with what is given on top.")
    if "number" in used_names(inner):
        lines.append("    number = api.number()")
    lines.append(f"    body: Json = {inner} | (given or {{}})")
    for reference, parent in final.parents.items():
        key = literal(camel(f"{reference} id"))
        lines.append(f"    if {key} not in body:")
        lines += [f"        {each}" for each in _parent(suite, entity, scenario, reference, parent)]
        lines.append(f'        body[{key}] = {parent}["id"]')
    lines += ["    return body", "", ""]
    lines.append(f"def make_{name}(api: Api, given: Json | None = None) -> Json:")
    lines += docstring(f"A new resource at {path}.")
    lines.append(f'    return accepted(api.post("{path}", body_of_{name}(api, given)), 201)')
    return "\n".join(lines)


def _parent(suite: Suite, entity: Entity, scenario: Scenario, reference: str, parent: str) -> list[str]:
    """Return the lines that create a parent in the state that the create guards of its child require."""
    own = {name for place, name in scenario.names.items() if place.startswith(f"self/{reference}")}
    steps = [step for step in scenario.setup if step.name in own]
    return suite.script.lines(steps, scenario.setup, {parent}, children_of(scenario))


def _code(entity: Entity, name: str, value: Given) -> str:
    """Return the source of a field's value in a factory; for a unique field, it depends on the variable `number`."""
    field = entity.field(name)
    return literal(value) if field is None or not field.unique else _numbered(field, value)


def _numbered(field: FieldSpec, value: Given) -> str:
    if field.type in STEP:
        low = bounds(field)[0]
        step, count = unique_steps(field)
        if low is not None and count:
            scale = 1 if field.type == "integer" else 100 if field.type == "money" else 0
            if not scale:
                return f"{literal(low)} + (number % {count}) * {literal(step)}"
            within = f"{literal(low * scale)} + number % {count}"
            return within if scale == 1 else f"({within}) / {scale}"
        high_enough = literal(low) if low is not None and low > -1000 else literal(sample(field, 0))
        return f"{high_enough} {'-' if step < 0 else '+'} number"
    if field.type == "text" and field.pattern:
        longest = field.max_length if field.max_length is not None else 200
        form = numbered(field.pattern, shortest=field.min_length or 0, longest=longest)
        if form is not None:
            return f"f{form!r}"
        many = dict.fromkeys(sample(field, number) for number in range(_MANY))
        return f"{literal(list(many))}[number % {len(many)}]"
    if field.type == "text" and field.max_length == 1:
        return f"{literal(CHARACTERS)}[number % {len(CHARACTERS)}]"
    if field.type in ("text", "email", "url", "uuid"):
        return f"f{text_form(field)!r}"
    if field.type in ("date", "timestamp"):
        return "day(number)" if field.type == "date" else 'day(number) + "T12:00:00Z"'
    if field.type == "choice":
        return f"{literal(field.choices)}[number % {len(field.choices)}]"
    return literal(value)


def strategies_module(suite: Suite) -> str:
    """Return the source of `tests/strategies.py`."""
    made = [each for each in suite.blueprint.entities if suite.makes(each)]
    valid = ", ".join(
        f'"{collection_path(each.name)}": {_body(api_outline.written_fields(each))}' for each in made
    )
    actions = ", ".join(
        f'("{collection_path(entity.name)}", "{kebab(action.name)}"): {_action(suite, entity, action)}'
        for entity in made
        for action in entity.actions
    )
    body = (
        f"VALID: dict[str, Strategy] = {{{valid}}}\n"
        '"""What a create takes at each path, references left out."""\n\n'
        f"ACTIONS: dict[tuple[str, str], Strategy] = {{{actions}}}\n"
        '"""What an action takes, by path and name."""\n'
    )
    names = sorted(each for each in _CONSTANTS.values() if each in body)
    names += ["Strategy", *(each for each in _FUNCTIONS if f"{each}(" in body)]
    head = '"""Bodies that the contract allows, as Hypothesis draws them."""\n\nfrom __future__ import annotations\n\n'
    imports = "from hypothesis import strategies as st\n\n" if re.search(r"\bst\.", body) else ""
    imports += f"from tests.values import {', '.join(names)}\n\n"
    return format_python(head + imports + body)


def _body(fields: tuple[FieldSpec, ...]) -> str:
    needed = ", ".join(f"{literal(camel(each.name))}: {_values(each)}" for each in fields if each.required)
    others = ", ".join(
        f"{literal(camel(each.name))}: {_values(each)}" for each in fields if not each.required
    )
    return f"st.fixed_dictionaries({{{needed}}}, optional={{{others}}})"


def _action(suite: Suite, entity: Entity, action: Action) -> str:
    key = api_outline.object_key(suite.blueprint, action)
    inputs = _body(tuple(stored_input(entity, each) for each in action.inputs))
    return inputs.replace("{", f"{{{literal(key)}: st.text(), ", 1) if key else inputs


def _values(field: FieldSpec) -> str:
    """Return the source of the Hypothesis strategy for valid values of a field."""
    code = _present(field)
    return f"st.none() | {code}" if field.optional else code


def _present(field: FieldSpec) -> str:
    low, high = bounds(field)
    if field.type == "choice":
        return f"st.sampled_from({literal(field.choices)})"
    if field.type == "integer":
        return f"integers({literal(low)}, {literal(high)})"
    if field.type == "money":
        return f'money("{low}", "{high}")'
    if field.type == "number":
        return f"numbers({_text(low)}, {_text(high)})"
    if field.type in _CONSTANTS and not _may_exceed(field):
        return _CONSTANTS[field.type]
    if field.type in _CONSTANTS:
        many = (sample(field.model_copy(update={"unique": unique}), 7) for unique in (True, False))
        return f"st.sampled_from({literal([each for each in many if each is not None])})"
    longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
    shortest = field.min_length if field.min_length is not None else int(field.required)
    if field.pattern:
        return f"matching({literal(python_form(field.pattern))}, {shortest}, {longest})"
    return f"texts({shortest}, {longest}, blank={not field.required})"


def _may_exceed(field: FieldSpec) -> bool:
    """Return whether a strategy for the type would also draw values that are too short or too long for the field."""
    shortest, longest = _DRAWN_LENGTHS.get(field.type, (0, 0))
    return (field.min_length or 0) > shortest or (field.max_length is not None and field.max_length < longest)


def _text(value: object) -> str:
    return "None" if value is None else f'"{value}"'
