"""Parameters that can vary when a scenario is set up, and the values worth trying for each.

A place identifies a resource: "self" is the one acted on, "object" the one named in the body, "self/order" the
target of a reference, "self#line item.order" the children that reference it, "self>pay" the object of an action
on the way to a state.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tools.blueprint import model
from tools.blueprint.arithmetic import bounds, canonical
from tools.blueprint.sample_values import FUTURE, PAST, STEP, sample
from tools.blueprint.simulated_requests import TODAY, YESTERDAY, Expression, Plain

CHILD = "#"

Parameter = tuple[str, str, str]
"""Kind, place and name of a parameter.

The name is a field's for the kinds "value" and "input", and "child.reference" for "children". The other kinds are
"status", "route" (the path to the state), "late" (whether children are created after the state is reached) and
"change" (of an update).
"""
Parameters = dict[Parameter, tuple[object, ...]]

_DISTINCT: dict[model.FieldType, tuple[Plain, ...]] = {
    "date": ("2030-01-10", "2030-01-20", "2030-01-30"),
    "timestamp": ("2030-01-10T08:00:00Z", "2030-01-10T12:00:00Z", "2030-01-30T08:00:00Z"),
    "text": ("a", "b"),
    "boolean": (False, True),
}
_DEPTH = 3


def parameters_of(
    blueprint: model.Blueprint, entity: model.Entity, operation: str, others: tuple[str, ...] = ()
) -> Parameters:
    """Return the parameters that the rules on the way to an operation depend on, with the values worth trying.

    `others` are the places of further resources of the entity.
    """
    return _Collector(blueprint).collect(entity, operation, others)


def neighbours(field: model.FieldSpec, value: Plain) -> tuple[Plain, ...]:
    """Return a value and its neighbours, except those that the field rejects."""
    if field.type == "choice":
        return field.choices
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        return _DISTINCT["boolean"] if field.type == "boolean" else (value, *_other_values(field, value))
    step, (low, high) = STEP.get(field.type, Decimal(1)), bounds(field)
    near = (Decimal(value), Decimal(value) + step, Decimal(value) - step)
    kept = (each for each in near if (low is None or low <= each) and (high is None or each <= high))
    return tuple(canonical(field.type, each) for each in kept)


def _other_values(field: model.FieldSpec, value: Plain) -> tuple[Plain, ...]:
    other = sample(field)
    return (other,) if other != value else ()


class _Collector:
    def __init__(self, blueprint: model.Blueprint) -> None:
        self._blueprint = blueprint
        self._parameters: Parameters = {}

    def collect(self, entity: model.Entity, operation: str, others: tuple[str, ...]) -> Parameters:
        for place in (*others, *(("self",) if operation != "create" else ())):
            self._resource(entity, place, _DEPTH)
        self._rules(entity, operation, "self", "object", _DEPTH)
        if operation == "update":
            self._rules(entity, "create", "self", "object", _DEPTH)
        if any(each.operation == operation for each in entity.transitions):
            self._status(entity, "self")
        return self._parameters

    def _resource(self, entity: model.Entity, place: str, depth: int) -> None:
        """Collect the parameters of creating a resource and bringing it into its state."""
        self._rules(entity, "create", place, "", depth)
        for operation in dict.fromkeys(each.operation for each in entity.transitions):
            self._rules(entity, operation, place, f"{place}>{operation}", depth)

    def _rules(self, entity: model.Entity, operation: str, place: str, thing: str, depth: int) -> None:
        for guard in entity.guards:
            if guard.operation == operation:
                for test in guard.tests:
                    self._test(entity, guard, test, place, thing, depth)

    def _test(
        self, entity: model.Entity, guard: model.Guard, test: model.Test, place: str, thing: str, depth: int
    ) -> None:
        if isinstance(test, model.ChildCount):
            at, owner = self._place(entity, guard, (test.subject, test.via), place, thing)
            if owner is not None and not (guard.operation == "create" and at == "self"):
                self._children(at, f"{test.child}.{test.reference}", test.number)
            return
        for ref, values in _compared_fields(test):
            self._vary_field(entity, guard, ref, values, place, thing, depth)

    def _vary_field(
        self,
        entity: model.Entity,
        guard: model.Guard,
        ref: model.FieldRef,
        values: tuple[object, ...],
        place: str,
        thing: str,
        depth: int,
    ) -> None:
        if ref.subject == "input":
            action = entity.action(guard.operation)
            spec = next((each for each in action.inputs if each.name == ref.field), None) if action else None
            if spec is not None:
                self._vary(("input", thing, ref.field), _values_to_try(spec, values))
            return
        at, owner = self._place(entity, guard, (ref.subject, ref.via), place, thing)
        if owner is None:
            return
        if at != place and depth and (at, "seen", "") not in self._parameters:
            self._parameters[at, "seen", ""] = ()
            self._resource(owner, at, depth - 1)
        self.field(owner, at, ref.field, values)

    def field(self, owner: model.Entity, at: str, name: str, values: tuple[object, ...]) -> None:
        """Vary a field by its value, by the resource's state or, if it is computed, by the resource's children."""
        spec = owner.field(name)
        if name == "status" and owner.initial_state is not None:
            self._status(owner, at)
        elif spec is not None and spec.computed is not None:
            self._computed(at, spec, spec.computed, values)
        elif spec is not None:
            self._vary(("value", at, name), _values_to_try(spec, values))

    def _computed(
        self, at: str, spec: model.FieldSpec, computed: model.Computed, values: tuple[object, ...]
    ) -> None:
        numbers = [int(each) for each in values if isinstance(each, int | Decimal)] or [1]
        link = f"{computed.child}.{computed.reference}"
        if computed.kind == "count":
            self._children(at, link, numbers[0])
            return
        self._vary(("children", at, link), (1, 2))
        child = self._blueprint.entity(computed.child)
        factors = [child.field(name) for name in computed.factors] if child else []
        for index, factor in enumerate(each for each in factors if each is not None):
            wanted = values if index == len(factors) - 1 else (1,)
            self._vary(("value", f"{at}{CHILD}{link}", factor.name), _values_to_try(factor, wanted))

    def _status(self, entity: model.Entity, at: str) -> None:
        self._vary(("status", at, ""), entity.states[1:])
        self._vary(("route", at, ""), (1, 2))

    def _children(self, at: str, link: str, number: int) -> None:
        self._vary(("children", at, link), tuple(n for n in (1, number, number + 1) if 0 < n < 50))
        self._vary(("late", at, ""), (True,))

    def _place(
        self, entity: model.Entity, guard: model.Guard, subject: tuple[str, str], place: str, thing: str
    ) -> tuple[str, model.Entity | None]:
        kind, via = subject
        if kind == "object":
            action = entity.action(guard.operation)
            return thing, self._blueprint.entity((action.object if action else None) or "")
        if kind == "reference":
            reference = entity.reference(via)
            return f"{place}/{via}", self._blueprint.entity(reference.target) if reference else None
        return place, entity

    def _vary(self, parameter: Parameter, values: tuple[object, ...]) -> None:
        self._parameters[parameter] = tuple(dict.fromkeys((*self._parameters.get(parameter, ()), *values)))


def _compared_fields(
    test: model.Compare | model.Missing | model.Expired,
) -> Iterator[tuple[model.FieldRef, tuple[object, ...]]]:
    """Yield the fields that a condition depends on, with the values it compares them with."""
    if isinstance(test, model.Missing):
        yield test.field, (None,)
    elif isinstance(test, model.Expired):
        yield test.field, (YESTERDAY, TODAY)
    elif isinstance(test.right, model.FieldRef):
        yield test.left, ()
        yield test.right, ()
    else:
        yield test.left, (test.right,)


def _values_to_try(spec: model.FieldSpec, values: tuple[object, ...]) -> tuple[object, ...]:
    """Return values to try for a field that a rule compares with `values`, or with another field if that is empty."""
    if values == (None,):
        return (sample(spec), *((None,) if spec.optional else ()))
    if not values:
        number = sample(spec)
        return neighbours(spec, number) if spec.type in STEP else _DISTINCT.get(spec.type, (number,))
    if all(isinstance(each, Expression) for each in values):
        return _edge_days(spec, values)
    return tuple(
        near for each in values for near in neighbours(spec, canonical(spec.type, each)) if near is not None
    )


def _edge_days(spec: model.FieldSpec, days: tuple[object, ...]) -> tuple[object, ...]:
    """Return the last expired and the first unexpired value, then one that is always expired and one that never is."""
    if spec.type == "date":
        return (*days, PAST, FUTURE)
    last = Expression(f'{YESTERDAY.code} + "T23:59:59Z"', f"{YESTERDAY.value}T23:59:59Z")
    first = Expression(f'{TODAY.code} + "T00:00:00Z"', f"{TODAY.value}T00:00:00Z")
    return (last, first, f"{PAST}T12:00:00Z", f"{FUTURE}T12:00:00Z")
