"""Examples: what is given, what happens, what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.blueprint.model import Example, FieldSpec, Given, Then, Value, When
from tools.blueprint.names import verb_bases
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.facts import Fact, Facts
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.conditions import expiry_fields
from tools.blueprint.reader.forms.deeds import Act, act
from tools.blueprint.reader.forms.rules import check_known, status_code
from tools.blueprint.reader.forms.values import TEMPORAL, find_value, value_of
from tools.blueprint.reader.forms.world import World, no_field
from tools.blueprint.reader.grammar.phrases import (
    Condition,
    Counted,
    Event,
    Is,
    It,
    Lacks,
    Measure,
    Measured,
    Noun,
    Operand,
    Owned,
    Plain,
    Thing,
    Whose,
)
from tools.blueprint.reader.grammar.sentences import (
    Became,
    Exemplified,
    Happening,
    Listed,
    Outcome,
    Rejected,
    Valued,
)
from tools.blueprint.reader.wording import a, some

_PAST = {"date": "2000-01-01", "timestamp": "2000-01-01T00:00:00Z"}
_FUTURE = {"date": "2999-12-31", "timestamp": "2999-12-31T00:00:00Z"}
_FINE = frozenset({"accepted", "allowed", "successful", "ok"})

Values = dict[str, Value | None]


def example(sentence: Exemplified, world: World, choices: Choices) -> Facts:
    """Given an order with status shipped, when it is cancelled, then it is rejected with 409."""
    scene = _Scene(world, choices)
    given = [each for thing in sentence.given for each in scene.given(thing)]
    rejected = any(isinstance(each, Rejected) for each in sentence.outcomes)
    when = scene.when(sentence.happening, given, rejected=rejected)
    needed = [when.object] if when.object else []
    needed += [when.entity] if when.operation not in ("create", "list") else []
    there = {each.entity for each in given}
    given = [Given(entity=name) for name in reversed(needed) if name not in there] + given
    then = tuple(scene.then(each, when, given) for each in sentence.outcomes)
    told = Example(given=tuple(given), when=when, then=then, criterion="")
    return (Fact(when.entity, told),)


@dataclass(frozen=True)
class _Scene:
    """Makes the parts of one example."""

    world: World
    choices: Choices

    # --- given

    def given(self, thing: Thing) -> list[Given]:
        """Return the resources of one noun, and the children that it is given with."""
        entity, conditions = self.world.thing(thing, self.choices)
        children = [each for each in conditions if self._counts_children(entity.name, each)]
        values: Values = {}
        for condition in conditions:
            if condition not in children:
                _add(values, self._holding(entity.name, condition))
        for name in values:
            self._check_given(entity.field(name))
        count = 1 if thing.number is None else thing.number
        if count < 1:
            raise Unclear("what is not there need not be given; leave it out")
        mine = Given(entity=entity.name, values=values, count=count)
        return [mine, *(each for condition in children for each in self._children(entity.name, condition))]

    def _counts_children(self, entity: str, condition: Condition) -> bool:
        if isinstance(condition, Counted):
            return True
        words = condition.words if isinstance(condition, Lacks) else ""
        return bool(words and lookup.children(self.world.blueprint, entity, words))

    def _children(self, entity: str, condition: Condition) -> list[Given]:
        if isinstance(condition, Lacks):
            return []
        assert isinstance(condition, Counted)  # noqa: S101  asked by _counts_children
        if condition.comparator != "eq":
            raise Unclear("an example needs an exact number of what it is given with")
        found = lookup.children(self.world.blueprint, entity, condition.words)
        if not found:
            raise self.world.unknown(condition.words)
        child, _ = self.choices.pick(found)
        if condition.number == 0:
            return []
        thing = Thing(Noun(child), condition.having, condition.number)
        return [each.model_copy(update={"children_of": entity}) for each in self.given(thing)]

    def _check_given(self, spec: FieldSpec | None) -> None:
        if spec is not None and spec.computed is not None:
            raise Unclear(f"'{spec.name}' is computed; give what it is computed from")

    # --- values

    def _holding(self, entity: str, condition: Condition) -> Values:
        """What a condition says that a resource holds."""
        if isinstance(condition, Is):
            return self._being(entity, condition)
        if isinstance(condition, Lacks):
            return {self._field(entity, condition.words).name: None}
        if isinstance(condition, Measured):
            return self._measured(self._field(entity, condition.field.words), condition.measures)
        if isinstance(condition, Whose):
            spec = self._field(entity, condition.words)
            return {
                name: value for each in condition.states for name, value in self._state(spec, each).items()
            }
        if isinstance(condition, Plain):
            return self._plain(entity, condition.noun.words)
        raise Unclear("an example needs exact values")

    def _being(self, entity: str, said: Is) -> Values:
        """ "that is shipped", "that is not vaccinated", "an expired code"."""
        owner = self.world.entity(entity)
        if len(said.values) > 1:
            raise Unclear("an example needs one value, not several joined by 'or'")
        words = said.values[0]
        options: list[tuple[str, Value]] = []
        if words.lower() == "expired":
            times = _FUTURE if said.negated else _PAST
            options += [(each.name, times[each.type]) for each in expiry_fields(owner)]
        for spec in (*lookup.status_field(owner), *owner.fields):
            choice = find_value(words, spec.choices)
            if choice is not None and not said.negated:
                options.append((spec.name, choice))
            if spec.type == "boolean" and (
                lookup.named(words, [spec.name]) or spec.name == f"is {words.lower()}"
            ):
                options.append((spec.name, not said.negated))
        if not options:
            raise Unclear(f"'{words}' is no state, choice or yes/no field of {entity}")
        name, value = self.choices.pick(options)
        return {name: value}

    def _measured(self, spec: FieldSpec, measures: Sequence[Measure]) -> Values:
        values: Values = {}
        for each in measures:
            operand = each.operand
            past = operand is None or (isinstance(operand, Noun) and operand.words.lower() == "today")
            if past and each.comparator == "before" and spec.type in TEMPORAL:
                values[spec.name] = _PAST[spec.type]
            elif past or each.comparator != "eq" or isinstance(operand, Owned) or operand is None:
                raise Unclear(f"an example needs an exact value for '{spec.name}'")
            else:
                values[spec.name] = None if _is_null(operand) else value_of(spec, operand)
        return values

    def _state(self, spec: FieldSpec, said: Measure | Is) -> Values:
        if isinstance(said, Measure):
            return self._measured(spec, (said,))
        if said.values == ("missing",) and not said.negated:
            return {spec.name: None}
        if said.negated or len(said.values) > 1:
            raise Unclear(f"an example needs an exact value for '{spec.name}'")
        return {spec.name: value_of(spec, Noun(said.values[0]))}

    def _plain(self, entity: str, words: str) -> Values:
        """ "status shipped", "a missing note", "an expired passport"."""
        first, _, rest = words.partition(" ")
        start, _, last = words.rpartition(" ")
        if first.lower() == "missing" and rest:
            return {self._field(entity, rest).name: None}
        if last.lower() == "missing" and start:
            return {self._field(entity, start).name: None}
        if first.lower() == "expired" and rest and self._field(entity, rest).type in TEMPORAL:
            spec = self._field(entity, rest)
            return {spec.name: _PAST[spec.type]}
        pieces = words.split()
        for index in range(len(pieces) - 1, 0, -1):
            found = lookup.fields(self.world.entity(entity), " ".join(pieces[:index]))
            if found:
                spec = self.choices.pick(found)
                value = Noun(" ".join(pieces[index:]))
                return {spec.name: None if _is_null(value) else value_of(spec, value)}
        self._field(entity, words)
        raise Unclear(f"an example needs an exact value for '{words}', such as 'with {some(words)} of ...'")

    def _field(self, entity: str, words: str) -> FieldSpec:
        found = lookup.fields(self.world.entity(entity), words)
        if not found:
            raise no_field(entity, words)
        return self.choices.pick(found)

    # --- when

    def when(self, happening: Happening, given: Sequence[Given], *, rejected: bool) -> When:
        """Return what happens."""
        event = happening.event
        changed: Values | None = None
        if isinstance(event.subject, Owned):
            event, changed = self._changing(happening, given)
        thing = event.subject if isinstance(event.subject, Thing) else None
        it = self.choices.pick([each.entity for each in given]) if given else None
        bare = replace(event, subject=replace(thing, conditions=())) if thing else event
        done = act(bare, self.world, self.choices, it)
        check_known(done, self.world)
        conditions = (thing.conditions if thing else ()) + happening.conditions
        if thing and thing.conditions and done.operation not in ("create", "list"):
            raise Unclear(f"say what {a(done.entity)} holds after 'given'")
        values = changed if changed is not None else self._body(done, conditions, rejected=rejected)
        if done.operation == "update" and not values:
            raise Unclear("it does not say what is updated, such as 'updated with a note of ...'")
        if happening.times < 1:
            raise Unclear("what happens, happens at least once")
        obj = done.action.object if done.action else None
        return When(
            operation=done.operation, entity=done.entity, object=obj, values=values, times=happening.times
        )

    def _changing(self, happening: Happening, given: Sequence[Given]) -> tuple[Event, Values]:
        """ "its note is updated to x"."""
        path, value = happening.event.subject, happening.changed
        assert isinstance(path, Owned) and value is not None  # noqa: S101  the grammar's `changes`
        if "update" not in verb_bases(happening.event.participle) or isinstance(value, Owned):
            raise Unclear("say that the field 'is updated to' a value")
        owners = [each.entity for each in given]
        if isinstance(path.owner, Noun):
            owners = lookup.entities(self.world.blueprint, path.owner.words)
        if not owners:
            raise Unclear("it does not say whose field is updated")
        owner = self.choices.pick(owners)
        spec = self._field(owner, path.field.words)
        return Event(Thing(Noun(owner, "the")), "updated"), {spec.name: value_of(spec, value)}

    def _body(self, done: Act, conditions: Sequence[Condition], *, rejected: bool) -> Values:
        """What the request brings: fields, inputs of the action, or filters of the list."""
        values: Values = {}
        for condition in conditions:
            if done.action is not None:
                _add(values, self._inputs(done, condition, rejected=rejected))
            else:
                _add(values, self._holding_or_wrong(done.entity, condition, rejected=rejected))
        filters = {each.field for each in self.world.entity(done.entity).filters}
        for name in values if done.operation == "list" else ():
            if name not in filters:
                raise Unclear(f"'{name}' is not among what {a(done.entity)} can be filtered by")
        return values

    def _holding_or_wrong(self, entity: str, condition: Condition, *, rejected: bool) -> Values:
        """What a body holds, which may be a wrong value when it is to be rejected."""
        try:
            return self._holding(entity, condition)
        except Unclear:
            wrong = _wrong(condition) if rejected else None
            if wrong is None:
                raise
            words, value = wrong
            return {self._field(entity, words).name: value}

    def _inputs(self, done: Act, condition: Condition, *, rejected: bool) -> Values:
        words, said = _split_input(condition)
        entity = self.world.entity(done.entity)
        for index in range(len(words), 0, -1):
            found = lookup.inputs(entity, done.operation, " ".join(words[:index]))
            value = said if said is not None else Noun(" ".join(words[index:]))
            if not found or (isinstance(value, Noun) and not value.words) or isinstance(value, Owned):
                continue
            try:
                return {found[0].name: value_of(found[0], value)}
            except Unclear:
                if not rejected:
                    raise
                return {found[0].name: value.words if isinstance(value, Noun) else value.text}
        raise Unclear(f"'{done.operation}' takes no '{' '.join(words)}'")

    # --- then

    def then(self, outcome: Outcome, when: When, given: Sequence[Given]) -> Then:
        """Return what is expected."""
        if isinstance(outcome, Rejected):
            return Then(kind="rejected", status=status_code(outcome.status))
        if isinstance(outcome, Listed):
            return self._listed(outcome)
        if isinstance(outcome, Valued):
            return self._valued(outcome, when, given)
        return self._became(outcome, when, given)

    def _listed(self, outcome: Listed) -> Then:
        if outcome.comparator != "eq" or "list" not in verb_bases(outcome.participle):
            raise Unclear("say exactly how many are listed, such as 'then 2 orders are listed'")
        entity = self.world.named(outcome.words, self.choices).name
        return Then(kind="listed", entity=entity, count=outcome.number)

    def _valued(self, outcome: Valued, when: When, given: Sequence[Given]) -> Then:
        path = outcome.path
        field = path.field.words if isinstance(path, Owned) else path.words
        owners = self._owners(when, given)
        if isinstance(path, Owned) and path.through:
            raise Unclear("an example can only look at what took part in it")
        if isinstance(path, Owned) and isinstance(path.owner, Noun):
            called = lookup.entities(self.world.blueprint, path.owner.words)
            owners = [each for each in owners if each in called]
        having = [each for each in owners if lookup.fields(self.world.entity(each), field)]
        if not having:
            raise Unclear(f"nothing in this example has a field '{field}'")
        owner = self.choices.pick(having)
        spec = self._field(owner, field)
        return Then(kind="value", entity=owner, field=spec.name, value=self._expected(spec, outcome.value))

    def _expected(self, spec: FieldSpec, said: Operand) -> Value | None:
        if isinstance(said, Owned) or (isinstance(said, Noun) and said.article):
            raise Unclear(f"say which value '{spec.name}' then has")
        if _is_null(said):
            return None
        return value_of(spec, said)

    def _became(self, outcome: Became, when: When, given: Sequence[Given]) -> Then:
        """ "it is created", "it is shipped", "the order is cancelled"."""
        words = outcome.predicate.values[0]
        verbs = verb_bases(words)
        if not outcome.predicate.negated and (words.lower() in _FINE or "create" in verbs):
            if "create" in verbs and when.operation != "create":
                raise Unclear("nothing is created in this example")
            return Then(kind="created" if "create" in verbs else "accepted")
        owners = self._owners(when, given)
        if isinstance(outcome.subject, Noun):
            called = lookup.entities(self.world.blueprint, outcome.subject.words)
            owners = [each for each in owners if each in called]
        elif isinstance(outcome.subject, It):
            owners = owners[:1]
        if not owners:
            raise Unclear("it does not say what is expected of what took part")
        owner = self.choices.pick(owners)
        values = self._being(owner, outcome.predicate)
        name, value = next(iter(values.items()))
        return Then(kind="value", entity=owner, field=name, value=value)

    def _owners(self, when: When, given: Sequence[Given]) -> list[str]:
        names = [when.entity, *([when.object] if when.object else []), *(each.entity for each in given)]
        return list(dict.fromkeys(names))


def _is_null(said: Operand) -> bool:
    return isinstance(said, Noun) and said.words.lower() in ("missing", "null")


def _add(values: Values, more: Values) -> None:
    for name in more:
        if name in values:
            raise Unclear(f"'{name}' has two values in this example")
    values |= more


def _split_input(condition: Condition) -> tuple[list[str], Operand | None]:
    """The words of a condition on an input, and its value where that is not among the words."""
    if isinstance(condition, Plain):
        return condition.noun.words.split(), None
    if isinstance(condition, Measured) and len(condition.measures) == 1:
        measure = condition.measures[0]
        if measure.comparator == "eq":
            return condition.field.words.split(), measure.operand
    raise Unclear("say what the body of an action brings as 'with a reason of ...'")


def _wrong(condition: Condition) -> tuple[str, Value] | None:
    """The field and the value of a condition whose value the field cannot hold."""
    if not isinstance(condition, Measured) or len(condition.measures) != 1:
        return None
    operand = condition.measures[0].operand
    if condition.measures[0].comparator != "eq" or operand is None or isinstance(operand, Owned):
        return None
    return condition.field.words, operand.words if isinstance(operand, Noun) else operand.text
