"""Search for the requests that bring a service into a situation, such as "a paid order with two line items".

The search tries few values: those that the rules name, and their neighbours. Each attempt is executed on the
reference model, so a scenario is known to pass all guards on the way.
"""

from __future__ import annotations

import itertools
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tools.blueprint import api_outline
from tools.blueprint.model import Action, Blueprint, Entity
from tools.blueprint.names import snake
from tools.blueprint.reference_model import ReferenceModel
from tools.blueprint.sample_values import sample
from tools.blueprint.scenario_parameters import CHILD, Parameter, Parameters, parameters_of
from tools.blueprint.simulated_requests import Act, Create, Delete, Given, List, Outcome, Read, Step, Update

Choice = Mapping[Parameter, object]

_TRIES = 400
"""Maximum number of choices that one search tries."""
_WASTE = 8000
"""Total number of choices that failed searches may try before every further search is limited to a few."""
_FEW = 20
_ROUTES = 3
_DEPTH = 5


class Unreachable(Exception):  # noqa: N818  describes a situation
    """Raised when no requests that lead to the situation are found."""


@dataclass(frozen=True)
class Scenario:
    """A situation and the request that is tested in it."""

    setup: tuple[Step, ...]
    final: Step
    names: Mapping[str, str]
    """Names of the resources by place; the places of children are numbered."""
    choice: Choice
    outcome: Outcome
    before: ReferenceModel
    after: ReferenceModel


Wanted = Callable[[Scenario], bool]


@dataclass
class _Draft:
    choice: Choice
    steps: list[Step] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def name(self, entity: Entity, place: str) -> str:
        """Choose an unused variable name for the resource at a place, store it and return it."""
        base = variable(entity.name)
        taken = set(self.names.values())
        numbered = (base if n == 1 else f"{base.rstrip('_')}_{n}" for n in itertools.count(1))
        self.names[place] = next(name for name in numbered if name not in taken)
        return self.names[place]

    def parameter(self, kind: str, place: str, name: str = "") -> object:
        """Return the chosen value of a parameter, or None; all children of the same kind share one value."""
        return self.choice.get((kind, re.sub(r"\.\d+(?=[/>]|$)", "", place), name))

    def chosen(self, kind: str, place: str) -> dict[str, Given]:
        """Return the values chosen for one kind of parameter at a place, by name."""
        at = re.sub(r"\.\d+(?=[/>]|$)", "", place)
        return {key[2]: value for key, value in self.choice.items() if key[:2] == (kind, at)}  # type: ignore[misc]


def variable(entity: str) -> str:
    """Return a valid variable name, without a number, for resources of the entity."""
    name = snake(entity)
    reserved = {"api", "response", "before", "day", "page", "accepted", "refused", "current", "list", "type"}
    if name[:1].isdigit():
        return f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in reserved else name


class Planner:
    """A planner that searches for scenarios of one service."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self._plain: dict[str, Scenario | None] = {}
        self._wasted = 0

    def plain(self, entity: Entity) -> Scenario:
        """Return the simplest scenario in which a resource is created. Raises Unreachable if none is found."""
        if entity.name not in self._plain:
            self._plain[entity.name] = None
            self._plain[entity.name] = self.find(
                entity, "create", lambda scenario: not scenario.outcome.cause
            )
        found = self._plain[entity.name]
        if found is None:
            raise Unreachable(f"create {entity.name}")
        return found

    def find(
        self,
        entity: Entity,
        operation: str,
        wanted: Wanted,
        *,
        fixed: Choice | None = None,
        extra: Parameters | None = None,
        others: tuple[str, ...] = (),
    ) -> Scenario:
        """Return the simplest scenario that ends with the operation and satisfies `wanted`.

        `fixed` sets parameters, `extra` adds parameters to vary, and `others` are places of further resources of the
        entity, which are created before the one at "self". Raises Unreachable if no scenario is found.
        """
        parameters = parameters_of(self.blueprint, entity, operation, others) | dict(extra or {})
        given = dict(fixed or {})
        free = {parameter: values for parameter, values in parameters.items() if parameter not in given}
        before = self._wasted
        tries = _TRIES if self._wasted < _WASTE else _FEW
        for choice in itertools.islice(_choices(free), tries):
            self._wasted += 1
            scenario = self.play(entity, operation, given | choice, others)
            if scenario is not None and wanted(scenario):
                self._wasted = before
                return scenario
        raise Unreachable(f"{operation} {entity.name}")

    def play(
        self, entity: Entity, operation: str, choice: Choice, others: tuple[str, ...] = ()
    ) -> Scenario | None:
        """Return the scenario for this choice, or None if one of the requests that set it up is rejected."""
        draft = _Draft(choice)
        try:
            for place in others:
                self._make(draft, entity, place)
            final = self._final(draft, entity, operation)
        except Unreachable:
            return None
        before, after = ReferenceModel(self.blueprint), ReferenceModel(self.blueprint)
        for step in draft.steps:
            if before.run(step).cause or after.run(step).cause:
                return None
        outcome = after.run(final)
        return Scenario(tuple(draft.steps), final, draft.names, choice, outcome, before, after)

    def _final(self, draft: _Draft, entity: Entity, operation: str) -> Step:
        action = api_outline.action_of(entity, operation)
        if action is None and operation == "create":
            return self._create(draft, entity, "self")
        if action is None and operation == "list":
            return List(entity.name, draft.chosen("query", "self"))
        name = self._make(draft, entity, "self")
        if action is not None:
            return self._act(draft, entity, action, "self", "object")
        if operation in ("delete", "read"):
            return (Delete if operation == "delete" else Read)(name, entity.name)
        return Update(name, entity.name, draft.chosen("change", "self"))

    def _make(self, draft: _Draft, entity: Entity, place: str) -> str:
        """Plan the requests that create a resource according to its parameters, and return its name."""
        if not entity.offers("create") or re.sub(r"[^/>#]", "", place)[_DEPTH:]:
            raise Unreachable(place)
        made = self._create(draft, entity, place)
        draft.steps.append(made)
        late = draft.parameter("late", place) is True
        if not late:
            self._add_children(draft, place)
        for action in self._route(draft, entity, place):
            draft.steps.append(self._act(draft, entity, action, place, f"{place}>{action.name}"))
        if late:
            self._add_children(draft, place)
        return made.name

    def _create(self, draft: _Draft, entity: Entity, place: str) -> Create:
        parents: dict[str, str] = {}
        for each in entity.references:
            at = f"{place}/{each.name}"
            parents[each.name] = draft.names.get(at) or self._make(draft, self._entity(each.target), at)
        draft.number += 1
        chosen = draft.chosen("value", place)
        filled: dict[str, Given] = {
            each.name: sample(each, draft.number)
            for each in api_outline.written_fields(entity)
            if each.required and each.name not in chosen
        }
        filled |= {name: value for name, value in self._usual(entity).items() if name not in chosen}
        if None in filled.values():
            raise Unreachable(entity.name)
        return Create(draft.name(entity, place), entity.name, chosen, parents, filled)

    def _usual(self, entity: Entity) -> Mapping[str, Given]:
        """Return values that satisfy the create guards, for the fields of a create body without a chosen value."""
        plain = self._plain.get(entity.name)
        return plain.final.values if plain is not None and isinstance(plain.final, Create) else {}

    def _entity(self, name: str) -> Entity:
        found = self.blueprint.entity(name)
        if found is None:
            raise Unreachable(name)
        return found

    def _add_children(self, draft: _Draft, place: str) -> None:
        for link, number in draft.chosen("children", place).items():
            name, _, reference = link.partition(".")
            for index in range(number if isinstance(number, int) else 0):
                at = f"{place}{CHILD}{link}.{index}"
                draft.names[f"{at}/{reference}"] = draft.names[place]
                self._make(draft, self._entity(name), at)

    def _route(self, draft: _Draft, entity: Entity, place: str) -> list[Action]:
        status = draft.parameter("status", place)
        if status is None:
            return []
        found = list(itertools.islice(routes(entity, str(status)), _ROUTES))
        index = draft.parameter("route", place) or 0
        if not isinstance(index, int) or index >= len(found):
            raise Unreachable(place)
        return found[index]

    def _act(self, draft: _Draft, entity: Entity, action: Action, place: str, thing: str) -> Act:
        inputs = draft.chosen("input", thing)
        for each in action.inputs:
            if each.required and each.name not in inputs:
                inputs[each.name] = sample(api_outline.stored_input(entity, each), draft.number)
        made = None
        if action.object is not None:
            made = draft.names.get(thing) or self._make(draft, self._entity(action.object), thing)
        return Act(draft.names[place], entity.name, action.name, inputs, made)


def routes(entity: Entity, status: str) -> Iterator[list[Action]]:
    """Yield the sequences of actions that lead from the initial state to `status`, without cycles, shortest first."""
    ways: list[tuple[str, list[Action], frozenset[str]]] = []
    if entity.initial_state is not None:
        ways = [(entity.initial_state, [], frozenset({entity.initial_state}))]
    while ways:
        state, way, seen = ways.pop(0)
        if state == status:
            yield way
            continue
        for each in entity.transitions:
            action = entity.action(each.operation)
            if each.source == state and each.target not in seen and action is not None:
                ways.append((each.target, [*way, action], seen | {each.target}))


def _choices(parameters: Parameters) -> Iterator[dict[Parameter, object]]:
    """Yield combinations of parameter values, those that set the fewest parameters first."""
    settable = [parameter for parameter, values in parameters.items() if values]
    for number in range(len(settable) + 1):
        for turned in itertools.combinations(settable, number):
            for values in itertools.product(*(parameters[parameter] for parameter in turned)):
                yield dict(zip(turned, values, strict=True))
