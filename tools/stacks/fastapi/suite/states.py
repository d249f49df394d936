"""Generates the tests of states: the initial state, allowed transitions and rejected ones."""

from __future__ import annotations

from collections.abc import Iterator

from tools.blueprint.model import Criterion, Entity, Transition
from tools.blueprint.names import collection_path
from tools.blueprint.scenarios import Scenario
from tools.stacks.fastapi.pytest_source import Case, factory
from tools.stacks.fastapi.suite.suite import Suite


def initial_cases(suite: Suite, criterion: Criterion, entity: Entity) -> Iterator[Case]:
    """Yield the tests that a resource starts in its initial state and that no request body can set the status."""
    if not entity.offers("create"):
        return
    name, path = factory(entity.name), collection_path(entity.name)
    yield Case(criterion, "", (f'assert make_{name}(api)["status"] == {entity.initial_state!r}',))
    other = next((each for each in entity.states if each != entity.initial_state), entity.initial_state)
    body = f'body_of_{name}(api, {{"status": {other!r}}})'
    yield Case(
        criterion,
        "not from a body",
        (f'response = api.post("{path}", {body})', "", 'refused(response, 422, "status")'),
    )
    if entity.offers("update"):
        yield Case(
            criterion,
            "not by an update",
            (
                f"made = make_{name}(api)",
                "",
                f'response = api.patch(f"{path}/{{made[\'id\']}}", {{"status": {other!r}}})',
                "",
                'refused(response, 422, "status")',
                *suite.script.reads_as(entity, "made"),
            ),
        )


def transition_cases(
    suite: Suite, criterion: Criterion, entity: Entity, transitions: list[Transition]
) -> Iterator[Case]:
    """Yield tests that the transitions succeed, and that their operations are rejected in all other states."""
    for each in transitions:
        scenario = _from(suite, entity, each.operation, each.source, accepted=True)
        if scenario is not None:
            aspect = "" if len(transitions) == 1 else f"{each.operation} from {each.source}"
            yield Case(criterion, aspect, tuple(_moved(suite, entity, scenario, each)))
    for operation in dict.fromkeys(each.operation for each in transitions):
        sources = {each.source for each in entity.transitions if each.operation == operation}
        for state in entity.states:
            scenario = None if state in sources else _from(suite, entity, operation, state, accepted=False)
            if scenario is not None:
                yield Case(criterion, f"{operation} not from {state}", tuple(suite.refusal(scenario, 409)))


def _from(suite: Suite, entity: Entity, operation: str, state: str, *, accepted: bool) -> Scenario | None:
    def wanted(scenario: Scenario) -> bool:
        return scenario.outcome.cause == ("" if accepted else "state")

    return suite.find(entity, operation, wanted, fixed={("status", "self", ""): state})


def _moved(suite: Suite, entity: Entity, scenario: Scenario, transition: Transition) -> list[str]:
    before = suite.script.current(entity, scenario.final.name)
    return [
        *suite.script.setup(scenario),
        *([f"before = {before}"] if before else []),
        "",
        f"changed = accepted({suite.script.final(scenario)})",
        "",
        f'assert changed["status"] == {transition.target!r}',
        *suite.script.reads_as(entity, "changed"),
        *(['assert moment(changed["updatedAt"]) > moment(before["updatedAt"])'] if before else []),
    ]
