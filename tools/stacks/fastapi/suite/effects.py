"""Generates the tests of effects: exact results, rounding and the bounds of the changed field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal

from tools.blueprint.api_outline import stored_input
from tools.blueprint.arithmetic import bounds, canonical, rounded
from tools.blueprint.model import Criterion, Effect, Entity, FieldRef, FieldSpec
from tools.blueprint.names import camel
from tools.blueprint.sample_values import sample
from tools.blueprint.scenario_parameters import CHILD, Parameters
from tools.blueprint.scenarios import Scenario, Unreachable
from tools.blueprint.simulated_requests import Create, Plain
from tools.stacks.fastapi.pytest_source import Case, equals, literal
from tools.stacks.fastapi.suite.suite import Suite, succeeds, success_status
from tools.stacks.fastapi.tables import target_of

_NUMBERS = tuple(
    Decimal(text)
    for text in ("100", "10", "7", "0.25", "10.25", "99.99", "5", "1", "50", "15", "0.05", "12.5")
)


def effect_cases(suite: Suite, criterion: Criterion, entity: Entity, effect: Effect) -> Iterator[Case]:
    """Yield the tests of an effect: an ordinary result, a rounded one, one at the field's bound and one beyond it."""
    search = _ScenarioSearch(suite, entity, effect)
    wishes: list[tuple[str, Callable[[Scenario], bool]]] = [("", search.changes)]
    if effect.percent:
        wishes.append(("rounds half to even", search.ties))
    if effect.kind != "set":
        wishes.append(("up to the bound", search.reaches_bound))
    for aspect, wanted in wishes:
        scenario = search.find(wanted)
        if scenario is not None:
            yield Case(criterion, aspect, tuple(search.lines(scenario)))
    broken = search.find(
        lambda scenario: scenario.outcome.cause == "effect" and scenario.outcome.rule == effect
    )
    if broken is not None:
        yield Case(criterion, "refused where it would break the field", tuple(suite.refusal(broken, 409)))
    if search.spec.computed is not None:
        yield from search.kept(criterion)


class _ScenarioSearch:
    """Finds the scenarios in which to test an effect."""

    def __init__(self, suite: Suite, entity: Entity, effect: Effect) -> None:
        self._suite = suite
        self._entity = entity
        self._effect = effect
        self._place = {"self": "self", "object": "object"}.get(
            effect.target.subject, f"self/{effect.target.via}"
        )
        owner = self._owner_of(effect.target)
        spec = owner.field(effect.target.field) if owner else None
        if owner is None or spec is None:
            raise Unreachable(effect.target.field)
        self._owner = owner
        self.spec = spec

    def find(self, wanted: Callable[[Scenario], bool]) -> Scenario | None:
        """Return the simplest scenario that satisfies `wanted`, or None."""
        return self._suite.find(self._entity, self._effect.operation, wanted, extra=self._parameters())

    def changes(self, scenario: Scenario) -> bool:
        """Return whether the field changes to a value that it could not have by coincidence."""
        before, after = self._values(scenario)
        if not succeeds(scenario) or before == after:
            return False
        number = isinstance(before, int | Decimal)
        return not number or self._effect.kind == "set" or before not in (0, self._amount(scenario))

    def ties(self, scenario: Scenario) -> bool:
        """Return whether the result would differ if it were rounded half up or if only the change were rounded."""
        before, after = self._values(scenario)
        amount = self._amount(scenario)
        if (
            scenario.outcome.cause
            or not isinstance(before, int | Decimal)
            or not isinstance(amount, int | Decimal)
        ):
            return False
        change = Decimal(before) * Decimal(amount) / 100
        sign = 1 if self._effect.kind == "increase" else -1
        unit = Decimal("0.01") if self.spec.type == "money" else Decimal(1)
        upwards = (Decimal(before) + sign * change).quantize(unit, ROUND_HALF_UP)
        parts = rounded(self.spec.type, change)
        apart = Decimal(before) + sign * parts if isinstance(parts, int | Decimal) else None
        return self.spec.type != "number" and after not in (upwards, apart)

    def reaches_bound(self, scenario: Scenario) -> bool:
        """Return whether the result equals the bound of the field in the direction of the effect."""
        _, after = self._values(scenario)
        bound = self.spec.minimum if self._effect.kind == "reduce" else self.spec.maximum
        return not scenario.outcome.cause and bound is not None and after == bound

    def lines(self, scenario: Scenario) -> list[str]:
        """Return the lines of a test that checks the result of the effect."""
        name, result = self._name(scenario), self._values(scenario)[1]
        key = camel(self.spec.name)
        operation = self._effect.operation
        status = success_status(self._entity, operation)
        script = self._suite.script
        found = script.setup(scenario, self._place)
        final = f"accepted({script.final(scenario)}{status})"
        current = script.current(self._owner, name)
        if self._place != "self" or operation in ("create", "delete"):
            named = "changed = " if operation == "create" and self._place == "self" else ""
            current = script.current(self._owner, "changed") if named else current
            found += ["", f"{named}{final}", ""]
            return [*found, *([equals(f'{current}["{key}"]', result)] if current else [])]
        found += [f"before = {current}"] if current else []
        found += ["", f"changed = {final}", "", equals(f'changed["{key}"]', result)]
        if current:
            found.append(f"assert {script.current(self._owner, 'changed')} == changed")
            found.append('assert moment(changed["updatedAt"]) > moment(before["updatedAt"])')
        return found

    def kept(self, criterion: Criterion) -> Iterator[Case]:
        """Yield the test that an effect on a computed field persists when another child is added."""
        computed = self.spec.computed
        scenario = self.find(self.changes)
        child = self._suite.blueprint.entity(computed.child) if computed else None
        if computed is None or scenario is None or child is None or not child.offers("create"):
            return
        model = scenario.after.copy()
        name = self._name(scenario)
        factors = {each: Decimal(2) for each in computed.factors}
        values = {key: canonical("integer", each) for key, each in factors.items()}
        others = [each for each in child.references if each.name != computed.reference]
        step = Create("another", child.name, values, {computed.reference: name}, _filled(child, values))
        current = self._suite.script.current(self._owner, name)
        if others or model.run(step).cause or current is None:
            return
        result = literal(model.value(name, self.spec.name))
        steps = (*scenario.setup, scenario.final, step)
        last = self._suite.script.lines(steps, steps, {name}, {"another"})
        yield Case(
            criterion,
            "kept when the sum changes",
            (*last, "", f'assert {current}["{camel(self.spec.name)}"] == {result}'),
        )

    def _owner_of(self, ref: FieldRef) -> Entity | None:
        return target_of(self._suite.blueprint, self._entity, self._effect.operation, ref.subject, ref.via)

    def _name(self, scenario: Scenario) -> str:
        return scenario.names.get(self._place, scenario.final.name)

    def _values(self, scenario: Scenario) -> tuple[Plain, Plain]:
        """Return the field's value before and after the request under test."""
        name = self._name(scenario)
        created = isinstance(scenario.final, Create) and self._place == "self"
        before = None if created else scenario.before.value(name, self.spec.name)
        return before, scenario.after.value(
            name, self.spec.name
        ) if name in scenario.after.resources else None

    def _amount(self, scenario: Scenario) -> Plain:
        model, view = scenario.before.guard_view(scenario.final)
        return model.operand(
            self._effect.amount, view, "number" if self._effect.kind != "set" else self.spec.type
        )

    def _parameters(self) -> Parameters:
        """Return the values that the search tries for the target field and the amount."""
        found: Parameters = {}
        numbers = tuple(dict.fromkeys((*_NUMBERS, *self._near_bounds())))
        if self.spec.computed is not None:
            link = f"{self.spec.computed.child}.{self.spec.computed.reference}"
            found["children", self._place, link] = (1, 2)
            child = self._suite.blueprint.entity(self.spec.computed.child)
            for index, name in enumerate(self.spec.computed.factors):
                factor = child.field(name) if child else None
                if factor is not None:
                    wanted = numbers if index == len(self.spec.computed.factors) - 1 else (Decimal(1),)
                    found["value", f"{self._place}{CHILD}{link}", name] = _kept(factor, wanted)
        elif self._place != "self" or self._effect.operation != "create":
            found["value", self._place, self.spec.name] = _kept(self.spec, numbers)
        if isinstance(self._effect.amount, FieldRef):
            found |= self._amount_parameter(self._effect.amount)
        return found

    def _amount_parameter(self, ref: FieldRef) -> Parameters:
        action = self._entity.action(self._effect.operation)
        if ref.subject == "input":
            inputs = [each for each in (action.inputs if action else ()) if each.name == ref.field]
            values = [_kept(stored_input(self._entity, each), _NUMBERS) for each in inputs]
            return {("input", "object", ref.field): values[0]} if values else {}
        place = "object" if ref.subject == "object" else f"self/{ref.via}" if ref.via else "self"
        owner = self._owner_of(ref)
        spec = owner.field(ref.field) if owner else None
        return {("value", place, ref.field): _kept(spec, _NUMBERS)} if spec and spec.computed is None else {}

    def _near_bounds(self) -> Iterator[Decimal]:
        given = self._effect.amount
        amount = Decimal(
            0 if isinstance(given, FieldRef | bool) or self._effect.kind == "set" else str(given)
        )
        for bound in (self.spec.minimum, self.spec.maximum):
            if bound is not None:
                yield from (bound, bound - amount, bound + amount)


def _kept(spec: FieldSpec, numbers: tuple[Decimal, ...]) -> tuple[object, ...]:
    """Return those numbers that are valid for a numeric field, or one sample value for any other field."""
    low, high = bounds(spec)
    whole = spec.type == "integer"
    return (
        tuple(
            canonical(spec.type, each)
            for each in numbers
            if (low is None or low <= each)
            and (high is None or each <= high)
            and (not whole or each == each.to_integral_value())
        )
        if spec.type in ("integer", "number", "money")
        else (sample(spec),)
    )


def _filled(entity: Entity, values: dict[str, Plain]) -> dict[str, Plain]:
    return {each.name: sample(each, 9) for each in entity.fields if each.required and each.name not in values}
