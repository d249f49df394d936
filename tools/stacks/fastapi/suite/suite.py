"""Context shared by all test generators: scenarios of the service, and common test bodies."""

from __future__ import annotations

from tools.blueprint.api_outline import action_of
from tools.blueprint.model import Blueprint, Entity
from tools.blueprint.names import collection_path
from tools.blueprint.scenarios import Planner, Scenario, Unreachable
from tools.blueprint.simulated_requests import Act, Create, List, Read
from tools.stacks.fastapi.suite.script import Script


def success_status(entity: Entity, operation: str) -> str:
    """Return the status argument of `accepted`: ", 201" for a create, "" for 200."""
    status = {"create": 201, "delete": 204}.get(operation, 200)
    return "" if status == 200 or action_of(entity, operation) is not None else f", {status}"


class Suite:
    """The tests of one service under construction."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.planner = Planner(blueprint)
        self.script = Script(blueprint)

    def entity(self, name: str) -> Entity:
        """Return the entity of that name. Raises KeyError if it does not exist."""
        found = self.blueprint.entity(name)
        if found is None:
            raise KeyError(name)
        return found

    def makes(self, entity: Entity) -> bool:
        """Whether a resource of the entity can be created by requests."""
        try:
            return entity.offers("create") and bool(self.planner.plain(entity))
        except Unreachable:
            return False

    def watched(self, scenario: Scenario) -> list[tuple[str, str]]:
        """Return what the last request could change, as pairs of a variable and the expression to read it."""
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

    def refusal(self, scenario: Scenario, status: int, field: str = "", caller: str = "api") -> list[str]:
        """Return the lines of a test that the scenario's request is rejected and changes nothing."""
        watched = self.watched(scenario)
        named = f', "{field}"' if field else ""
        return [
            *self.script.setup(scenario),
            *(f"{name} = {code}" for name, code in watched),
            "",
            f"response = {caller}{self.script.final(scenario).removeprefix('api')}",
            "",
            f"refused(response, {status}{named})",
            *(f"assert {code} == {name}" for name, code in watched),
        ]

    def success(self, scenario: Scenario, operation: str, caller: str = "api") -> list[str]:
        """Return the lines of a test that the scenario's request succeeds."""
        given = success_status(self.entity(scenario.final.entity), operation)
        return [
            *self.script.setup(scenario),
            "",
            f"response = {caller}{self.script.final(scenario).removeprefix('api')}",
            "",
            f"accepted(response{given})",
        ]
