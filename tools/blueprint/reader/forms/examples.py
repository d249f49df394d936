"""Interpretation of examples: the given resources, the operation and the expected outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.blueprint.model import Example, Given, Then, When
from tools.blueprint.names import verb_bases
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.facts import Fact, Facts
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.example_values import ExampleValues, Values
from tools.blueprint.reader.forms.operations import ResolvedOperation
from tools.blueprint.reader.forms.rules import check_known, status_code
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.verb_phrases import resolve_event
from tools.blueprint.reader.forms.wording import a
from tools.blueprint.reader.grammar import sentences
from tools.blueprint.reader.grammar.phrases import Condition, Counted, Event, It, Lacks, Noun, Owned, Thing

_FINE = frozenset({"accepted", "allowed", "successful", "ok"})


def example(sentence: sentences.Exemplified, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of "Given an order with status shipped, when it is cancelled, then it is rejected with 409"."""
    rejected = any(isinstance(each, sentences.Rejected) for each in sentence.outcomes)
    scenario = _Scenario(
        scope, choices, ExampleValues(scope, choices), ExampleValues(scope, choices, wrong=rejected)
    )
    given = [each for thing in sentence.given for each in scenario.given(thing)]
    when = scenario.when(sentence.happening, given)
    needed = [when.object] if when.object else []
    needed += [when.entity] if when.operation not in ("create", "list") else []
    present = {each.entity for each in given}
    given = [Given(entity=name) for name in reversed(needed) if name not in present] + given
    then = tuple(scenario.then(each, when, given) for each in sentence.outcomes)
    return (Fact(when.entity, Example(given=tuple(given), when=when, then=then, criterion="")),)


@dataclass(frozen=True)
class _Scenario:
    """Builder of the parts of one example."""

    scope: Scope
    choices: Choices
    resources: ExampleValues
    bodies: ExampleValues

    def given(self, thing: Thing) -> list[Given]:
        """Return the resources that a noun describes, each followed by its children in the example."""
        entity, conditions = self.scope.thing(thing, self.choices)
        children = [each for each in conditions if self._counts_children(entity.name, each)]
        values = self.resources.fields(entity.name, [each for each in conditions if each not in children])
        for name in values:
            spec = entity.field(name)
            if spec is not None and spec.computed is not None:
                raise Unclear(f"'{name}' is computed; give the values that it is computed from")
        count = 1 if thing.number is None else thing.number
        if count == 0:
            return []
        mine = Given(entity=entity.name, values=values, count=count)
        return [mine, *(each for condition in children for each in self._children(entity.name, condition))]

    def _counts_children(self, entity: str, condition: Condition) -> bool:
        if isinstance(condition, Counted):
            return not lookup.counts(self.scope.blueprint, self.scope.entity(entity), condition.words)
        words = condition.words if isinstance(condition, Lacks) else ""
        return bool(words and lookup.children(self.scope.blueprint, entity, words))

    def _children(self, entity: str, condition: Condition) -> list[Given]:
        if not isinstance(condition, Counted) or (condition.comparator, condition.number) == ("eq", 0):
            return []
        if condition.comparator != "eq":
            raise Unclear("an example needs an exact number of children")
        found = lookup.children(self.scope.blueprint, entity, condition.words)
        if not found:
            raise self.scope.unknown(condition.words)
        child, _ = self.choices.pick(found)
        thing = Thing(Noun(child), condition.having, condition.number)
        return [each.model_copy(update={"children_of": entity}) for each in self.given(thing)]

    def when(self, happening: sentences.Happening, given: Sequence[Given]) -> When:
        """Return the operation that the example performs."""
        event, changed = happening.event, None
        if event.participle.lower() == "filtered":
            event = replace(event, participle="listed")
        if isinstance(event.subject, Owned):
            event, changed = self._changing(happening, event.subject, given)
        thing = event.subject if isinstance(event.subject, Thing) else None
        singled_out = [each.entity for each in given if not each.children_of]
        it = self.choices.pick(singled_out) if singled_out else None
        bare = replace(event, subject=replace(thing, conditions=())) if thing else event
        resolved = resolve_event(bare, self.scope, self.choices, it)
        check_known(resolved, self.scope)
        if thing and thing.conditions and resolved.operation not in ("create", "list"):
            raise Unclear(f"put the values of {a(resolved.entity)} after 'given'")
        conditions = (thing.conditions if thing else ()) + happening.conditions
        values = changed if changed is not None else self._body(resolved, conditions)
        if resolved.operation == "update" and not values:
            raise Unclear("it does not say what is updated; write for example 'updated with a note of ...'")
        if happening.times < 1:
            raise Unclear("the operation must happen at least once")
        return When(
            operation=resolved.operation,
            entity=resolved.entity,
            object=resolved.action.object if resolved.action else None,
            values=values,
            times=happening.times,
        )

    def _changing(
        self, happening: sentences.Happening, path: Owned, given: Sequence[Given]
    ) -> tuple[Event, Values]:
        """Return the update and the changed value for a clause such as "its note is updated to x"."""
        value = happening.changed
        if "update" not in verb_bases(happening.event.participle) or value is None:
            raise Unclear("write that the field 'is updated to' a value")
        owners = [each.entity for each in given]
        if isinstance(path.owner, Noun):
            owners = lookup.entities(self.scope.blueprint, path.owner.words)
        if not owners:
            raise Unclear("it does not say whose field is updated")
        owner = self.choices.pick(owners)
        spec = self.bodies.field(owner, path.field.words)
        return Event(Thing(Noun(owner, "the")), "updated"), {spec.name: self.bodies.value(spec, value)}

    def _body(self, resolved: ResolvedOperation, conditions: Sequence[Condition]) -> Values:
        """Return the values in the request: fields, inputs of the action, or filters of the list."""
        if resolved.action is not None:
            return self.bodies.inputs(resolved.entity, resolved.operation, conditions)
        values = self.bodies.fields(resolved.entity, conditions)
        filters = {each.field for each in self.scope.entity(resolved.entity).filters}
        for name in values if resolved.operation == "list" else ():
            if name not in filters:
                raise Unclear(f"'{name}' is not a filter of the {resolved.entity} list")
        return values

    def then(self, outcome: sentences.Outcome, when: When, given: Sequence[Given]) -> Then:
        """Return one expected outcome of the example."""
        if isinstance(outcome, sentences.Rejected):
            return Then(kind="rejected", status=status_code(outcome.status))
        if isinstance(outcome, sentences.Listed):
            return self._listed(outcome)
        owners = list(
            dict.fromkeys([when.entity, *filter(None, [when.object]), *(each.entity for each in given)])
        )
        if isinstance(outcome, sentences.Valued):
            return self._valued(outcome, owners)
        return self._became(outcome, when, owners)

    def _listed(self, outcome: sentences.Listed) -> Then:
        if outcome.comparator != "eq" or "list" not in verb_bases(outcome.participle):
            raise Unclear("state exactly how many are listed, such as 'then 2 orders are listed'")
        entity = self.scope.named(outcome.words, self.choices).name
        return Then(kind="listed", entity=entity, count=outcome.number)

    def _valued(self, outcome: sentences.Valued, owners: list[str]) -> Then:
        path = outcome.path
        field = path.field.words if isinstance(path, Owned) else path.words
        if isinstance(path, Owned) and path.through:
            raise Unclear("an example can only check the resources that take part in it")
        if isinstance(path, Owned) and isinstance(path.owner, Noun):
            owners = self._called(path.owner, owners)
        having = [each for each in owners if lookup.fields(self.scope.entity(each), field)]
        if not having:
            raise Unclear(f"nothing in this example has a field '{field}'")
        owner = self.choices.pick(having)
        spec = self.resources.field(owner, field)
        if isinstance(outcome.value, Noun) and outcome.value.article:
            raise Unclear(f"state the value that '{spec.name}' then has")
        value = self.resources.value(spec, outcome.value)
        return Then(kind="value", entity=owner, field=spec.name, value=value)

    def _became(self, outcome: sentences.Became, when: When, owners: list[str]) -> Then:
        """Return the outcome for a clause such as "it is created" or "the order is cancelled"."""
        words, verbs = outcome.predicate.values[0], verb_bases(outcome.predicate.values[0])
        if "create" in verbs and not outcome.predicate.negated:
            if when.operation != "create":
                raise Unclear("nothing is created in this example")
            return Then(kind="created")
        if words.lower() in _FINE and not outcome.predicate.negated:
            return Then(kind="accepted")
        if isinstance(outcome.subject, Noun):
            owners = self._called(outcome.subject, owners)
        elif isinstance(outcome.subject, It):
            owners = owners[:1]
        if not owners:
            raise Unclear("it does not say which resource the expectation is about")
        owner = self.choices.pick(owners)
        name, value = self.resources.being(owner, outcome.predicate)
        return Then(kind="value", entity=owner, field=name, value=value)

    def _called(self, noun: Noun, owners: list[str]) -> list[str]:
        called = lookup.entities(self.scope.blueprint, noun.words)
        return [each for each in owners if each in called]
