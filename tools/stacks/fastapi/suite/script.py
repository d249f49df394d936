"""Writes scenarios as lines of a test: setup requests, which must succeed, and the request under test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tools.blueprint import api_outline
from tools.blueprint.model import Action, Blueprint, Entity
from tools.blueprint.names import camel, collection_path, kebab
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import Act, Create, Delete, List, Read, Step, Update, Values
from tools.stacks.fastapi.pytest_source import factory, literal


class Script:
    """Writes the source of requests to one service."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint

    def setup(self, scenario: Scenario, *uses: str) -> list[str]:
        """Return the lines that set up a scenario; `uses` are the places of the resources that the test refers to."""
        mentioned = {scenario.names[place] for place in uses if place in scenario.names}
        everything = (*scenario.setup, scenario.final)
        return self.lines(scenario.setup, everything, mentioned, children_of(scenario))

    def final(self, scenario: Scenario) -> str:
        """Return the expression that sends the request under test and returns the response."""
        shown = _shown((*scenario.setup, scenario.final), set(), children_of(scenario))
        return self.request(scenario.final, shown)

    def lines(
        self, steps: Iterable[Step], everything: tuple[Step, ...], mentioned: set[str], wanted: set[str]
    ) -> list[str]:
        """Return a line for each step, except for resources that the factory of another one creates implicitly.

        `everything` contains all steps of the test, which determine the resources that need a variable.
        """
        shown = _shown(everything, mentioned, wanted)
        named = set(mentioned)
        for step in everything:
            named |= set(step.parents.values()) & shown if isinstance(step, Create) else _subjects(step)
        found = []
        for step in steps:
            if not isinstance(step, Create):
                status = ", 204" if isinstance(step, Delete) else ""
                found.append(f"accepted({self.request(step, shown)}{status})")
            elif step.name in shown:
                call = f"make_{factory(step.entity)}({self._arguments(step, shown)})"
                found.append(f"{step.name} = {call}" if step.name in named else call)
        return found

    def request(self, step: Step, shown: set[str]) -> str:
        """Return the expression that sends a request and returns the response."""
        path = collection_path(step.entity)
        if isinstance(step, Create):
            return f'api.post("{path}", body_of_{factory(step.entity)}({self._arguments(step, shown)}))'
        at = f"{path}/{{{step.name}['id']}}"
        if isinstance(step, List):
            query = _dict(_members(step.query)) if step.query else ""
            return f'api.get("{path}"{", " + query if query else ""})'
        if isinstance(step, Delete | Read):
            return f'api.{"delete" if isinstance(step, Delete) else "get"}(f"{at}")'
        if isinstance(step, Update):
            return f'api.patch(f"{at}", {_dict(_members(step.values))})'
        body = self.action_body(step)
        return f'api.post(f"{at}/{kebab(step.action)}"{", " + _dict(body) if body else ""})'

    def action_body(self, step: Act) -> dict[str, str]:
        """Return the members of an action's request body, each with the source of its value."""
        entity = self._blueprint.entity(step.entity)
        action = entity.action(step.action) if entity else None
        key = api_outline.object_key(self._blueprint, action) if action else None
        members: dict[str, str] = {}
        if action is not None and key is not None and step.object is not None:
            members[key] = f'{step.object}["{object_member(self._blueprint, action)}"]'
        return members | _members(step.inputs)

    def current(self, entity: Entity, name: str) -> str | None:
        """Return the expression that reads the resource in variable `name`, or None if the service cannot read it."""
        path = collection_path(entity.name)
        if entity.offers("read"):
            return f"accepted(api.get(f\"{path}/{{{name}['id']}}\"))"
        return f'api.find("{path}", {name}["id"])' if entity.offers("list") else None

    def reads_as(self, entity: Entity, name: str, expected: str = "") -> list[str]:
        """Return the assertion that reading the resource in variable `name` yields the same content.

        `expected` names the variable with the expected content; "" means `name`. The list is empty if the service
        offers no way to read the resource.
        """
        current = self.current(entity, name)
        return [f"assert {current} == {expected or name}"] if current else []

    def _arguments(self, step: Create, shown: set[str]) -> str:
        parents = {
            camel(f"{name} id"): f'{parent}["id"]' for name, parent in step.parents.items() if parent in shown
        }
        given = parents | _members(step.values)
        return f"api, {_dict(given)}" if given else "api"


def object_member(blueprint: Blueprint, action: Action) -> str:
    """Return the member of a resource that identifies it in the request body of an action."""
    field = api_outline.object_field(blueprint, action)
    return camel(field.name) if field else "id"


def children_of(scenario: Scenario) -> set[str]:
    """Return the names of the resources that the scenario creates as children of others."""
    return {name for place, name in scenario.names.items() if re.search(r"#[^/>]*\.\d+$", place)}


def _members(values: Values) -> dict[str, str]:
    return {camel(name): literal(value) for name, value in values.items()}


def _dict(members: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(name)}: {code}" for name, code in members.items()) + "}"


def _subjects(step: Step) -> set[str]:
    return {step.name, step.object} if isinstance(step, Act) and step.object else {step.name}


def _shown(steps: tuple[Step, ...], mentioned: set[str], wanted: set[str]) -> set[str]:
    """Return the names of the resources that a test must create explicitly instead of leaving them to a factory."""
    creates = [step for step in steps if isinstance(step, Create)]
    shown = mentioned | wanted | {step.name for step in creates if step.values}
    for step in steps:
        if not isinstance(step, Create):
            shown |= _subjects(step)
    parents = [parent for step in creates for parent in step.parents.values()]
    shown |= {parent for parent in parents if parents.count(parent) > 1}
    for step in creates:
        if shown & set(step.parents.values()):
            shown.add(step.name)
    return shown
