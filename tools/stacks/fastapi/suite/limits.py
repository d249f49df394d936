"""Generates the tests of limits: the allowed number of requests succeeds, and one more is rejected."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tools.blueprint.api_outline import stored_input
from tools.blueprint.model import Criterion, Entity, Limit
from tools.blueprint.reference_model import ReferenceModel
from tools.blueprint.sample_values import sample
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import Act, Create, Outcome, Step
from tools.stacks.fastapi.pytest_source import Case
from tools.stacks.fastapi.suite.script import children_of
from tools.stacks.fastapi.suite.suite import Suite


def limit_cases(suite: Suite, criterion: Criterion, entity: Entity, limit: Limit) -> Iterator[Case]:
    """Yield the test of a limit, which repeats the request on the same resource or on a new one each time."""
    rounds: list[_Rounds] = []

    def wanted(scenario: Scenario) -> bool:
        rounds[:] = [*_again(scenario, entity, limit), *_anew(suite, scenario, limit)][:1]
        return bool(rounds)

    scenario = suite.find(entity, limit.operation, wanted)
    if scenario is not None:
        yield Case(criterion, "", tuple(_lines(suite, scenario, rounds[0], limit)))


@dataclass(frozen=True)
class _Rounds:
    """The steps at the start of a test, those of each successful request, and those before the rejected request."""

    first: tuple[Step, ...]
    repeated: tuple[Step, ...]
    last: tuple[Step, ...]


def _lines(suite: Suite, scenario: Scenario, rounds: _Rounds, limit: Limit) -> list[str]:
    everything = (*rounds.first, *rounds.repeated, *rounds.last, scenario.final)

    def lines(steps: tuple[Step, ...]) -> list[str]:
        return suite.script.lines(steps, everything, set(), children_of(scenario))

    setup = [
        *lines(rounds.first),
        f"for _ in range({limit.times}):",
        *(f"    {each}" for each in lines(rounds.repeated)),
        *lines(rounds.last),
    ]
    return suite.refusal(scenario, 409, setup=setup)


def _again(scenario: Scenario, entity: Entity, limit: Limit) -> Iterator[_Rounds]:
    """Yield the possible rounds that repeat the request on the same resource, restoring its state if necessary."""
    if scenario.outcome.cause:
        return
    for way in _ways_back(entity, scenario.final.name):
        model = scenario.before.copy()
        repeated = (scenario.final, *way)
        if model.accepts(repeated * limit.times) and _limited(model, scenario.final, limit):
            yield _Rounds(scenario.setup, repeated, ())


def _anew(suite: Suite, scenario: Scenario, limit: Limit) -> Iterator[_Rounds]:
    """Yield the rounds that use a new resource with the same object for each request, if that is possible."""
    if scenario.outcome.cause or limit.per != "object":
        return
    shared = {name for place, name in scenario.names.items() if place.startswith("object")}
    first = tuple(step for step in scenario.setup if step.name in shared)
    own = tuple(step for step in scenario.setup if step.name not in shared)
    rounds = [_renamed((*own, scenario.final), shared, f".{number}") for number in range(limit.times)]
    model = ReferenceModel(suite.blueprint)
    if model.accepts((*first, *itertools.chain(*rounds), *own)) and _limited(model, scenario.final, limit):
        yield _Rounds(first, (*own, scenario.final), own)


def _limited(model: ReferenceModel, step: Step, limit: Limit) -> bool:
    return model.run(step) == Outcome(409, "limit", limit)


def _renamed(steps: Iterable[Step], shared: set[str], suffix: str) -> Iterator[Step]:
    """Yield the steps with the suffix added to the names of all resources that are not shared."""

    def renamed(name: str) -> str:
        return name if name in shared else name + suffix

    for step in steps:
        if isinstance(step, Create):
            parents = {key: renamed(each) for key, each in step.parents.items()}
            yield replace(step, name=renamed(step.name), parents=parents)
        else:
            yield replace(step, name=renamed(step.name))


def _ways_back(entity: Entity, name: str) -> Iterator[tuple[Step, ...]]:
    """Yield sequences of up to two actions with sample inputs that might restore the state, shortest first."""
    acts = tuple(
        Act(
            name, entity.name, each.name, {one.name: sample(stored_input(entity, one)) for one in each.inputs}
        )
        for each in entity.actions
        if each.object is None
    )
    for length in range(3):
        yield from itertools.product(acts, repeat=length)
