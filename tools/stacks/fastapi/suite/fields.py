"""Generates the tests of fields: valid values, invalid values, absence and uniqueness."""

from __future__ import annotations

from collections.abc import Iterator

from tools.blueprint.component_schemas import schema_names
from tools.blueprint.field_schemas import json_value
from tools.blueprint.model import Criterion, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path
from tools.blueprint.sample_values import sample
from tools.blueprint.scenario_parameters import Parameter
from tools.blueprint.simulated_requests import Given
from tools.stacks.fastapi.pytest_source import Case, Values, equals, factory, literal, named
from tools.stacks.fastapi.suite.suite import Suite, invalid_values, valid_values


def field_cases(suite: Suite, criterion: Criterion, entity: Entity, field: FieldSpec) -> Iterator[Case]:
    """Yield the tests of a field: valid values, invalid values, absence and uniqueness."""
    if not suite.makes(entity):
        yield from described(suite, criterion, entity, field.name, camel(field.name))
        return
    one = _Field(suite, entity, field)
    about = f"{entity.name} {field.name}"
    good = one.good("create")
    if field.name not in one.moved("create") and good:
        yield named(criterion, f"{about} is stored", tuple(one.stored()), good)
    bad = invalid_values(field)
    yield named(criterion, f"{about} is refused", tuple(one.refused()), bad)
    if entity.offers("update") and field.name != entity.owner:
        good = one.good("update")
        if field.name not in one.moved("update") and good:
            yield named(criterion, f"{about} is updated", tuple(one.updated()), good)
        yield named(criterion, f"{about} is refused in an update", tuple(one.refused_update()), bad)
    aspect, lines = one.left_out()
    yield named(criterion, f"{about} {aspect}", tuple(lines))
    if field.unique:
        yield named(criterion, f"{about} is unique", tuple(one.unique()))
    if field.unique and field.optional and one.accepts_absence():
        yield named(criterion, f"{about} may be absent more than once", tuple(one.absent_twice()))


def described(suite: Suite, criterion: Criterion, entity: Entity, name: str, key: str) -> Iterator[Case]:
    """Yield the test that the contract describes a member, for resources that no request can create."""
    schema = schema_names(suite.blueprint)[entity.name, "read"]
    lines = (
        'schemas = yaml.safe_load(api.get("/openapi.yaml").text)["components"]["schemas"]',
        "",
        f'assert {literal(key)} in schemas[{literal(schema)}]["properties"]',
    )
    yield named(criterion, f"{entity.name} {name} is described", lines)


class _Field:
    """Writes the bodies of the tests for one field."""

    def __init__(self, suite: Suite, entity: Entity, field: FieldSpec) -> None:
        self._suite = suite
        self._entity = entity
        self._field = field
        self._path = collection_path(entity.name)
        self._name = factory(entity.name)
        self._key = literal(camel(field.name))
        self._one = f'{self._path}/{{made["id"]}}'.replace('"', "'")
        self._usual = dict(suite.planner.plain(entity).choice)
        self._kept = suite.script.reads_as(entity, "made")

    def moved(self, operation: str) -> set[str]:
        """Return the names of the fields that effects of the operation change."""
        return {each.target.field for each in self._entity.effects if each.operation == operation}

    def good(self, operation: str) -> Values:
        """Return labelled values that are valid for the field and accepted by the guards of the operation."""
        found: list[object] = [each for each in valid_values(self._field) if self._accepts(operation, each)]
        usual: Parameter = ("value", "self", self._field.name)
        if not found and usual in self._usual:
            found = [self._usual[usual]]  # guards reject all other values
        return tuple((_label(each), each) for each in found)

    def stored(self) -> list[str]:
        """Return the test that a created resource has the value, both in the response and when read again."""
        return [
            f"made = make_{self._name}(api, {{{self._key}: value}})",
            "",
            f"assert made[{self._key}] == value",
            *self._kept,
        ]

    def updated(self) -> list[str]:
        """Return the test that an update changes this field and nothing else."""
        return [
            f"made = make_{self._name}(api)",
            "",
            f'changed = accepted(api.patch(f"{self._one}", {{{self._key}: value}}))',
            "",
            f"assert changed[{self._key}] == value"
            if self.moved("update")
            else f'assert changed == made | {{{self._key}: value, "updatedAt": changed["updatedAt"]}}',
            *self._suite.script.reads_as(self._entity, "made", "changed"),
        ]

    def refused(self) -> list[str]:
        """Return the test that a create request with the value is rejected."""
        return self._refused_body(f"body_of_{self._name}(api, {{{self._key}: value}})", 422)

    def refused_update(self) -> list[str]:
        """Return the test that an update with the value is rejected and changes nothing."""
        return [
            f"made = make_{self._name}(api)",
            "",
            f'response = api.patch(f"{self._one}", {{{self._key}: value}})',
            "",
            f"refused(response, 422, {self._key})",
            *self._kept,
        ]

    def left_out(self) -> tuple[str, list[str]]:
        """Return the name and lines of the test that omits the field from the request body."""
        lines = [f"body = body_of_{self._name}(api)", f"body.pop({self._key}, None)", ""]
        if self._field.required:
            return "is required", lines + self._refused_body("body", 422)
        default = self._field.default
        shown = None if default is None else json_value(self._field.type, default)
        refusal = self._refusal(default)
        if refusal is not None:
            return "is needed", [*lines, f'refused(api.post("{self._path}", body), {refusal})']
        response = f'api.post("{self._path}", body)'
        lines += [f"made = accepted({response}, 201)", "", equals(f"made[{self._key}]", shown)]
        return ("is null by default" if default is None else "has a default"), lines

    def unique(self) -> list[str]:
        """Return the test that no two resources can have the same value."""
        value = literal(sample(self._field, 1))
        lines = [
            f"made = make_{self._name}(api, {{{self._key}: {value}}})",
            f"body = body_of_{self._name}(api, {{{self._key}: {value}}})",
            "",
            *self._refused_body("body", 409),
        ]
        changeable = self._entity.offers("update") and self._field.name != self._entity.owner
        if changeable and self._accepts("update", sample(self._field, 1)):
            lines += [
                f"made = make_{self._name}(api)",
                f'response = api.patch(f"{self._one}", {{{self._key}: {value}}})',
                f"refused(response, 409, {self._key})",
                *self._kept,
            ]
        return lines

    def absent_twice(self) -> list[str]:
        """Return the test that several resources can lack a value although the field is unique."""
        make = f"make_{self._name}(api, {{{self._key}: None}})"
        return [f"assert {make}[{self._key}] is None"] * 2

    def accepts_absence(self) -> bool:
        """Return whether a resource can be created without the field."""
        return self._accepts("create", None)

    def _refused_body(self, body: str, status: int) -> list[str]:
        response = f'response = api.post("{self._path}", {body})'
        return [response, "", f"refused(response, {status}, {self._key})"]

    def _refusal(self, default: Given) -> int | None:
        """Return the status with which a rule rejects a create without the field, or None if it is accepted."""
        left_out: dict[Parameter, object] = {("value", "self", self._field.name): default}
        scenario = self._suite.planner.play(self._entity, "create", self._usual | left_out)
        return scenario.outcome.status if scenario is not None and scenario.outcome.cause else None

    def _accepts(self, operation: str, value: Given) -> bool:
        kind = "value" if operation == "create" else "change"
        changed: dict[Parameter, object] = {(kind, "self", self._field.name): value}
        return self._suite.accepts(self._entity, operation, self._usual | changed)


def _label(value: object) -> str:
    text = literal(value)
    return text.strip("\"'") if len(text) < 30 else f"{text[:20]}..."
