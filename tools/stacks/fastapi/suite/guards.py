"""Generates the tests of guards, with values on both sides of their boundary."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tools.blueprint.model import Compare, Criterion, Entity, Expired, Guard, Test
from tools.blueprint.reference_model import ReferenceModel
from tools.blueprint.sample_values import STEP
from tools.blueprint.scenario_parameters import Parameter, Parameters
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import TODAY, YESTERDAY
from tools.blueprint.simulated_resources import View
from tools.stacks.fastapi.pytest_source import Case
from tools.stacks.fastapi.suite.suite import Suite, neutral_change


def guard_cases(suite: Suite, criterion: Criterion, entity: Entity, guard: Guard) -> Iterator[Case]:
    """Yield tests that a guard rejects a request, and accepts it if one of its conditions is false; also on update.

    No tests are yielded if every request meets the guard's conditions, or if no valid request does, unless the guard
    merely repeats a constraint of its field with status 422.
    """
    search = _ScenarioSearch(suite, entity, guard, guard.operation)
    refused = search.refused()
    accepted = [(number, search.accepted(test)) for number, test in enumerate(guard.tests, 1)]
    repeated = guard.status == 422 and len(guard.tests) == 1
    if (refused is None and not repeated) or not any(scenario for _, scenario in accepted):
        return
    if refused is not None:
        yield Case(criterion, "", tuple(suite.refusal(refused, guard.status)))
    for number, scenario in accepted:
        if scenario is not None:
            aspect = "else accepted" if len(guard.tests) == 1 else f"accepted without condition {number}"
            yield Case(criterion, aspect, tuple(suite.success(scenario, guard.operation)))
    if guard.operation == "create" and entity.offers("update"):
        search = _ScenarioSearch(suite, entity, guard, "update")
        refused, changed = search.refused(), search.accepted(None)
        if refused is not None:
            yield Case(criterion, "also when updated", tuple(suite.refusal(refused, guard.status)))
        if changed is not None:
            yield Case(criterion, "updated else", tuple(suite.success(changed, "update")))


class _ScenarioSearch:
    """Finds the scenarios in which to test a guard, preferring values at its boundary."""

    def __init__(self, suite: Suite, entity: Entity, guard: Guard, operation: str) -> None:
        self._suite = suite
        self._entity = entity
        self._guard = guard
        self._operation = operation
        self._fixed: dict[Parameter, object] = {}
        self._extra: Parameters = {}
        if operation == "update":
            self._extra = suite.changes(entity)
            if guard.operation == "update":
                self._fixed = neutral_change(entity)

    def refused(self) -> Scenario | None:
        """Return a scenario in which the guard rejects the request, or None."""
        tests = self._guard.tests
        return self._first((tests, (), True), (tests, (), False))

    def accepted(self, false: Test | None) -> Scenario | None:
        """Return a successful scenario in which a condition (None: any) is false and, if possible, all others true."""
        if false is None:
            tests = self._guard.tests
            return self._first(*(((), (each,), tight) for tight in (True, False) for each in tests))
        others = tuple(each for each in self._guard.tests if each is not false)
        return self._first((others, (false,), True), (others, (false,), False), ((), (false,), False))

    def _first(self, *wishes: tuple[tuple[Test, ...], tuple[Test, ...], bool]) -> Scenario | None:
        return next(filter(None, (self._find(*wish) for wish in wishes)), None)

    def _find(self, true: tuple[Test, ...], false: tuple[Test, ...], tight: bool) -> Scenario | None:
        def wanted(scenario: Scenario) -> bool:
            outcome = scenario.outcome
            if false and outcome.cause:
                return False
            if not false and (
                outcome.status != self._guard.status or outcome.rule not in (None, self._guard)
            ):
                return False
            if self._operation != self._guard.operation and not false and outcome.rule is None:
                return False
            model, view = scenario.before.guard_view(scenario.final)
            held = all(model.holds(each, view) for each in true)
            if not held or any(model.holds(each, view) for each in false):
                return False
            return not tight or all(_at_edge(each, model, view) for each in (*true, *false))

        return self._suite.find(self._entity, self._operation, wanted, fixed=self._fixed, extra=self._extra)


def _at_edge(test: Test, model: ReferenceModel, view: View) -> bool:
    """Return whether the smallest possible change of the compared value would flip the condition."""
    if isinstance(test, Expired):
        value = model.field_value(test.field, view)
        return isinstance(value, str) and value[:10] in (TODAY.value, YESTERDAY.value)
    if not isinstance(test, Compare) or test.op in ("eq", "ne"):
        return True
    left = model.field_value(test.left, view)
    right = model.operand(test.right, view, model.type_of(test.left, view))
    if isinstance(left, str):
        return left == right or model.holds(test, view) is (test.op in ("lt", "gt"))
    if not isinstance(left, int | Decimal) or not isinstance(right, int | Decimal):
        return False
    inclusive = test.op in ("le", "ge")
    if model.holds(test, view) is inclusive:
        return left == right
    return abs(Decimal(left) - Decimal(right)) == STEP.get(model.type_of(test.left, view), Decimal(1))
