"""Context shared by all test generators: the search for scenarios and the source of common tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tools.blueprint.api_outline import action_of, written_fields
from tools.blueprint.model import Blueprint, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path
from tools.blueprint.sample_values import boundaries, sample, violations
from tools.blueprint.scenario_parameters import Parameter, Parameters, parameters_of
from tools.blueprint.scenarios import Planner, Scenario, Unreachable
from tools.blueprint.simulated_requests import Act, Create, Given, List, Read
from tools.stacks.fastapi.pytest_source import Values, literal
from tools.stacks.fastapi.suite.script import Script

NOWHERE = "6f1c2d3e-0000-4000-8000-00000000dead"
"""A valid id that no resource has."""


def success_status(entity: Entity, operation: str) -> str:
    """Return the source of the status argument of `accepted`: ", 201" for a create, "" for the default, 200."""
    status = {"create": 201, "delete": 204}.get(operation, 200)
    return "" if status == 200 or action_of(entity, operation) is not None else f", {status}"


def guard_statuses(entity: Entity, operation: str) -> set[int]:
    """Return the statuses with which rules may reject requests that are valid according to the contract."""
    watched = {"create", "update"} if operation == "update" else {operation}
    fixed = {422} if operation == "update" and entity.field(entity.owner) is not None else set()
    return {each.status for each in entity.guards if each.operation in watched} | fixed


def owner_member(entity: Entity) -> str:
    """Return the member of a resource that holds its owner."""
    return camel(entity.owner if entity.field(entity.owner) else f"{entity.owner} id")


def neutral_change(entity: Entity) -> dict[Parameter, object]:
    """Return the parameters of an update of a field whose value is unlikely to matter, or {} if there is none."""
    changeable = [each for each in written_fields(entity) if each.name != entity.owner]
    plain = [each for each in changeable if not each.unique and each.type != "choice"]
    fields = sorted(plain or changeable, key=lambda each: not each.optional)
    value = sample(fields[0]) if fields else None
    return {("change", "self", fields[0].name): value} if fields and value is not None else {}


def valid_values(field: FieldSpec) -> list[Given]:
    """Return distinct valid values of a field, including its boundaries."""
    values = [sample(field), *boundaries(field), *([None] if field.optional else [])]
    return list({literal(each): each for each in values}.values())


def invalid_values(field: FieldSpec) -> Values:
    """Return an invalid value for each way to violate a field's constraints, labelled with the violation."""
    return tuple((each.why, each.value) for each in violations(field, nullable=field.optional))


def succeeds(scenario: Scenario) -> bool:
    """Return whether the request under test in a scenario is accepted."""
    return not scenario.outcome.cause


class Suite:
    """The context in which the tests of one service are generated."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.planner = Planner(blueprint)
        self.script = Script(blueprint)

    def entity(self, name: str) -> Entity:
        """Return the entity with this name. Raises KeyError if there is none."""
        found = self.blueprint.entity(name)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def owner_members(self) -> dict[str, str]:
        """The member of a resource that holds its owner, by collection path, for resources with an owner."""
        return {
            collection_path(each.name): owner_member(each) for each in self.blueprint.entities if each.owner
        }

    def makes(self, entity: Entity) -> bool:
        """Return whether resources of an entity can be created by requests."""
        try:
            return entity.offers("create") and bool(self.planner.plain(entity))
        except Unreachable:
            return False

    def find(
        self,
        entity: Entity,
        operation: str,
        wanted: Callable[[Scenario], bool] = succeeds,
        *,
        fixed: Mapping[Parameter, object] | None = None,
        extra: Parameters | None = None,
        others: tuple[str, ...] = (),
    ) -> Scenario | None:
        """Return the simplest scenario for an operation that satisfies `wanted`, or None; see `Planner.find`."""
        try:
            return self.planner.find(entity, operation, wanted, fixed=fixed, extra=extra, others=others)
        except Unreachable:
            return None

    def plain(self, entity: Entity, operation: str) -> Scenario | None:
        """Return the simplest scenario in which an operation succeeds, or None; an update makes a neutral change."""
        return self.find(entity, operation, fixed=neutral_change(entity) if operation == "update" else None)

    def accepts(self, entity: Entity, operation: str, choice: Mapping[Parameter, object]) -> bool:
        """Return whether an operation succeeds with these parameters."""
        scenario = self.planner.play(entity, operation, choice)
        return scenario is not None and succeeds(scenario)

    def updates_by_nothing(self, entity: Entity) -> bool:
        """Return whether an update with an empty body succeeds; True if the entity cannot be updated or created."""
        if not entity.offers("update") or not self.makes(entity):
            return True
        return self.accepts(entity, "update", dict(self.planner.plain(entity).choice))

    def changes(self, entity: Entity) -> Parameters:
        """Return the parameters of an update with the values that a search tries for each."""
        found = parameters_of(self.blueprint, entity, "update")
        return {("change", at, name): values for (kind, at, name), values in found.items() if kind == "value"}

    def watched(self, scenario: Scenario) -> list[tuple[str, str]]:
        """Return what the request under test could change, as pairs of a variable and the expression for reading it."""
        final = scenario.final
        entity = self.entity(final.entity)
        path = collection_path(entity.name)
        if isinstance(final, Read | List):
            return []
        if isinstance(final, Create):
            return [("before", f'api.total("{path}")')] if entity.offers("list") else []
        found = [("before", self.script.current(entity, final.name))]
        if isinstance(final, Act) and final.object is not None:
            thing = scenario.before.resources[final.object].entity
            found.append((f"{final.object.rstrip('_')}_before", self.script.current(thing, final.object)))
        return [(name, code) for name, code in found if code is not None]

    def refusal(
        self,
        scenario: Scenario,
        status: int,
        field: str = "",
        caller: str = "api",
        setup: Iterable[str] | None = None,
    ) -> list[str]:
        """Return the lines of a test that the request under test is rejected and changes nothing.

        `setup`, if given, replaces the lines that set up the scenario.
        """
        watched = self.watched(scenario)
        named = f', "{field}"' if field else ""
        return [
            *(self.script.setup(scenario) if setup is None else setup),
            *(f"{name} = {code}" for name, code in watched),
            "",
            f"response = {caller}{self.script.final(scenario).removeprefix('api')}",
            "",
            f"refused(response, {status}{named})",
            *(f"assert {code} == {name}" for name, code in watched),
        ]

    def success(self, scenario: Scenario, operation: str, caller: str = "api") -> list[str]:
        """Return the lines of a test that the request under test succeeds."""
        given = success_status(self.entity(scenario.final.entity), operation)
        return [
            *self.script.setup(scenario),
            "",
            f"response = {caller}{self.script.final(scenario).removeprefix('api')}",
            "",
            f"accepted(response{given})",
        ]
