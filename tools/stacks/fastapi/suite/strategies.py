"""`tests/strategies.py`: Hypothesis strategies of valid bodies."""

from __future__ import annotations

from tools.blueprint import api_outline, value_formats
from tools.blueprint.api_outline import stored_input
from tools.blueprint.arithmetic import bounds
from tools.blueprint.model import Action, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path, kebab
from tools.stacks.fastapi.pytest_source import literal
from tools.stacks.fastapi.rendering import format_python
from tools.stacks.fastapi.suite.suite import Suite

_CONSTANTS = {
    "boolean": "BOOLEANS",
    "date": "DATES",
    "timestamp": "TIMESTAMPS",
    "email": "EMAILS",
    "url": "URLS",
    "uuid": "UUIDS",
}
_FUNCTIONS = ("integers", "matching", "money", "numbers", "texts")


def strategies_module(suite: Suite) -> str:
    """Return the module's source."""
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
    imports = f"from hypothesis import strategies as st\n\nfrom tests.values import {', '.join(names)}\n\n"
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
    """Return the strategy for valid values of a field."""
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
    if field.type in _CONSTANTS:
        return _CONSTANTS[field.type]
    longest = field.max_length if field.max_length is not None else value_formats.TEXT_LENGTH
    shortest = field.min_length if field.min_length is not None else int(field.required)
    if field.pattern:
        return f"matching({literal(field.pattern)}, {shortest}, {longest})"
    return f"texts({shortest}, {longest}, blank={not field.required})"


def _text(value: object) -> str:
    return "None" if value is None else f'"{value}"'
