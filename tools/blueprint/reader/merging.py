"""Adding the facts of a sentence to a blueprint.

What is already specified is never lost or overwritten: a fact that conflicts with it is a contradiction. Each
new part carries the id of the criterion that introduced it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tools.blueprint import model
from tools.blueprint.reader.choices import Contradiction, Unclear
from tools.blueprint.reader.collisions import check_names
from tools.blueprint.reader.creatable import check_creatable
from tools.blueprint.reader.facts import (
    BuiltIn,
    ComputedField,
    Exists,
    Fact,
    Facts,
    InitialState,
    InputField,
    OfferedOperations,
    Part,
)
from tools.blueprint.reader.paraphrase import paraphrase

E = TypeVar("E", bound=model.Element)

_Key = Callable[[Any], object]
_ENTITY_PARTS: dict[type[model.Element], tuple[str, _Key]] = {
    model.FieldSpec: ("fields", lambda part: part.name),
    model.Reference: ("references", lambda part: part.name),
    model.Filter: ("filters", lambda part: part.field),
    model.Sort: ("sorts", lambda part: part.field),
    model.Transition: ("transitions", lambda part: (part.operation, part.source)),
    model.Action: ("actions", lambda part: part.name),
    model.Guard: (
        "guards",
        lambda part: (part.operation, frozenset(test.model_dump_json() for test in part.tests)),
    ),
    model.Effect: ("effects", lambda part: (part.operation, part.kind, part.target)),
    model.Limit: ("limits", lambda part: (part.operation, part.per)),
    model.Access: ("access", lambda part: part.operation),
}
"""For each type of part, the entity attribute that stores it and a function that returns its unique key."""

_SERVICE_PARTS: dict[type[model.Element], tuple[str, _Key]] = {
    model.Example: ("examples", lambda part: (part.given, part.when, part.then)),
    model.Speed: (
        "speeds",
        lambda part: (part.entity, part.operation, part.percentile, part.requests_per_second),
    ),
}


class _Clash(Exception):  # noqa: N818  becomes a Contradiction
    def __init__(self, old: Fact, new: Fact) -> None:
        super().__init__()
        self.old, self.new = old, new

    def contradiction(self, blueprint: model.Blueprint) -> Contradiction:
        """Return a Contradiction whose readings paraphrase both facts."""
        criterion = getattr(self.old.part, "criterion", "")
        origin = f" ({criterion})" if criterion else ""
        readings = paraphrase([self.old], blueprint), paraphrase([self.new], blueprint)
        return Contradiction(f"it contradicts what is already specified{origin}: {readings[0]}", readings)


@dataclass(frozen=True)
class Merger:
    """A merger of the facts of one story into a blueprint."""

    before: model.Blueprint
    """The blueprint as it was before the story."""

    def add(self, blueprint: model.Blueprint, facts: Facts, criterion: str) -> model.Blueprint:
        """Return the blueprint extended by the facts. Raises Contradiction or Unclear if one cannot be added."""
        start = blueprint
        for fact in facts:
            try:
                blueprint = self._add(blueprint, fact, criterion)
            except _Clash as clash:
                raise clash.contradiction(blueprint) from clash
        for name in dict.fromkeys(fact.entity for fact in facts):
            check_names(blueprint, name)
        if any(isinstance(fact.part, model.Guard | model.Effect | model.Reference) for fact in facts):
            for name in dict.fromkeys(fact.entity for fact in facts):
                check_creatable(start, blueprint, name)
        return blueprint

    def _add(self, blueprint: model.Blueprint, fact: Fact, criterion: str) -> model.Blueprint:
        part = fact.part
        if isinstance(part, model.Example | model.Speed):
            attribute, key = _SERVICE_PARTS[type(part)]
            kept = _with(getattr(blueprint, attribute), part, key, criterion, fact)
            return blueprint.model_copy(update={attribute: kept})
        entity = blueprint.entity(fact.entity) or model.Entity(name=fact.entity)
        return with_entity(blueprint, self._extended(entity, part, criterion, fact))

    def _extended(self, entity: model.Entity, part: Part, criterion: str, fact: Fact) -> model.Entity:
        if isinstance(part, Exists | BuiltIn):
            return entity
        if isinstance(part, OfferedOperations):
            return self._add_operations(entity, part, criterion)
        if isinstance(part, InitialState):
            return _set_initial_state(entity, part, criterion, fact)
        if isinstance(part, InputField):
            return _add_input(entity, part, criterion)
        if isinstance(part, ComputedField):
            return self._set_computed(entity, part, criterion, fact)
        if isinstance(part, model.FieldSpec | model.Reference):
            if _is_ruled(entity, part):
                return entity
            part = self._marked_added_later(entity.name, part)
        attribute, key = _ENTITY_PARTS[type(part)]
        return entity.model_copy(
            update={attribute: _with(getattr(entity, attribute), part, key, criterion, fact)}
        )

    def _marked_added_later(
        self, entity: str, part: model.FieldSpec | model.Reference
    ) -> model.FieldSpec | model.Reference:
        """Return the part, marked as added later if it is required and the entity existed before the story."""
        required = isinstance(part, model.Reference) or part.required
        if self.before.entity(entity) is not None and required:
            return part.model_copy(update={"added_later": True})
        return part

    def _add_operations(self, entity: model.Entity, part: OfferedOperations, criterion: str) -> model.Entity:
        implied = all(not each.criterion for each in entity.operations)
        fresh = implied and self.before.entity(entity.name) is None
        kept = {} if fresh else {each.name: each for each in entity.operations}
        for name in part.operations:
            if name not in kept or not kept[name].criterion:
                kept[name] = model.OperationSpec(name=name, criterion=criterion)
        operations = tuple(kept[name] for name in model.CRUD if name in kept)
        return entity.model_copy(update={"operations": operations})

    def _set_computed(
        self, entity: model.Entity, part: ComputedField, criterion: str, fact: Fact
    ) -> model.Entity:
        computed = part.computed.model_copy(update={"criterion": criterion})
        field = entity.field(part.field)
        if field is None:
            new = model.FieldSpec(name=part.field, type=part.type, computed=computed, criterion=criterion)
            return entity.model_copy(update={"fields": (*entity.fields, new)})
        if field.computed is not None and _content(field.computed) == _content(computed):
            return entity
        before = self.before.entity(entity.name)
        if field.computed is not None or (before is not None and before.field(field.name) is not None):
            raise _Clash(Fact(entity.name, field), fact)
        _check_computable(field, part)
        now = {"computed": computed, "default": None, "optional": False, "added_later": False}
        changed = field.model_copy(update=now)
        fields = tuple(changed if each.name == field.name else each for each in entity.fields)
        return entity.model_copy(update={"fields": fields})


def criteria_behind(blueprint: model.Blueprint, facts: Facts) -> set[str]:
    """Return the ids of the criteria that introduced the facts; "" stands for parts without a criterion."""
    return {source for fact in facts for source in _criteria_behind(blueprint, fact)}


def _criteria_behind(blueprint: model.Blueprint, fact: Fact) -> Iterator[str]:
    part = fact.part
    if isinstance(part, model.Example | model.Speed):
        attribute, key = _SERVICE_PARTS[type(part)]
        yield from (each.criterion for each in getattr(blueprint, attribute) if key(each) == key(part))
    entity = blueprint.entity(fact.entity)
    if entity is None or isinstance(part, Exists | BuiltIn | model.Example | model.Speed):
        return
    if isinstance(part, OfferedOperations):
        yield from (each.criterion for each in entity.operations if each.name in part.operations)
    elif isinstance(part, InitialState):
        yield entity.initial_state_criterion
    elif isinstance(part, InputField):
        action = entity.action(part.operation)
        inputs = action.inputs if action else ()
        yield from (each.criterion for each in inputs if each.name == part.field.name)
    elif isinstance(part, ComputedField):
        field = entity.field(part.field)
        yield field.computed.criterion if field and field.computed else ""
    else:
        attribute, key = _ENTITY_PARTS[type(part)]
        yield from (each.criterion for each in getattr(entity, attribute) if key(each) == key(part))


def in_story_order(blueprint: model.Blueprint, criteria: Sequence[str]) -> model.Blueprint:
    """Sort the parts that the story added into the order of its criteria, after all older parts."""
    place = {criterion: index for index, criterion in enumerate(criteria)}

    def sort(parts: tuple[E, ...]) -> tuple[E, ...]:
        return tuple(sorted(parts, key=lambda part: place.get(getattr(part, "criterion", ""), -1)))

    entities = []
    for entity in blueprint.entities:
        parts = {attribute: sort(getattr(entity, attribute)) for attribute, _ in _ENTITY_PARTS.values()}
        entities.append(entity.model_copy(update=parts))
    parts = {attribute: sort(getattr(blueprint, attribute)) for attribute, _ in _SERVICE_PARTS.values()}
    return blueprint.model_copy(update={"entities": tuple(entities), **parts})


def _with(kept: tuple[E, ...], part: E, key: _Key, criterion: str, fact: Fact) -> tuple[E, ...]:
    """Return the parts with this one appended, unless it is already present. Raises _Clash on a conflict."""
    for old in kept:
        if key(old) != key(part):
            continue
        if _same(old, part):
            return kept
        raise _Clash(Fact(fact.entity, old), fact)  # type: ignore[arg-type]
    return (*kept, part.model_copy(update={"criterion": criterion}))


def _same(old: model.Element, new: model.Element) -> bool:
    if isinstance(old, model.FieldSpec) and isinstance(new, model.FieldSpec) and old.computed is not None:
        new = new.model_copy(update={"computed": old.computed, "default": None, "optional": False})
    if isinstance(old, model.Guard) and isinstance(new, model.Guard):
        return old.status == new.status
    if isinstance(old, model.Action) and isinstance(new, model.Action):
        return (old.verb, old.object) == (new.verb, new.object)
    return _content(old) == _content(new)


def _content(part: model.Element) -> dict[str, Any]:
    """Return the fields of a part, excluding those that record where it came from."""
    content = part.model_dump(exclude={"criterion", "added_later"})
    if isinstance(content.get("computed"), dict):
        content["computed"].pop("criterion")
    return content


def _set_initial_state(entity: model.Entity, part: InitialState, criterion: str, fact: Fact) -> model.Entity:
    if entity.initial_state == part.state:
        return entity
    if entity.initial_state is not None:
        raise _Clash(Fact(entity.name, InitialState(entity.initial_state)), fact)
    declared = entity.field("status")
    if declared is not None and _can_be_ruled(declared, part.state):
        entity = entity.model_copy(
            update={"fields": tuple(each for each in entity.fields if each != declared)}
        )
    return entity.model_copy(update={"initial_state": part.state, "initial_state_criterion": criterion})


def _can_be_ruled(declared: model.FieldSpec, initial: str) -> bool:
    """Return whether a declared status field merely lists the states and can therefore be replaced by them."""
    return initial in declared.choices and declared.default in (None, initial) and not declared.unique


def _is_ruled(entity: model.Entity, part: model.FieldSpec | model.Reference) -> bool:
    """Return whether a field merely repeats the status that the entity's states already define."""
    if entity.initial_state is None or not isinstance(part, model.FieldSpec) or part.name != "status":
        return False
    return _can_be_ruled(part, entity.initial_state) and set(entity.states) <= set(part.choices)


def _add_input(entity: model.Entity, part: InputField, criterion: str) -> model.Entity:
    action = entity.action(part.operation)
    if action is None:
        raise Unclear(f"unknown action '{part.operation}'")
    old = next((each for each in action.inputs if each.name == part.field.name), None)
    if old is not None and _content(old) == _content(part.field):
        return entity
    if old is not None:
        raise _Clash(Fact(entity.name, InputField(part.operation, old)), Fact(entity.name, part))
    new = part.field.model_copy(update={"criterion": criterion})
    taking = action.model_copy(update={"inputs": (*action.inputs, new)})
    actions = tuple(taking if each.name == action.name else each for each in entity.actions)
    return entity.model_copy(update={"actions": actions})


def _check_computable(field: model.FieldSpec, part: ComputedField) -> None:
    """Raise Unclear if the declared field cannot hold the computed value."""
    holds = {"integer": ("integer",), "money": ("integer", "money"), "number": ("integer", "money", "number")}
    if field.unique or part.type not in holds.get(field.type, ()):
        raise Unclear(
            f"'{field.name}' is declared as {field.type}{', unique' if field.unique else ''}, "
            f"which cannot hold a computed {part.type}"
        )


def with_entity(blueprint: model.Blueprint, entity: model.Entity) -> model.Blueprint:
    """Return the blueprint with the entity of that name replaced, or with the entity appended if it is new."""
    if blueprint.entity(entity.name) is None:
        return blueprint.model_copy(update={"entities": (*blueprint.entities, entity)})
    entities = tuple(entity if each.name == entity.name else each for each in blueprint.entities)
    return blueprint.model_copy(update={"entities": entities})
