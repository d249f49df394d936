"""Conditions: what must hold for a guard to fire.

A condition gives alternatives ("shipped or delivered"), each of which is tests that must all hold.
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
from tools.blueprint.reader.forms.acts import Act, Party
from tools.blueprint.reader.forms.comparisons import (
    NUMBERS,
    Alternatives,
    all_of,
    check_scope,
    measured,
    stated,
)
from tools.blueprint.reader.forms.operands import Fields, Found
from tools.blueprint.reader.forms.scope import World
from tools.blueprint.reader.forms.values import TEMPORAL, find_value
from tools.blueprint.reader.forms.wording import a, listing
from tools.blueprint.reader.grammar.phrases import (
    Condition,
    Counted,
    Is,
    It,
    Lacks,
    Measure,
    Noun,
    Owned,
    Plain,
    Situation,
    Subject,
    Term,
    Whose,
)

_EXPIRY = frozenset({"expiry", "expiration", "expires", "expire", "expiring"})


def expiry_fields(entity: Entity) -> list[FieldSpec]:
    """Return the dates that tell whether it is expired: those named expiry, else all there are."""
    times = [each for each in entity.fields if each.type in TEMPORAL]
    return [each for each in times if _EXPIRY.intersection(each.name.split())] or times


@dataclass(frozen=True)
class Conditions:
    """Makes tests of what a sentence says of those who take part in an operation."""

    world: World
    act: Act
    choices: Choices

    @property
    def fields(self) -> Fields:
        """Finds their fields."""
        return Fields(self.world, self.act, self.choices)

    def said(self) -> Alternatives:
        """Return the tests of what hangs on the nouns."""
        return all_of([self.of(party, condition) for party, condition in self.act.said])

    def situation(self, situation: Situation) -> Alternatives:
        """Return the tests of a clause of its own: "it is shipped", "the total is over 100"."""
        about = self.choices.pick(self._subjects(situation.subject))
        parts = situation.conditions
        if isinstance(about, Found):
            return all_of([stated(self.fields, about, each) for each in parts])
        conditions = [each for each in parts if not isinstance(each, Measure)]
        if len(conditions) < len(parts):
            raise Unclear(f"{a(about.entity)} cannot be over or under something; name its field", aside=True)
        return all_of([self.of(about, each) for each in conditions])

    def of(self, party: Party, condition: Condition) -> Alternatives:
        """Return the tests of one condition on a party."""
        if isinstance(condition, Is):
            return self._is(party, condition)
        if isinstance(condition, Plain):
            return self._plain(party, condition.noun)
        if isinstance(condition, Lacks):
            return self._lacks(party, condition.words)
        if isinstance(condition, Counted):
            return self._counted(party, condition)
        if isinstance(condition, Whose):
            return self._whose(party, condition)
        found = self._having(party, condition.field)
        about = self.choices.pick(found)
        return all_of([measured(self.fields, about, each, party) for each in condition.measures])

    def _whose(self, party: Party, condition: Whose) -> Alternatives:
        """ "whose total is over 100", "whose order is paid"."""
        found: list[Found | Party] = [*self.fields.of(party, condition.words)]
        if party.subject == "self" and not found:
            references = lookup.references(self.world.entity(party.entity), condition.words)
            found += [Party(each.target, "reference", each.name) for each in references]
        if not found:
            raise self.fields.unknown(condition.words, party)
        about = self.choices.pick(found)
        if isinstance(about, Found):
            return all_of([stated(self.fields, about, each, party) for each in condition.states])
        states = [each for each in condition.states if isinstance(each, Is)]
        if len(states) < len(condition.states):
            raise Unclear(f"{a(about.entity)} cannot be over or under something; name its field")
        return all_of([self._is(about, each) for each in states])

    # --- Who and what

    def _parties(self, noun: Noun) -> list[Party]:
        names = [each.entity for each in self.act.parties]
        called = lookup.named(noun.words, names) or [
            name for name in names if any(name.endswith(f" {each}") for each in lookup.kin(noun.words))
        ]
        return [each for each in self.act.parties if each.entity in called]

    def _subjects(self, subject: Subject) -> list[Party | Found]:
        """All that a clause may be about: one who takes part, what it belongs to, or a field."""
        if isinstance(subject, It):
            return list(self.act.named)
        if isinstance(subject, Owned):
            return [self.fields.find(subject)]
        words = subject.words
        found: list[Party | Found] = [*self._parties(subject), *self.fields.inputs(words)]
        found += [each for party in self.act.parties for each in self.fields.of(party, words)]
        references = lookup.references(self.world.entity(self.act.entity), words)
        found += [] if found else [Party(each.target, "reference", each.name) for each in references]
        if not found:
            raise Unclear(f"'{words}' takes no part in this, and is no field of what does")
        return found

    def _having(self, party: Party, noun: Noun) -> list[Found]:
        """The field in "with a total over 5": the party's, or an input of the action on it."""
        found = [] if noun.given else self.fields.of(party, noun.words)
        if party.subject == "self":
            found = found + self.fields.inputs(noun.words)
        if not found:
            raise self.fields.unknown(noun.words, party)
        return found

    # --- "is"

    def _is(self, party: Party, condition: Is) -> Alternatives:
        check_scope(condition)
        return tuple((self._value(party, words, condition.negated),) for words in condition.values)

    def _value(self, party: Party, words: str, negated: bool) -> Test:
        """What "that is paid" tests: the status, a yes/no field, a choice, or an expiry."""
        entity = self.world.entity(party.entity)
        op: Comparison = "ne" if negated else "eq"
        tests: list[Test] = []
        if words.lower() == "expired":
            tests += [Expired(field=each.ref, negated=negated) for each in self._expiries(party)]
        fresh = self.act.operation == "create" and party.subject == "self"
        status = () if fresh else lookup.status_field(entity)
        for spec in (*status, *(each for each in entity.fields if each.type == "choice")):
            value = find_value(words, spec.choices)
            if value is not None:
                tests.append(Compare(left=self._ref(party, spec.name), op=op, right=value))
        for spec in (each for each in entity.fields if each.type == "boolean"):
            if lookup.says_field(words, spec.name):
                tests.append(Compare(left=self._ref(party, spec.name), op=op, right=True))
        if not tests:
            raise self._unknown_value(entity, words)
        return self.choices.pick(tests)

    def _ref(self, party: Party, field: str) -> FieldRef:
        return FieldRef(subject=party.subject, via=party.via, field=field)

    def _expiries(self, party: Party) -> list[Found]:
        entity = self.world.entity(party.entity)
        return [found for each in expiry_fields(entity) for found in self.fields.of(party, each.name)]

    def _unknown_value(self, entity: Entity, words: str) -> Unclear:
        if find_value(words, entity.states) is not None:
            return Unclear(f"{a(entity.name)} is always {entity.initial_state} when it is created")
        if words.lower() == "expired":
            return Unclear(
                f"{entity.name} has no date; "
                f"say '{a(entity.name).capitalize()} also has an expiry date (date).'"
            )
        known = f", whose states are {listing(entity.states)}" if entity.states else ""
        return Unclear(f"'{words}' is no state, choice or yes/no field of {entity.name}{known}")

    # --- "with", "has"

    def _plain(self, party: Party, noun: Noun) -> Alternatives:
        """ "a missing note", "an expired passport", "line items", "a note", "status shipped"."""
        words = noun.words
        first, _, rest = words.partition(" ")
        start, _, last = words.rpartition(" ")
        if first.lower() == "missing" and rest:
            return self._missing(party, Noun(rest), negated=False)
        if last.lower() == "missing" and start:
            return self._missing(party, Noun(start), negated=False)
        if first.lower() == "expired" and rest:
            return self._expired(party, Noun(rest))
        if self._has_field(party, words):
            return self._missing(party, noun, negated=True)
        if lookup.children(self.world.blueprint, party.entity, words):
            return self._children(party, words, "gt", 0)
        return self._spelt_out(party, words)

    def _has_field(self, party: Party, words: str) -> bool:
        inputs = self.fields.inputs(words) if party.subject == "self" else []
        return bool(self.fields.of(party, words) or inputs)

    def _spelt_out(self, party: Party, words: str) -> Alternatives:
        """ "status shipped": a field and one of its values."""
        pieces = words.split()
        for index in range(len(pieces) - 1, 0, -1):
            field, value = " ".join(pieces[:index]), " ".join(pieces[index:])
            if self._has_field(party, field):
                found = self.choices.pick(self._having(party, Noun(field)))
                return measured(self.fields, found, Measure("eq", Noun(value)), party)
        raise self.fields.unknown(words, party)

    def _missing(self, party: Party, noun: Noun, *, negated: bool) -> Alternatives:
        found = self.choices.pick(self._having(party, noun))
        required_anyway = self.act.operation == "create" and not negated
        if not found.spec.nullable and found.ref.subject != "input" and not required_anyway:
            raise Unclear(
                f"{a(party.entity)} always has {a(found.spec.name)}; "
                "say that it is optional where it is defined"
            )
        return ((Missing(field=found.ref, negated=negated),),)

    def _expired(self, party: Party, noun: Noun) -> Alternatives:
        found = self.choices.pick(self._having(party, noun))
        if found.spec.type not in TEMPORAL:
            raise Unclear(f"'{found.spec.name}' is no date, so it cannot expire")
        return ((Expired(field=found.ref),),)

    def _lacks(self, party: Party, words: str) -> Alternatives:
        required = [each for each in self._numbers(party, words) if not each.spec.nullable]
        if required:
            return self._measured(party, required, Measure("eq", Term("number", "0")))
        if self._has_field(party, words):
            return self._missing(party, Noun(words), negated=False)
        return self._children(party, words, "eq", 0)

    def _counted(self, party: Party, condition: Counted) -> Alternatives:
        if condition.having:
            raise Unclear("children cannot be counted by what they hold; say only how many there are")
        if numbers := self._numbers(party, condition.words):
            measure = Measure(condition.comparator, Term("number", str(condition.number)))
            return self._measured(party, numbers, measure)
        op = NUMBERS.get(condition.comparator)
        if op is None:
            raise Unclear("a number of things is over or under another, not before or after it")
        return self._children(party, condition.words, op, condition.number)

    def _measured(self, party: Party, found: list[Found], measure: Measure) -> Alternatives:
        return measured(self.fields, self.choices.pick(found), measure, party)

    def _numbers(self, party: Party, words: str) -> list[Found]:
        """The fields in "with more than 3 nights", where nights are a number and not things of their own."""
        if lookup.children(self.world.blueprint, party.entity, words) or not self._has_field(party, words):
            return []
        return [each for each in self._having(party, Noun(words)) if each.spec.type in lookup.COUNTS]

    def _children(self, party: Party, words: str, op: Comparison, number: int) -> Alternatives:
        found = lookup.children(self.world.blueprint, party.entity, words)
        if not found and not lookup.entities(self.world.blueprint, words):
            raise self.fields.unknown(words, party)
        if not found:
            raise Unclear(
                f"'{words}' do not belong to {a(party.entity)}; say '... belongs to {a(party.entity)}.'"
            )
        if self.act.operation == "create" and party.subject == "self":
            raise Unclear(f"{a(party.entity)} has no {plural(found[0][0])} yet when it is created")
        child, reference = self.choices.pick(found)
        counted = ChildCount(child=child, reference=reference.name, op=op, number=number)
        return ((counted.model_copy(update={"subject": party.subject, "via": party.via}),),)
