"""The values of the resources and request bodies in an example."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tools.blueprint.model import FieldSpec, Value
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.conditions import expiry_fields
from tools.blueprint.reader.forms.scope import Scope, no_field
from tools.blueprint.reader.forms.values import TEMPORAL, check_fits, find_value, value_of
from tools.blueprint.reader.forms.wording import some
from tools.blueprint.reader.grammar import phrases

Values = dict[str, Value | None]

_PAST = {"date": "2000-01-01", "timestamp": "2000-01-01T00:00:00Z"}
_FUTURE = {"date": "2999-12-31", "timestamp": "2999-12-31T00:00:00Z"}


@dataclass(frozen=True)
class ExampleValues:
    """Converter of the conditions of an example to values; each condition must specify an exact value."""

    scope: Scope
    choices: Choices
    wrong: bool = False
    """Whether a value may be invalid for its field, because the example expects a rejection."""

    def fields(self, entity: str, conditions: Iterable[phrases.Condition]) -> Values:
        """Return the values that the conditions give to the entity's fields, by field name."""
        return _together(self._of(entity, each) for each in conditions)

    def inputs(self, entity: str, operation: str, conditions: Iterable[phrases.Condition]) -> Values:
        """Return the values that the conditions give to the action's inputs, by input name."""
        action = self.scope.entity(entity).action(operation)
        specs = action.inputs if action else ()
        return _together(self._input(specs, operation, each) for each in conditions)

    def field(self, entity: str, words: str) -> FieldSpec:
        """Return the entity's field of that name. Raises Unclear if there is none."""
        found = lookup.fields(self.scope.entity(entity), words)
        if not found:
            raise no_field(entity, words)
        return self.choices.pick(found)

    def value(self, spec: FieldSpec, said: phrases.Operand) -> Value | None:
        """Convert the operand to a value of the field; None stands for a missing value."""
        if isinstance(said, phrases.Noun) and said.words.lower() in ("missing", "null"):
            return None
        if isinstance(said, phrases.Owned):
            raise Unclear(f"an example needs an exact value for '{spec.name}'")
        try:
            value = value_of(spec, said)
        except Unclear:
            if not self.wrong:
                raise
            return said.words if isinstance(said, phrases.Noun) else said.text
        if not self.wrong:
            check_fits(spec, value, "the value")
        return value

    def being(self, entity: str, said: phrases.Is) -> tuple[str, Value]:
        """Return the field and value for a predicate such as "shipped", "not vaccinated" or "expired"."""
        owner = self.scope.entity(entity)
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
            if spec.type == "boolean" and lookup.says_field(words, spec.name):
                options.append((spec.name, not said.negated))
        if not options:
            raise Unclear(f"'{words}' is not a state, choice or boolean field of {entity}")
        return self.choices.pick(options)

    def _of(self, entity: str, condition: phrases.Condition) -> Values:
        if isinstance(condition, phrases.Is):
            return dict([self.being(entity, condition)])
        if isinstance(condition, phrases.Lacks):
            return {self.field(entity, condition.words).name: None}
        if isinstance(condition, phrases.Measured):
            return self._measured(self.field(entity, condition.field.words), condition.measures)
        if isinstance(condition, phrases.Whose):
            spec = self.field(entity, condition.words)
            return _together(self._state(spec, each) for each in condition.states)
        if isinstance(condition, phrases.Plain):
            return self._plain(entity, condition.noun.words)
        if lookup.counts(self.scope.blueprint, self.scope.entity(entity), condition.words):
            measure = phrases.Measure(condition.comparator, phrases.Term("number", str(condition.number)))
            return self._measured(self.field(entity, condition.words), (measure,))
        raise Unclear("an example needs exact values")

    def _plain(self, entity: str, words: str) -> Values:
        """Return the values for words such as "status shipped", "a missing note" or "an expired passport"."""
        first, _, rest = words.partition(" ")
        start, _, last = words.rpartition(" ")
        if first.lower() == "missing" and rest:
            return {self.field(entity, rest).name: None}
        if last.lower() == "missing" and start:
            return {self.field(entity, start).name: None}
        if first.lower() == "expired" and rest:
            return self._measured(self.field(entity, rest), (phrases.Measure("before", None),))
        owner = self.scope.entity(entity)
        spec, said = _split(words, (*lookup.status_field(owner), *owner.fields), no_field(entity, words))
        return {spec.name: self.value(spec, said)}

    def _measured(self, spec: FieldSpec, measures: Iterable[phrases.Measure]) -> Values:
        found: list[Values] = []
        for each in measures:
            operand = each.operand
            today = operand is None or (
                isinstance(operand, phrases.Noun) and operand.words.lower() == "today"
            )
            if today and each.comparator == "before" and spec.type in TEMPORAL:
                found.append({spec.name: _PAST[spec.type]})
            elif operand is None or today or each.comparator != "eq":
                raise Unclear(f"an example needs an exact value for '{spec.name}'")
            else:
                found.append({spec.name: self.value(spec, operand)})
        return _together(found)

    def _state(self, spec: FieldSpec, said: phrases.Measure | phrases.Is) -> Values:
        if isinstance(said, phrases.Measure):
            return self._measured(spec, (said,))
        if said.negated or len(said.values) > 1:
            raise Unclear(f"an example needs an exact value for '{spec.name}'")
        return {spec.name: self.value(spec, phrases.Noun(said.values[0]))}

    def _input(self, specs: tuple[FieldSpec, ...], operation: str, condition: phrases.Condition) -> Values:
        unknown = Unclear(f"'{operation}' has no such input; define its inputs with '... requires ...'")
        if isinstance(condition, phrases.Plain):
            spec, said = _split(condition.noun.words, specs, unknown)
            return {spec.name: self.value(spec, said)}
        if isinstance(condition, phrases.Measured):
            found = lookup.named(condition.field.words, [each.name for each in specs])
            for spec in specs:
                if spec.name in found:
                    return self._measured(spec, condition.measures)
        raise unknown


def _split(words: str, specs: Iterable[FieldSpec], unknown: Unclear) -> tuple[FieldSpec, phrases.Noun]:
    """Split words such as "status shipped" into field and value. Raises `unknown` if no field matches."""
    by_name = {each.name: each for each in specs}
    pieces = words.split()
    for index in range(len(pieces), 0, -1):
        found = lookup.named(" ".join(pieces[:index]), by_name)
        if found and index == len(pieces):
            raise Unclear(
                f"an example needs an exact value for '{words}', such as 'with {some(words)} of ...'"
            )
        if found:
            return by_name[found[0]], phrases.Noun(" ".join(pieces[index:]))
    raise unknown


def _together(parts: Iterable[Values]) -> Values:
    values: Values = {}
    for part in parts:
        for name, value in part.items():
            if name in values:
                raise Unclear(f"'{name}' has two values in this example")
            values[name] = value
    return values
