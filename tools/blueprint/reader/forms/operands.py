"""Resolution of the fields in a sentence, and of the values or fields that they are compared with or changed by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tools.blueprint.model import FieldRef, FieldSpec, Value
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.operations import Participant, ResolvedOperation
from tools.blueprint.reader.forms.scope import Scope, no_field
from tools.blueprint.reader.forms.values import NUMERIC, check_fits, value_of
from tools.blueprint.reader.forms.wording import a, listing
from tools.blueprint.reader.grammar.phrases import It, Noun, Operand, Owned, Path, Term


@dataclass(frozen=True)
class Found:
    """The specification of a field and a reference to it, relative to the operation."""

    ref: FieldRef
    spec: FieldSpec


Right: TypeAlias = Value | FieldRef


@dataclass(frozen=True)
class Fields:
    """Looks up fields among the participants and inputs of an operation."""

    scope: Scope
    resolved: ResolvedOperation
    choices: Choices

    def of(self, participant: Participant, words: str) -> list[Found]:
        """Return the participant's fields of that name."""
        specs = lookup.fields(self.scope.entity(participant.entity), words)
        return [
            Found(FieldRef(subject=participant.subject, via=participant.via, field=each.name), each)
            for each in specs
        ]

    def inputs(self, words: str) -> list[Found]:
        """Return the action's inputs of that name."""
        found = lookup.inputs(self.scope.entity(self.resolved.entity), self.resolved.operation, words)
        return [Found(FieldRef(subject="input", field=each.name), each) for each in found]

    def participants(self, words: str) -> list[Participant]:
        """Return the participants of that name."""
        called = lookup.called(words, [each.entity for each in self.resolved.participants])
        return [each for each in self.resolved.participants if each.entity in called]

    def find(self, path: Path, participant: Participant | None = None) -> Found:
        """Return the field that a path names; `participant` is the one that "its" refers to, if known.

        Raises Unclear if there is none; if there are several, `choices` picks one.
        """
        found = self._owned(path, participant) if isinstance(path, Owned) else self._bare(path)
        if not found:
            raise self.unknown(path.field.words if isinstance(path, Owned) else path.words)
        return self.choices.pick(list(dict.fromkeys(found)))

    def unknown(self, words: str, participant: Participant | None = None) -> Unclear:
        """Return the error for a name that is not a field of any participant."""
        owners = (
            [participant.entity]
            if participant
            else list(dict.fromkeys(each.entity for each in self.resolved.participants))
        )
        if len(owners) == 1:
            return no_field(owners[0], words)
        return Unclear(f"neither {listing(owners, 'nor')} has a field '{words}'")

    def _bare(self, noun: Noun) -> list[Found]:
        if noun.given:
            return self.inputs(noun.words)
        found = [
            each for participant in self.resolved.participants for each in self.of(participant, noun.words)
        ]
        return found + self.inputs(noun.words)

    def _owned(self, path: Owned, participant: Participant | None) -> list[Found]:
        field = path.field.words
        if path.through:
            owners = self.parents(path.through, participant)
        elif isinstance(path.owner, It):
            owners = (
                [participant]
                if participant
                else [each for each in self.resolved.named if each.subject != "reference"]
            )
        else:
            owners = self._called(path.owner.words)
        found = [each for owner in owners for each in self.of(owner, field)]
        if not found and len(owners) == 1:
            raise self.unknown(field, owners[0])
        return found

    def _called(self, words: str) -> list[Participant]:
        """Return the participants of that name, otherwise the parents of the resource acted on."""
        found = self.participants(words) or self.parents(words)
        if not found:
            names = [each.entity for each in self.resolved.participants]
            raise Unclear(f"no '{words}' takes part in this operation; it involves {listing(map(a, names))}")
        return found

    def parents(self, words: str, participant: Participant | None = None) -> list[Participant]:
        """Return the parents of that name of the resource acted on; empty for any other participant."""
        if participant is not None and participant.subject != "self":
            return []
        references = lookup.references(self.scope.entity(self.resolved.entity), words)
        return [Participant(each.target, "reference", each.name) for each in references]

    def right(
        self, operand: Operand, left: FieldSpec, participant: Participant | None = None
    ) -> tuple[Right, FieldSpec | None]:
        """Return the value or field that `left` is compared with or changed by, and the spec if it is a field."""
        if isinstance(operand, Owned) or (isinstance(operand, Noun) and (operand.article or operand.given)):
            found = self.find(operand, participant)
            return found.ref, found.spec
        if isinstance(operand, Noun):
            if fields := self._bare(operand):
                as_value = _maybe(left, operand)
                options: list[tuple[Right, FieldSpec | None]] = [(each.ref, each.spec) for each in fields]
                return self.choices.pick(options + ([(as_value, None)] if as_value is not None else []))
            if left.type in NUMERIC:
                raise self.unknown(operand.words)
        return value_of(left, operand), None


def _maybe(spec: FieldSpec, operand: Noun) -> Value | None:
    """Return the literal value that a noun may mean for a choice, boolean or text field; None if it is not valid."""
    if spec.type not in ("choice", "boolean", "text"):
        return None
    try:
        value = value_of(spec, operand)
        check_fits(spec, value, "the value")
    except Unclear:
        return None
    return value


def check_percent(term: Operand, spec: FieldSpec) -> None:
    """Raise Unclear if the operand is a percentage but the field does not hold one."""
    if isinstance(term, Term) and term.percent and not is_percent(spec.name):
        raise Unclear(f"'{spec.name}' is not a percentage; remove the percent sign")


def is_percent(name: str) -> bool:
    """Return whether a field of that name holds a percentage."""
    return name.split()[-1] in ("percent", "percentage")
