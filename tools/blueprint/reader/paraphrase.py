"""Paraphrasing facts in the sentence forms, so that reading a paraphrase yields the same facts again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tools.blueprint import model
from tools.blueprint.names import gerund, participle, plural
from tools.blueprint.reader.facts import (
    BuiltIn,
    ComputedField,
    Exists,
    Fact,
    InitialState,
    InputField,
    OfferedOperations,
)
from tools.blueprint.reader.forms.values import plain
from tools.blueprint.reader.forms.wording import a, clause, field, listing, path, some, value


def paraphrase(facts: Iterable[Fact], blueprint: model.Blueprint) -> str:
    """Return the facts as sentences in one string; the blueprint must already contain the facts."""
    return " ".join(sentences(list(facts), blueprint))


def sentences(facts: Sequence[Fact], blueprint: model.Blueprint) -> list[str]:
    """Return one sentence per fact, except that the fields of an entity share a sentence."""
    phrases: list[str] = []
    for fact in facts:
        if isinstance(fact.part, model.FieldSpec) and fact.part.computed is None:
            parts = [each.part for each in facts if each.entity == fact.entity]
            specs = [each for each in parts if isinstance(each, model.FieldSpec) and each.computed is None]
            phrases.append(f"{a(fact.entity)} has {listing(map(field, specs))}")
        else:
            phrases.append(_SENTENCES[type(fact.part)](blueprint, fact.entity, fact.part))
    if all(isinstance(each.part, Exists | model.Action) for each in facts):
        phrases += [f"there is {a(each.entity)}" for each in facts]
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in dict.fromkeys(phrases) if sentence]


def entity_facts(entity: model.Entity) -> list[Fact]:
    """Return the content of an entity as facts, without its custom operations."""
    parts: list[Any] = [Exists()]
    parts += [each for each in entity.fields if each.computed is None]
    parts += entity.references
    parts += [ComputedField(each.name, each.type, each.computed) for each in entity.fields if each.computed]
    if any(each.criterion for each in entity.operations) or len(entity.operations) < len(model.CRUD):
        parts.append(OfferedOperations(tuple(each.name for each in entity.operations)))
    parts += [*entity.filters, *entity.sorts]
    parts += [InitialState(entity.initial_state)] if entity.initial_state is not None else []
    parts += [*entity.transitions, *entity.actions]
    parts += [InputField(action.name, each) for action in entity.actions for each in action.inputs]
    parts += [*entity.guards, *entity.effects, *entity.limits, *entity.access]
    return [Fact(entity.name, part) for part in parts]


def gerund_phrase(
    blueprint: model.Blueprint, entity: str, operation: str, tests: Sequence[model.Test] = ()
) -> str:
    """Return a phrase such as "applying a discount code that is expired to an order that is shipped"."""
    verb, obj = _verb_and_object(blueprint, entity, operation)
    hanging = _hanging(blueprint, entity, operation, tests)
    this = a(entity) + hanging("self", "", entity) + hanging("input", "", entity)
    owner = blueprint.entity(entity)
    for reference in owner.references if owner else ():
        on_parent = hanging("reference", reference.name, reference.target)
        this += f" of {a(reference.target)}{on_parent}" if on_parent else ""
    if obj is None:
        return _around(gerund(verb), this)
    return f"{_around(gerund(verb), a(obj) + hanging('object', '', obj))} to {this}"


def _around(verb: str, noun: str) -> str:
    """Insert the noun into a phrasal verb: "checking in a guest", but "putting an order on hold"."""
    first, _, rest = verb.partition(" ")
    return f"{first} {noun} {rest}" if " " in rest else f"{verb} {noun}"


def _hanging(
    blueprint: model.Blueprint, entity: str, operation: str, tests: Sequence[model.Test]
) -> Callable[[str, str, str], str]:
    """Return a function that returns the conditions on one participant as a phrase, joined by "and"."""
    names = (entity, _verb_and_object(blueprint, entity, operation)[1])

    def hanging(subject: str, via: str, noun: str) -> str:
        own = [each for each in tests if _subject(each) == (subject, via)]
        phrases = [clause(each, blueprint.entity(noun), operation, names) for each in own]
        if subject == "input" and any(_subject(each) == ("self", "") for each in tests):
            return "".join(f" and {phrase}" for phrase in phrases)
        return f" {' and '.join(phrases)}" if phrases else ""

    return hanging


def _subject(test: model.Test) -> tuple[str, str]:
    if test.kind == "child_count":
        return test.subject, test.via
    ref = test.left if test.kind == "compare" else test.field
    return ref.subject, ref.via


def _offering(_: model.Blueprint, entity: str, part: OfferedOperations) -> str:
    return f"{plural(entity)} can be {listing(map(participle, part.operations))}"


def _transition(blueprint: model.Blueprint, entity: str, part: model.Transition) -> str:
    verb, obj = _verb_and_object(blueprint, entity, part.operation)
    done = f"{a(obj)} is {participle(verb)} to it" if obj else f"it is {participle(verb)}"
    return f"{a(entity)} goes from {part.source} to {part.target} when {done}"


def _computing(_: model.Blueprint, entity: str, part: ComputedField) -> str:
    children = plural(part.computed.child)
    if part.computed.kind == "count":
        return f"{a(entity)}'s {part.field} is the number of its {children}"
    genitive = f"{children}'" if children.endswith("s") else f"{children}'s"
    factors = " times ".join(part.computed.factors)
    return f"{a(entity)}'s {part.field} is the sum of its {genitive} {factors}"


def _guard(blueprint: model.Blueprint, entity: str, part: model.Guard) -> str:
    return f"{gerund_phrase(blueprint, entity, part.operation, part.tests)} is rejected with {part.status}"


def _effect(blueprint: model.Blueprint, entity: str, part: model.Effect) -> str:
    names = (entity, _verb_and_object(blueprint, entity, part.operation)[1])
    amount = path(part.amount, *names) if isinstance(part.amount, model.FieldRef) else value(part.amount)
    if part.kind == "set":
        amount = f'"{amount}"' if _is_bare(part.amount) else amount
        return (
            f"{gerund_phrase(blueprint, entity, part.operation)} sets {path(part.target, *names)} to {amount}"
        )
    named = isinstance(part.amount, model.FieldRef) and part.amount.field.split()[-1] == "percent"
    percent = " percent" if part.percent and not named else ""
    change = f"{part.kind}s {path(part.target, *names)} by {amount}{percent}"
    return f"{gerund_phrase(blueprint, entity, part.operation)} {change}"


def _is_bare(amount: model.Value | model.FieldRef) -> bool:
    """Return whether a value is a word that, unless quoted, could be mistaken for a field name."""
    return isinstance(amount, str) and amount[:1].isalpha() and value(amount) == amount


def _limit(blueprint: model.Blueprint, entity: str, part: model.Limit) -> str:
    verb, obj = _verb_and_object(blueprint, entity, part.operation)
    noun = obj if obj and part.per == "object" else entity
    times = "once" if part.times == 1 else f"{part.times} times"
    return f"{a(noun)} can be {participle(verb)} at most {times}"


def _access(blueprint: model.Blueprint, entity: str, part: model.Access) -> str:
    verb, obj = _verb_and_object(blueprint, entity, part.operation)
    what = f"{plural(obj)} to {plural(entity)}" if obj else plural(entity)
    return f"only {callers(part)} can {_around(verb, what)}"


def callers(part: model.Access) -> str:
    """Return the callers that an access rule permits, such as "the author or an admin"."""
    return listing([*([f"the {part.owner}"] if part.owner else []), *map(a, part.roles)], "or")


def _speed(blueprint: model.Blueprint, entity: str, part: model.Speed) -> str:
    done = gerund_phrase(blueprint, entity, part.operation)
    if part.operation == "list":
        done = f"listing {plural(entity)}"
    rate = f" under {part.requests_per_second} requests per second" if part.requests_per_second else ""
    return f"{done} answers within {part.latency_ms} ms at the {plain(part.percentile)}th percentile{rate}"


def _example(blueprint: model.Blueprint, _: str, part: model.Example) -> str:
    given = f"given {_givens(part.given)}, " if part.given else ""
    outcomes = listing(_then(each, part.when) for each in part.then)
    return f"{given}when {_when(blueprint, part.when)}, then {outcomes}"


def _givens(given: Sequence[model.Given]) -> str:
    """Return the given resources as a phrase, with children after their parent."""
    phrases: list[str] = []
    for part in given:
        if part.children_of and phrases:
            joint = " and " if " with " in phrases[-1] else " with "
            phrases[-1] += f"{joint}{_counted(part)}{_values(part)}"
        else:
            phrases.append(f"{_counted(part)}{_values(part)}")
    return listing(phrases)


def _counted(part: model.Given) -> str:
    return a(part.entity) if part.count == 1 else f"{part.count} {plural(part.entity)}"


def _values(part: model.Given | model.When) -> str:
    phrases = [
        f"a missing {name}" if each is None else f"{some(name)} of {value(each)}"
        for name, each in part.values.items()
    ]
    return f" with {listing(phrases)}" if phrases else ""


def _when(blueprint: model.Blueprint, part: model.When) -> str:
    times = f" {part.times} times" if part.times > 1 else ""
    done = participle(_verb_and_object(blueprint, part.entity, part.operation)[0])
    if part.operation == "list":
        return f"{plural(part.entity)} are listed{_values(part)}{times}"
    if part.object is not None:
        return f"the {part.object} is {done} to the {part.entity}{_values(part)}{times}"
    noun = a(part.entity) if part.operation == "create" else f"the {part.entity}"
    return f"{noun} is {done}{_values(part)}{times}"


def _then(part: model.Then, when: model.When) -> str:
    if part.kind == "rejected":
        return f"it is rejected with {part.status}"
    if part.kind == "value":
        expected = "missing" if part.value is None else value(part.value)
        return f"the {part.entity or when.entity}'s {part.field} is {expected}"
    if part.kind == "listed":
        return f"{part.count} {part.entity if part.count == 1 else plural(part.entity)} are listed"
    return f"it is {part.kind}"


def _verb_and_object(blueprint: model.Blueprint, entity: str, operation: str) -> tuple[str, str | None]:
    found = blueprint.entity(entity)
    action = found.action(operation) if found else None
    return (action.verb, action.object) if action else (operation, None)


_SENTENCES: dict[type, Callable[[model.Blueprint, str, Any], str]] = {
    Exists: lambda *_: "",
    model.Action: lambda *_: "",
    BuiltIn: lambda _, _entity, part: part.sentence,
    model.FieldSpec: lambda blueprint, entity, part: (  # only computed fields reach this entry
        _computing(blueprint, entity, ComputedField(part.name, part.type, part.computed))
    ),
    model.Reference: lambda _, entity, part: f"{a(entity)} belongs to {a(part.target)}",
    OfferedOperations: _offering,
    model.Filter: lambda _, entity, part: f"{plural(entity)} can be filtered by {part.field}",
    model.Sort: lambda _, entity, part: f"{plural(entity)} can be sorted by {part.field}",
    InitialState: lambda _, entity, part: f"{a(entity)} starts as {part.state}",
    model.Transition: _transition,
    InputField: lambda blueprint, entity, part: (
        f"{gerund_phrase(blueprint, entity, part.operation)} requires {field(part.field)}"
    ),
    ComputedField: _computing,
    model.Guard: _guard,
    model.Effect: _effect,
    model.Limit: _limit,
    model.Access: _access,
    model.Speed: _speed,
    model.Example: _example,
}
