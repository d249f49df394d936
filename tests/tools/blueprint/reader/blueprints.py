"""Random blueprints whose sentences can be read: the names keep clear of each other, the rules make sense."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tools.blueprint.model import (
    CRUD,
    Access,
    Action,
    Blueprint,
    ChildCount,
    Compare,
    Computed,
    Effect,
    Entity,
    Example,
    Expired,
    FieldRef,
    FieldSpec,
    Filter,
    Given,
    Guard,
    Limit,
    Missing,
    OperationSpec,
    Reference,
    Sort,
    Speed,
    Then,
    Transition,
    When,
)
from tools.blueprint.reader.facts import Fact
from tools.blueprint.reader.paraphrase import entity_facts

ENTITIES = (
    "order",
    "line item",
    "discount code",
    "answer",
    "check in",
    "person",
    "leaf",
    "address",
    "hour",
    "news",
    "to-do",
    "sms",
    "point of sale",
)
FIELDS = {
    "text": ("name", "note", "number", "date of birth place", "from", "e-mail", "needs", "reason"),
    "integer": ("quantity", "servings", "uses", "number of seats", "times used", "rank"),
    "number": ("weight", "distance", "tax rate"),
    "money": ("price", "total", "paid amount", "sum"),
    "boolean": ("vaccinated", "in stock", "is active", "up to date"),
    "date": ("start date", "expiry date", "due on"),
    "timestamp": ("opens at", "last seen"),
    "email": ("contact",),
    "url": ("website",),
    "uuid": ("external key",),
    "choice": ("kind", "size"),
}
CHOICES = ("small", "Extra-Large", "on-request", "medium", "b2b")
STATES = ("draft", "open", "on-hold", "out-for-delivery", "paid", "checked-in", "rejected", "Done")
VERBS = (
    "pay",
    "cancel",
    "check out",
    "put on hold",
    "reject",
    "apply",
    "give",
    "reopen",
    "set",
    "frobnicate",
)
ROLES = ("admin", "manager", "night-porter")


def _subset(values: tuple[str, ...], least: int = 0, most: int = 4) -> st.SearchStrategy[list[str]]:
    if not values:
        return st.just([])
    return st.lists(st.sampled_from(values), min_size=least, max_size=min(most, len(values)), unique=True)


@st.composite
def field_specs(draw: Any, name: str, kind: Any) -> FieldSpec:
    said: dict[str, Any] = {"name": name, "type": kind}
    if kind == "choice":
        said["choices"] = tuple(draw(_subset(CHOICES, 2)))
        said["default"] = draw(st.none() | st.sampled_from(said["choices"]))
    if kind in ("integer", "number", "money"):
        low, high = sorted(draw(st.tuples(st.integers(-50, 50), st.integers(-50, 50))))
        said["minimum"] = draw(st.sampled_from([None, Decimal(low)]))
        said["maximum"] = draw(st.sampled_from([None, Decimal(high)]))
        default = high if kind == "integer" else str(high)
        said["default"] = draw(st.sampled_from([None, default]))
    if kind == "text":
        low, high = sorted(draw(st.tuples(st.integers(1, 9), st.integers(1, 9))))
        said["min_length"] = draw(st.sampled_from([None, low]))
        said["max_length"] = draw(st.sampled_from([None, high]))
        said["pattern"] = draw(st.sampled_from([None, r"[A-Z]{2,9}", r"\w+(,\w+)*/?"]))
    if kind == "boolean":
        said["default"] = draw(st.sampled_from([None, True, False]))
    said["optional"] = said.get("default") is None and draw(st.booleans())
    few = kind in ("boolean", "choice") or said.get("maximum") is not None
    said["unique"] = said.get("default") is None and not few and draw(st.booleans())
    return FieldSpec.model_validate(said)


@st.composite
def entities(draw: Any, name: str, parents: tuple[str, ...]) -> Entity:
    fields = [FieldSpec(name="label", type="text")]
    for kind, names in FIELDS.items():
        for field in draw(_subset(names, most=2)):
            fields.append(draw(field_specs(field, kind)))
    references = tuple(Reference(name=each, target=each) for each in draw(_subset(parents, most=2)))
    plain = draw(st.just(CRUD) | _subset(CRUD, 1, 5))
    operations = tuple(OperationSpec(name=each) for each in CRUD if each in plain)
    entity = Entity(name=name, fields=tuple(fields), references=references, operations=operations)
    if draw(st.booleans()):
        entity = draw(with_states(entity))
    return entity


@st.composite
def with_states(draw: Any, entity: Entity) -> Entity:
    states = draw(_subset(STATES, 2, 4))
    verbs = draw(_subset(VERBS, 1, 3))
    transitions = []
    for index, target in enumerate(states[1:]):
        verb = verbs[index % len(verbs)]
        transitions.append(Transition(operation=verb, source=states[index], target=target))
    actions = tuple(Action(verb=each) for each in dict.fromkeys(each.operation for each in transitions))
    return entity.model_copy(
        update={"initial_state": states[0], "transitions": tuple(transitions), "actions": actions}
    )


def _of(entity: Entity, *kinds: str) -> list[FieldSpec]:
    return [each for each in entity.fields if each.type in kinds and each.computed is None]


@st.composite
def guards(draw: Any, entity: Entity, blueprint: Blueprint, operation: str) -> Guard | None:
    """A guard on an operation, with one or two tests on what it acts on."""
    tests: list[Any] = []
    for each in _of(entity, "integer", "number", "money"):
        right = 3 if each.type == "integer" else "3"
        tests.append(Compare(left=FieldRef(field=each.name), op=draw(OPS), right=right))
    for each in _of(entity, "boolean"):
        op = draw(st.sampled_from(["eq", "ne"]))
        tests.append(Compare(left=FieldRef(field=each.name), op=op, right=True))
    tests += [Missing(field=FieldRef(field=each.name)) for each in entity.fields if each.optional]
    tests += [Expired(field=FieldRef(field=each.name)) for each in _of(entity, "date", "timestamp")]
    if operation != "create":
        for child, reference in _children(blueprint, entity):
            tests.append(
                ChildCount(child=child, reference=reference, op=draw(OPS), number=draw(st.integers(0, 3)))
            )
        for state in entity.states:
            op = draw(st.sampled_from(["eq", "ne"]))
            tests.append(Compare(left=FieldRef(field="status"), op=op, right=state))
    if not tests:
        return None
    chosen = draw(
        st.lists(
            st.sampled_from(tests), min_size=1, max_size=2, unique_by=lambda each: each.model_dump_json()
        )
    )
    return Guard(operation=operation, tests=tuple(chosen), status=draw(st.sampled_from([409, 422])))


OPS = st.sampled_from(["lt", "le", "gt", "ge", "eq", "ne"])


def _children(blueprint: Blueprint, entity: Entity) -> list[tuple[str, str]]:
    return [
        (child.name, each.name)
        for child in blueprint.entities
        for each in child.references
        if each.target == entity.name
    ]


@st.composite
def rules(draw: Any, entity: Entity, blueprint: Blueprint) -> Entity:
    """The entity with guards, effects, limits, roles, filters and computed fields."""
    update: dict[str, Any] = {}
    verbs = [each.name for each in entity.actions]
    operations = verbs + [
        each.name for each in entity.operations if each.name in ("create", "update", "delete")
    ]
    made = [draw(guards(entity, blueprint, each)) for each in draw(_subset(tuple(operations), most=3))]
    update["guards"] = tuple(each for each in made if each is not None)
    numbers = _of(entity, "integer", "number", "money")
    effects = []
    for verb in verbs if numbers else ():
        target = draw(st.sampled_from(numbers))
        percent = draw(st.booleans())
        amount = 2 if target.type == "integer" and not percent else "2"
        kind = draw(st.sampled_from(["increase", "reduce"]))
        effects.append(
            Effect(
                operation=verb, kind=kind, target=FieldRef(field=target.name), amount=amount, percent=percent
            )
        )
    update["effects"] = tuple(effects)
    update["limits"] = tuple(
        Limit(operation=each, per="self", times=draw(st.integers(1, 5)))
        for each in draw(_subset(tuple(verbs), most=2))
    )
    everything = tuple(verbs + [each.name for each in entity.operations])
    update["access"] = tuple(
        Access(operation=each, roles=tuple(draw(_subset(ROLES, 1, 2))))
        for each in draw(_subset(everything, most=2))
    )
    if entity.offers("list"):
        names = tuple(each.name for each in entity.fields)
        update["filters"] = tuple(Filter(field=each) for each in draw(_subset(names, most=2)))
        update["sorts"] = tuple(Sort(field=each) for each in draw(_subset(names, most=2)))
    computed = []
    for child, reference in _children(blueprint, entity):
        computed.append(
            FieldSpec(
                name=f"{child} tally",
                type="integer",
                computed=Computed(kind="count", child=child, reference=reference),
            )
        )
    update["fields"] = (*entity.fields, *computed)
    return entity.model_copy(update=update)


@st.composite
def with_object(draw: Any, entity: Entity, other: Entity) -> Entity:
    """The entity with an action whose body names another one, and rules about it."""
    action = Action(verb=draw(st.sampled_from(["attach", "hand over"])), object=other.name)
    numbers = [FieldRef(subject="object", field=each.name) for each in _of(other, "integer", "money")]
    tests: list[Any] = []
    for each in _of(other, "integer"):
        tests.append(Compare(left=FieldRef(subject="object", field=each.name), op=draw(OPS), right=4))
    tests += [
        Missing(field=FieldRef(subject="object", field=each.name)) for each in other.fields if each.optional
    ]
    guard = Guard(operation=action.name, tests=(draw(st.sampled_from(tests)),), status=409) if tests else None
    effects = [
        Effect(
            operation=action.name, kind="reduce", target=target, amount=1 if _is_whole(other, target) else "1"
        )
        for target in numbers[:1]
    ]
    update: dict[str, Any] = {
        "actions": (*entity.actions, action),
        "guards": (*entity.guards, *((guard,) if guard else ())),
        "effects": (*entity.effects, *effects),
    }
    # What mentions the action in full is what makes it exist, so there must be something to say of it.
    if not guard and not effects:
        update["access"] = (*entity.access, Access(operation=action.name, roles=("admin",)))
    if draw(st.booleans()):
        limit = Limit(operation=action.name, per="object", times=draw(st.integers(1, 9)))
        update["limits"] = (*entity.limits, limit)
    return entity.model_copy(update=update)


def _is_whole(entity: Entity, ref: FieldRef) -> bool:
    field = entity.field(ref.field)
    return field is not None and field.type == "integer"


@st.composite
def examples(draw: Any, blueprint: Blueprint) -> Example:
    entity = draw(st.sampled_from(blueprint.entities))
    given = Given(entity=entity.name, values=draw(_held(entity)), count=1)
    operation = draw(st.sampled_from(_offered(entity)))
    values = draw(_held(entity)) if operation in ("create", "update") else {}
    if operation == "update" and not values:
        values = {"label": "x y"}
    when = When(operation=operation, entity=entity.name, values=values, times=draw(st.integers(1, 3)))
    then = [Then(kind="rejected", status=409)]
    if draw(st.booleans()):
        then = [
            Then(kind="value", entity=entity.name, field="label", value=draw(st.sampled_from(["x", "a, b"])))
        ]
    return Example(given=(given,), when=when, then=tuple(then), criterion="")


@st.composite
def _held(draw: Any, entity: Entity) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in draw(_subset(tuple(each.name for each in entity.fields if each.computed is None), most=3)):
        spec = entity.field(field)
        if spec.optional and draw(st.booleans()):
            values[field] = None
        elif spec.type in SAMPLES:
            values[field] = SAMPLES[spec.type]
    return values


def _offered(entity: Entity) -> list[str]:
    plain = [each.name for each in entity.operations if each.name != "list"]
    return plain + [each.name for each in entity.actions if each.object is None] or ["list"]


SAMPLES = {
    "text": 'in "quotes"',
    "integer": 7,
    "number": "0.25",
    "money": "12.5",
    "boolean": True,
    "date": "2024-02-29",
    "timestamp": "2024-02-29T10:00:00Z",
    "email": "ana@example.com",
    "url": "https://example.com/a?b=c",
}


@st.composite
def blueprints(draw: Any) -> Blueprint:
    names = draw(_subset(ENTITIES, 1, 3))
    made: list[Entity] = []
    for name in names:
        made.append(draw(entities(name, tuple(each.name for each in made))))
    plain = Blueprint(service="random", entities=tuple(made))
    full = tuple(draw(rules(each, plain)) for each in made)
    if len(full) > 1 and not full[-1].references and draw(st.booleans()):
        full = (*full[:-1], draw(with_object(full[-1], full[0])))
    speeds = []
    for entity in full:
        if draw(st.booleans()):
            operation = draw(st.sampled_from([each.name for each in (*entity.operations, *entity.actions)]))
            speeds.append(
                Speed(
                    entity=entity.name,
                    operation=operation,
                    latency_ms=draw(st.integers(1, 900)),
                    percentile=Decimal(draw(st.sampled_from(["50", "95", "99.9"]))),
                    requests_per_second=draw(st.none() | st.integers(1, 99)),
                )
            )
    whole = plain.model_copy(update={"entities": full, "speeds": tuple(speeds)})
    told = draw(st.lists(examples(whole), max_size=2, unique_by=lambda each: each.model_dump_json()))
    return whole.model_copy(update={"examples": tuple(told)})


def blueprint_facts(blueprint: Blueprint) -> list[Fact]:
    """Return the whole content of a blueprint as facts."""
    facts = [fact for entity in blueprint.entities for fact in entity_facts(entity)]
    facts += [Fact(example.when.entity, example) for example in blueprint.examples]
    return facts + [Fact(speed.entity, speed) for speed in blueprint.speeds]
