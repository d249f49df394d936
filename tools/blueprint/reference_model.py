"""An in-memory model of a correct service, which determines the effect of each request on the resources.

It is used to plan tests. It expects request bodies that satisfy their schemas and decides everything beyond that:
uniqueness, states, guards, limits, children, effects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import reduce

from tools.blueprint import api_outline, model
from tools.blueprint.arithmetic import affected, canonical, keeps, ordered, rounded
from tools.blueprint.simulated_requests import TODAY, Act, Create, Delete, Outcome, Plain, Read, Step, Update
from tools.blueprint.simulated_resources import Resource, View


class ReferenceModel:
    """All resources of a service, and the rules that govern them."""

    def __init__(self, blueprint: model.Blueprint) -> None:
        self.blueprint = blueprint
        self.resources: dict[str, Resource] = {}

    def run(self, step: Step) -> Outcome:
        """Execute a request and return its outcome; a rejected request changes nothing."""
        if isinstance(step, Create):
            return self._create(step)
        if isinstance(step, Update):
            return self._update(step)
        if isinstance(step, Delete):
            return self._delete(step)
        if isinstance(step, Act):
            return self._act(step)
        rejection = self._reject("read", View(self.resources[step.name])) if isinstance(step, Read) else None
        return rejection or Outcome(200)

    def accepts(self, steps: Iterable[Step]) -> bool:
        """Execute requests up to the first rejected one, and return whether all were accepted."""
        return all(not self.run(step).cause for step in steps)

    def copy(self) -> ReferenceModel:
        """Return an independent copy."""
        copied = ReferenceModel(self.blueprint)
        copied.resources = {name: resource.copy() for name, resource in self.resources.items()}
        return copied

    def guard_view(self, step: Step) -> tuple[ReferenceModel, View]:
        """Return a copy of the model and the view that guards evaluate, with a create or update applied."""
        copy = self.copy()
        if isinstance(step, Create):
            return copy, View(copy._draft(step))
        if isinstance(step, Update):
            copy.resources[step.name] = copy._after(step)
        return copy, copy._view(step) if isinstance(step, Act) else View(copy.resources[step.name])

    def value(self, name: str, field_name: str) -> Plain:
        """Return the value of a field of the named resource, or None."""
        return self._read(self.resources[name], field_name)

    def holds(self, test: model.Test, view: View) -> bool:
        """Return whether a test of a guard holds for the view."""
        if isinstance(test, model.Compare):
            return self._compare(test, view)
        if isinstance(test, model.Missing):
            return (self.field_value(test.field, view) is None) is not test.negated
        if isinstance(test, model.Expired):
            value = self.field_value(test.field, view)
            return (isinstance(value, str) and value[:10] < str(TODAY.value)) is not test.negated
        subject = self._subject(test.subject, test.via, view)
        number = len(self.children(subject, test)) if subject else 0
        return ordered(test.op, number, test.number)

    def children(self, parent: Resource, link: model.ChildCount | model.Computed) -> list[Resource]:
        """Return the resources that reference the parent through the given link."""
        name = next((key for key, each in self.resources.items() if each is parent), None)
        return [
            each
            for each in self.resources.values()
            if each.entity.name == link.child
            and name is not None
            and each.parents.get(link.reference) == name
        ]

    def field_value(self, ref: model.FieldRef, view: View) -> Plain:
        """Return the value of a field that a rule refers to."""
        if ref.subject == "input":
            return view.inputs.get(ref.field)
        resource = self._subject(ref.subject, ref.via, view)
        return self._read(resource, ref.field) if resource else None

    def operand(self, operand: object, view: View, kind: model.FieldType) -> Plain:
        """Return the value of an operand: a literal of the given type, or a field."""
        return (
            self.field_value(operand, view)
            if isinstance(operand, model.FieldRef)
            else canonical(kind, operand)
        )

    def type_of(self, ref: model.FieldRef, view: View) -> model.FieldType:
        """Return the type of a field that a rule refers to."""
        if ref.subject == "input":
            return view.input_types.get(ref.field, "text")
        resource = self._subject(ref.subject, ref.via, view)
        spec = resource.entity.field(ref.field) if resource else None
        return spec.type if spec else "text"

    def _create(self, step: Create) -> Outcome:
        resource = self._draft(step)
        rejection = self._reject("create", View(resource)) or self._duplicate(resource)
        if rejection:
            return rejection
        self.resources[step.name] = resource
        broken = self._change("create", View(resource))
        if broken:
            del self.resources[step.name]
        return broken or Outcome(201)

    def _draft(self, step: Create) -> Resource:
        entity = self._entity(step)
        values: dict[str, Plain] = {}
        for each in api_outline.written_fields(entity):
            given = step.values.get(each.name, step.filled.get(each.name, each.default))
            values[each.name] = canonical(each.type, given)
        if entity.initial_state is not None:
            values["status"] = entity.initial_state
        return Resource(entity, values, dict(step.parents))

    def _update(self, step: Update) -> Outcome:
        resource = self.resources[step.name]
        after = self.resources[step.name] = self._after(step)
        rejection = self._reject("update", View(after)) or self._duplicate(after)
        rejection = rejection or self._reject("create", View(after), step.values)
        rejection = rejection or self._limited("update", View(after)) or self._change("update", View(after))
        if rejection:
            self.resources[step.name] = resource
        return rejection or Outcome(200)

    def _after(self, step: Update) -> Resource:
        resource = self.resources[step.name]
        types = {each.name: each.type for each in resource.entity.fields}
        changed = {name: canonical(types[name], value) for name, value in step.values.items()}
        return replace(resource, values=resource.values | changed)

    def _delete(self, step: Delete) -> Outcome:
        resource = self.resources[step.name]
        rejection = self._reject("delete", View(resource))
        if rejection:
            return rejection
        for each in self.resources.values():
            if step.name in each.parents.values():
                return Outcome(409, "children")
        broken = self._change("delete", View(resource))
        if broken:
            return broken
        del self.resources[step.name]
        return Outcome(204)

    def _act(self, step: Act) -> Outcome:
        view = self._view(step)
        moves = [each for each in view.self.entity.transitions if each.operation == step.action]
        move = next((each for each in moves if each.source == view.self.values["status"]), None)
        if moves and move is None:
            return Outcome(409, "state")
        rejection = self._reject(step.action, view) or self._limited(step.action, view)
        rejection = rejection or self._change(step.action, view, {"status": move.target} if move else {})
        return rejection or Outcome(200)

    def _view(self, step: Act) -> View:
        resource = self.resources[step.name]
        action = resource.entity.action(step.action)
        specs = action.inputs if action else ()
        inputs = {each.name: canonical(each.type, step.inputs.get(each.name, each.default)) for each in specs}
        named = self.resources[step.object] if step.object else None
        return View(resource, named, inputs, {each.name: each.type for each in specs})

    def _entity(self, step: Step) -> model.Entity:
        entity = self.blueprint.entity(step.entity)
        if entity is None:
            raise KeyError(step.entity)
        return entity

    def _change(self, operation: str, view: View, moved: Mapping[str, Plain] | None = None) -> Outcome | None:
        """Store inputs, apply effects and count the success; undo everything if an effect violates a constraint."""
        kept = [(each, dict(each.values), dict(each.adjustments)) for each in self.resources.values()]
        names = {each.name for each in api_outline.written_fields(view.self.entity)}
        stored = {name: value for name, value in view.inputs.items() if name in names and value is not None}
        view.self.values = view.self.values | stored | dict(moved or {})
        for effect in view.self.entity.effects:
            if effect.operation == operation and not self._affect(effect, view):
                for resource, values, adjustments in kept:
                    resource.values, resource.adjustments = values, adjustments
                return Outcome(409, "effect", effect)
        for limit, counted in self._counted(operation, view):
            key = _count_key(view.self.entity, limit)
            counted.counts[key] = counted.counts.get(key, 0) + 1
        return None

    def _affect(self, effect: model.Effect, view: View) -> bool:
        """Apply an effect; return False if it violates the field's constraints."""
        target = self._subject(effect.target.subject, effect.target.via, view)
        spec = target.entity.field(effect.target.field) if target else None
        if target is None or spec is None:
            return True
        amount = self.operand(effect.amount, view, spec.type if effect.kind == "set" else "number")
        if spec.computed is not None:
            earlier = target.adjustments.get(spec.name, [])
            target.adjustments = target.adjustments | {spec.name: [*earlier, (effect, amount)]}
            return keeps(spec, self._read(target, spec.name))
        changed = affected(effect, spec, target.values.get(spec.name), amount)
        target.values = target.values | {spec.name: changed}
        return keeps(spec, changed)

    def _reject(
        self, operation: str, view: View, touched: Mapping[str, object] | None = None
    ) -> Outcome | None:
        for guard in view.self.entity.guards:
            if guard.operation != operation or (touched is not None and not _touches(guard, touched)):
                continue
            if all(self.holds(test, view) for test in guard.tests):
                return Outcome(guard.status, "guard", guard)
        return None

    def _limited(self, operation: str, view: View) -> Outcome | None:
        for limit, counted in self._counted(operation, view):
            if counted.counts.get(_count_key(view.self.entity, limit), 0) >= limit.times:
                return Outcome(409, "limit", limit)
        return None

    def _counted(self, operation: str, view: View) -> Iterator[tuple[model.Limit, Resource]]:
        """Yield each limit of an operation with the resource whose successes it counts."""
        for limit in view.self.entity.limits:
            counted = view.self if limit.per == "self" else view.object
            if limit.operation == operation and counted is not None:
                yield limit, counted

    def _duplicate(self, resource: Resource) -> Outcome | None:
        for each in resource.entity.fields:
            value = resource.values.get(each.name)
            if each.unique and value is not None:
                others = (r for r in self.resources.values() if r.entity.name == resource.entity.name)
                if any(other is not resource and other.values.get(each.name) == value for other in others):
                    return Outcome(409, "unique")
        return None

    def _subject(self, subject: str, via: str, view: View) -> Resource | None:
        if subject == "object":
            return view.object
        if subject == "reference":
            return self.resources.get(view.self.parents.get(via, ""))
        return view.self

    def _compare(self, test: model.Compare, view: View) -> bool:
        left = self.field_value(test.left, view)
        right = self.operand(test.right, view, self.type_of(test.left, view))
        if left is None or right is None:
            return test.op == "ne"
        return ordered(test.op, left, right)

    def _read(self, resource: Resource, name: str) -> Plain:
        spec = resource.entity.field(name)
        if spec is None or spec.computed is None:
            return resource.values.get(name)
        value = self._compute(resource, spec, spec.computed)
        for effect, amount in resource.adjustments.get(name, []):
            value = affected(effect, spec, value, amount)
        return value

    def _compute(self, resource: Resource, spec: model.FieldSpec, computed: model.Computed) -> Plain:
        children = self.children(resource, computed)
        if computed.kind == "count":
            return len(children)
        products = []
        for child in children:
            factors = [self._read(child, name) for name in computed.factors]
            if all(factor is not None for factor in factors):
                products.append(reduce(lambda a, b: a * b, (Decimal(str(factor)) for factor in factors)))
        return rounded(spec.type, sum(products, Decimal(0)))


def _touches(guard: model.Guard, changed: Mapping[str, object]) -> bool:
    """Return whether a create guard must be checked again after an update of these fields."""
    names: set[str] = set()
    for test in guard.tests:
        if isinstance(test, model.Compare):
            names |= {each.field for each in (test.left, test.right) if isinstance(each, model.FieldRef)}
        elif isinstance(test, model.Missing | model.Expired):
            names.add(test.field.field)
    return guard.operation == "create" and not names.isdisjoint(changed)


def _count_key(entity: model.Entity, limit: model.Limit) -> str:
    return limit.operation if limit.per == "self" else f"{entity.name}.{limit.operation}"
