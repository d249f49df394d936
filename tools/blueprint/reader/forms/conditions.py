"""Interpretation of conditions, which must hold for a guard to reject an operation.

A condition has alternatives ("shipped or delivered"), each of which consists of tests that must all hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.blueprint.model import (
    ChildCount,
    Compare,
    Comparison,
    Entity,
    Expired,
    FieldRef,
    FieldSpec,
    Missing,
    Test,
)
from tools.blueprint.names import plural
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.comparisons import (
    NUMBERS,
    Alternatives,
    all_of,
    check_negation,
    field_tests,
    measured,
)
from tools.blueprint.reader.forms.operands import Fields, Found
from tools.blueprint.reader.forms.operations import Participant, ResolvedOperation
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.values import TEMPORAL, find_value
from tools.blueprint.reader.forms.wording import a, listing
from tools.blueprint.reader.grammar import phrases

_EXPIRY = frozenset({"expiry", "expiration", "expires", "expire", "expiring"})


def expiry_fields(entity: Entity) -> list[FieldSpec]:
    """Return the date fields that determine expiry: those named with a word such as "expiry", or else all."""
    times = [each for each in entity.fields if each.type in TEMPORAL]
    return [each for each in times if _EXPIRY.intersection(each.name.split())] or times


@dataclass(frozen=True)
class Conditions:
    """Converter of a sentence's conditions on the participants of an operation to tests."""

    scope: Scope
    resolved: ResolvedOperation
    choices: Choices

    @property
    def fields(self) -> Fields:
        """The lookup of fields among the participants."""
        return Fields(self.scope, self.resolved, self.choices)

    def attached(self) -> Alternatives:
        """Return the tests for all conditions attached to nouns, as in "an order that is shipped"."""
        return all_of(
            [self.of(participant, condition) for participant, condition in self.resolved.conditions]
        )

    def situation(self, situation: phrases.Situation) -> Alternatives:
        """Return the tests for a separate clause such as "it is shipped" or "the total is over 100"."""
        about = self.choices.pick(self._subjects(situation.subject))
        parts = situation.conditions
        if isinstance(about, Found):
            return all_of([field_tests(self.fields, about, each) for each in parts])
        conditions = [each for each in parts if not isinstance(each, phrases.Measure)]
        if len(conditions) < len(parts):
            raise Unclear(
                f"{a(about.entity)} cannot be over or under a value; name one of its fields", aside=True
            )
        return all_of([self.of(about, each) for each in conditions])

    def of(self, participant: Participant, condition: phrases.Condition) -> Alternatives:
        """Return the tests for one condition on a participant."""
        if isinstance(condition, phrases.Is):
            return self._is(participant, condition)
        if isinstance(condition, phrases.Plain):
            return self._plain(participant, condition.noun)
        if isinstance(condition, phrases.Lacks):
            return self._lacks(participant, condition.words)
        if isinstance(condition, phrases.Counted):
            return self._counted(participant, condition)
        if isinstance(condition, phrases.Whose):
            return self._whose(participant, condition)
        found = self._having(participant, condition.field)
        about = self.choices.pick(found)
        return all_of([measured(self.fields, about, each, participant) for each in condition.measures])

    def _whose(self, participant: Participant, condition: phrases.Whose) -> Alternatives:
        """Return the tests for a clause such as "whose total is over 100" or "whose order is paid"."""
        found: list[Found | Participant] = [*self.fields.of(participant, condition.words)]
        found += [] if found else self.fields.parents(condition.words, participant)
        if not found:
            raise self.fields.unknown(condition.words, participant)
        about = self.choices.pick(found)
        if isinstance(about, Found):
            return all_of([field_tests(self.fields, about, each, participant) for each in condition.states])
        states = [each for each in condition.states if isinstance(each, phrases.Is)]
        if len(states) < len(condition.states):
            raise Unclear(f"{a(about.entity)} cannot be over or under a value; name one of its fields")
        return all_of([self._is(about, each) for each in states])

    # --- Subjects and fields

    def _subjects(self, subject: phrases.Subject) -> list[Participant | Found]:
        """Return the possible subjects of a clause: participants, fields, or parents of the resource acted on."""
        if isinstance(subject, phrases.It):
            return list(self.resolved.named)
        if isinstance(subject, phrases.Owned):
            return [self.fields.find(subject)]
        words = subject.words
        found: list[Participant | Found] = [*self.fields.participants(words), *self.fields.inputs(words)]
        found += [
            each for participant in self.resolved.participants for each in self.fields.of(participant, words)
        ]
        found += [] if found else self.fields.parents(words)
        if not found:
            raise Unclear(f"'{words}' takes no part in this operation and is not a field of any participant")
        return found

    def _having(self, participant: Participant, noun: phrases.Noun) -> list[Found]:
        """Return the fields that "with a total over 5" may mean: the participant's, or inputs of the action on it."""
        found = [] if noun.given else self.fields.of(participant, noun.words)
        if participant.subject == "self":
            found = found + self.fields.inputs(noun.words)
        if not found:
            raise self.fields.unknown(noun.words, participant)
        return found

    # --- "is"

    def _is(self, participant: Participant, condition: phrases.Is) -> Alternatives:
        check_negation(condition)
        return tuple((self._value(participant, words, condition.negated),) for words in condition.values)

    def _value(self, participant: Participant, words: str, negated: bool) -> Test:
        """Return the test for "that is paid", which may apply to the status, a boolean, a choice or an expiry date."""
        entity = self.scope.entity(participant.entity)
        op: Comparison = "ne" if negated else "eq"
        tests: list[Test] = []
        if words.lower() == "expired":
            tests += [Expired(field=each.ref, negated=negated) for each in self._expiries(participant)]
        fresh = self.resolved.operation == "create" and participant.subject == "self"
        status = () if fresh else lookup.status_field(entity)
        for spec in (*status, *(each for each in entity.fields if each.type == "choice")):
            value = find_value(words, spec.choices)
            if value is not None:
                tests.append(Compare(left=self._ref(participant, spec.name), op=op, right=value))
        for spec in (each for each in entity.fields if each.type == "boolean"):
            if lookup.says_field(words, spec.name):
                tests.append(Compare(left=self._ref(participant, spec.name), op=op, right=True))
        if not tests:
            raise self._unknown_value(entity, words)
        return self.choices.pick(tests)

    def _ref(self, participant: Participant, field: str) -> FieldRef:
        return FieldRef(subject=participant.subject, via=participant.via, field=field)

    def _expiries(self, participant: Participant) -> list[Found]:
        entity = self.scope.entity(participant.entity)
        return [found for each in expiry_fields(entity) for found in self.fields.of(participant, each.name)]

    def _unknown_value(self, entity: Entity, words: str) -> Unclear:
        if find_value(words, entity.states) is not None:
            return Unclear(f"a new {entity.name} always starts as {entity.initial_state}")
        if words.lower() == "expired":
            return Unclear(
                f"{entity.name} has no date; "
                f"write '{a(entity.name).capitalize()} also has an expiry date (date).'"
            )
        known = f", whose states are {listing(entity.states)}" if entity.states else ""
        return Unclear(f"'{words}' is not a state, choice or boolean field of {entity.name}{known}")

    # --- "with", "has"

    def _plain(self, participant: Participant, noun: phrases.Noun) -> Alternatives:
        """Return the tests for "a missing note", "an expired passport", "line items", "a note" or "status shipped"."""
        words = noun.words
        first, _, rest = words.partition(" ")
        start, _, last = words.rpartition(" ")
        if first.lower() == "missing" and rest:
            return self._missing(participant, phrases.Noun(rest), negated=False)
        if last.lower() == "missing" and start:
            return self._missing(participant, phrases.Noun(start), negated=False)
        if first.lower() == "expired" and rest:
            return self._expired(participant, phrases.Noun(rest))
        if self._has_field(participant, words):
            return self._missing(participant, noun, negated=True)
        if lookup.children(self.scope.blueprint, participant.entity, words):
            return self._children(participant, words, "gt", 0)
        return self._spelt_out(participant, words)

    def _has_field(self, participant: Participant, words: str) -> bool:
        inputs = self.fields.inputs(words) if participant.subject == "self" else []
        return bool(self.fields.of(participant, words) or inputs)

    def _spelt_out(self, participant: Participant, words: str) -> Alternatives:
        """Return the test for a field followed by one of its values, as in "status shipped"."""
        pieces = words.split()
        for index in range(len(pieces) - 1, 0, -1):
            field, value = " ".join(pieces[:index]), " ".join(pieces[index:])
            if self._has_field(participant, field):
                found = self.choices.pick(self._having(participant, phrases.Noun(field)))
                return measured(self.fields, found, phrases.Measure("eq", phrases.Noun(value)), participant)
        raise self.fields.unknown(words, participant)

    def _missing(self, participant: Participant, noun: phrases.Noun, *, negated: bool) -> Alternatives:
        found = self.choices.pick(self._having(participant, noun))
        required_anyway = self.resolved.operation == "create" and not negated
        if not found.spec.nullable and found.ref.subject != "input" and not required_anyway:
            raise Unclear(
                f"{a(participant.entity)} always has {a(found.spec.name)}; "
                "make it optional where it is defined"
            )
        return ((Missing(field=found.ref, negated=negated),),)

    def _expired(self, participant: Participant, noun: phrases.Noun) -> Alternatives:
        found = self.choices.pick(self._having(participant, noun))
        if found.spec.type not in TEMPORAL:
            raise Unclear(f"'{found.spec.name}' is not a date, so it cannot expire")
        return ((Expired(field=found.ref),),)

    def _lacks(self, participant: Participant, words: str) -> Alternatives:
        required = [each for each in self._numbers(participant, words) if not each.spec.nullable]
        if required:
            return self._measured(participant, required, phrases.Measure("eq", phrases.Term("number", "0")))
        if self._has_field(participant, words):
            return self._missing(participant, phrases.Noun(words), negated=False)
        return self._children(participant, words, "eq", 0)

    def _counted(self, participant: Participant, condition: phrases.Counted) -> Alternatives:
        if condition.having:
            raise Unclear("children cannot be counted by their values; state only how many there are")
        if numbers := self._numbers(participant, condition.words):
            measure = phrases.Measure(condition.comparator, phrases.Term("number", str(condition.number)))
            return self._measured(participant, numbers, measure)
        op = NUMBERS.get(condition.comparator)
        if op is None:
            raise Unclear("a count cannot be before or after a number; use 'more than' or 'fewer than'")
        return self._children(participant, condition.words, op, condition.number)

    def _measured(
        self, participant: Participant, found: list[Found], measure: phrases.Measure
    ) -> Alternatives:
        return measured(self.fields, self.choices.pick(found), measure, participant)

    def _numbers(self, participant: Participant, words: str) -> list[Found]:
        """Return the number fields that "more than 3 nights" may mean; empty if "nights" are child entities."""
        if lookup.children(self.scope.blueprint, participant.entity, words) or not self._has_field(
            participant, words
        ):
            return []
        return [
            each for each in self._having(participant, phrases.Noun(words)) if each.spec.type in lookup.COUNTS
        ]

    def _children(self, participant: Participant, words: str, op: Comparison, number: int) -> Alternatives:
        found = lookup.children(self.scope.blueprint, participant.entity, words)
        if not found and not lookup.entities(self.scope.blueprint, words):
            raise self.fields.unknown(words, participant)
        if not found:
            raise Unclear(
                f"'{words}' do not belong to {a(participant.entity)}; write '... belongs to {a(participant.entity)}.'"
            )
        if self.resolved.operation == "create" and participant.subject == "self":
            raise Unclear(f"{a(participant.entity)} has no {plural(found[0][0])} yet when it is created")
        child, reference = self.choices.pick(found)
        counted = ChildCount(child=child, reference=reference.name, op=op, number=number)
        return ((counted.model_copy(update={"subject": participant.subject, "via": participant.via}),),)
