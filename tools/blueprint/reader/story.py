"""Reading the sentences of one story together.

A sentence may refer to something that is defined earlier or later in the story. Sentences are therefore read in
phases, definitions before their uses; within a phase, a sentence that cannot be understood yet is retried after
the others. The outcome of a sentence is decided only once, and its facts are then part of the blueprint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, Literal

from pydantic import BaseModel

from tools.blueprint.model import Blueprint, FieldRef
from tools.blueprint.reader import first_pass
from tools.blueprint.reader.affected_operations import affected_operations
from tools.blueprint.reader.choices import Ambiguity, Choices, Contradiction, Unclear, explore
from tools.blueprint.reader.facts import Facts
from tools.blueprint.reader.forms import fields, rules, structure
from tools.blueprint.reader.forms.examples import example
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.wording import listing
from tools.blueprint.reader.grammar import sentences
from tools.blueprint.reader.grammar.parsing import parse
from tools.blueprint.reader.grammar.text import Text, join_names, join_subject, prepare, restored
from tools.blueprint.reader.hints import no_form_message
from tools.blueprint.reader.merging import Merger, in_story_order
from tools.blueprint.reader.paraphrase import paraphrase
from tools.blueprint.reader.vocabulary import names_with_grammar_words

Outcome = Literal["covered", "not_covered", "ambiguous", "contradictory"]
Form = Callable[[Any, Scope, Choices], Facts]

PHASES: tuple[dict[type, Form], ...] = (
    {sentences.Has: fields.has},
    {sentences.Belongs: structure.belongs, sentences.HasMany: structure.has_many},
    {sentences.Starts: structure.starts},
    {sentences.Goes: structure.goes},
    {sentences.Requires: fields.requires},
    {sentences.Sums: fields.computes},
    {sentences.Offers: structure.offers},
    {sentences.Finds: structure.finds},
    {
        sentences.Guarded: rules.guard,
        sentences.Changes: rules.changes,
        sentences.Limited: rules.limit,
        sentences.Restricted: rules.access,
        sentences.Fast: rules.speed,
    },
    {sentences.Exemplified: example},
)
"""The function that interprets each form, by phase; definitions come before the sentences that use them."""

_FORMS: dict[type, Form] = {kind: form for phase in PHASES for kind, form in phase.items()}
_FIRST_PASS = 4
"""Index of the phase before which all actions are collected: by then, states are known, but rules are not."""


@dataclass
class Line:
    """The progress and result of reading one criterion."""

    id: str
    text: str
    prepared: Text | None = None
    parses: list[sentences.Sentence] = field(default_factory=list)
    outcome: Outcome | None = None
    """None until the outcome is decided."""
    why: str = ""
    readings: tuple[str, ...] = ()
    facts: Facts = ()

    def set_result(self, outcome: Outcome, why: str = "", readings: tuple[str, ...] = ()) -> None:
        """Record the outcome, the reason for it and the possible readings."""
        why = restored(why, self.prepared.quoted) if self.prepared and outcome != "covered" else why
        self.outcome, self.why, self.readings = outcome, why, readings

    @property
    def phase(self) -> int:
        """The first phase in which every possible form of the sentence can be resolved."""
        return max(index for index, phase in enumerate(PHASES) for each in self.parses if type(each) in phase)


def read_story(criteria: Sequence[tuple[str, str]], before: Blueprint) -> tuple[Blueprint, list[Line]]:
    """Return the blueprint extended by every covered criterion, and the result of reading each criterion."""
    lines = [_line(identifier, text) for identifier, text in criteria]
    _parse_all(lines, before)
    scope = Scope(before, before, subjects=_subjects(lines, before), related=_related(lines))
    merger = Merger(before)
    for number in range(len(PHASES)):
        if number == _FIRST_PASS:
            first_pass.collect_actions([line.parses for line in lines if line.outcome is None], scope)
        if sentences.Starts in PHASES[number]:
            scope.states = first_pass.collect_states([each for line in lines for each in line.parses], scope)
        _run([each for each in lines if each.outcome is None and each.phase == number], scope, merger)
        if number == 0:
            scope.undefined = _undefined(lines, scope)
            found = ((each.name, each.field("status")) for each in scope.blueprint.entities)
            scope.statuses = {name: status.choices for name, status in found if status and status.choices}
    return in_story_order(scope.blueprint, [line.id for line in lines]), lines


def _line(identifier: str, text: str) -> Line:
    line = Line(identifier, text)
    try:
        line.prepared = prepare(text)
    except Unclear as reason:
        line.set_result("not_covered", str(reason))
    return line


def _parse_all(lines: Sequence[Line], before: Blueprint) -> None:
    """Parse every sentence, and then parse again using the names introduced by the first parse."""
    for line in lines:
        if line.prepared is not None:
            _parse(line, [line.prepared])
    names = names_with_grammar_words(before, [sentence for line in lines for sentence in line.parses])
    for line in lines:
        if line.prepared is None or line.outcome is not None:
            continue
        texts = list(join_names(line.prepared, names))
        if len(texts) > 1:
            line.parses = []
            _parse(line, texts)
        if not line.parses and line.outcome is None:
            line.set_result("not_covered", no_form_message(line.text))


def _parse(line: Line, texts: Sequence[Text]) -> None:
    try:
        found = [sentence for text in texts for sentence in parse(text)]
        if not found:
            found = [sentence for text in texts for sentence in parse(join_subject(text))]
    except Unclear as reason:
        line.set_result("not_covered", str(reason))
        return
    for sentence in found:
        if sentence not in line.parses:
            line.parses.append(sentence)


def _run(lines: Sequence[Line], scope: Scope, merger: Merger) -> None:
    """Read the lines repeatedly until no more can be understood, then record why the others cannot."""
    waiting = list(lines)
    while waiting:
        left = [line for line in waiting if not _understand(line, scope, merger)]
        if len(left) == len(waiting):
            break
        waiting = left
    for line in waiting:
        _explain_failure(line, scope)


def _understand(line: Line, scope: Scope, merger: Merger) -> bool:
    """Decide the outcome of a line, or return False if the line cannot be understood yet."""
    try:
        found, _ = _readings(line, scope)
        if not found:
            return False
        if len(found) > 1:
            found = _possible(found, scope, merger) or found[:1]
        if len(found) > 1:
            readings = tuple(_describe_readings(found, scope, merger, line.id))
            line.set_result(
                "ambiguous", "it has several possible readings; rewrite it as one of them", readings
            )
            return True
        scope.blueprint = merger.add(scope.blueprint, found[0], line.id)
    except Contradiction as reason:
        line.set_result("contradictory", str(reason), reason.readings)
    except Unclear as reason:
        line.set_result("not_covered", str(reason))
    else:
        line.facts = found[0]
        line.set_result("covered", "", (paraphrase(line.facts, scope.blueprint),))
    return True


def _readings(line: Line, scope: Scope) -> tuple[list[Facts], list[Unclear]]:
    """Return all readings of the sentence, and the errors of the interpretations that failed.

    Readings that use only known actions take precedence over readings that introduce a new one.
    """

    def resolve(choices: Choices) -> Facts:
        sentence = choices.pick(line.parses)
        return _FORMS[type(sentence)](sentence, scope, choices)

    found, reasons = explore(resolve)
    return first_pass.prefer_known_actions(found, scope), reasons


def _possible(found: list[Facts], scope: Scope, merger: Merger) -> list[Facts]:
    """Return the readings that can be merged into the blueprint or contradict it."""
    possible = []
    for facts in found:
        try:
            merger.add(scope.blueprint, facts, "")
        except Contradiction:
            possible.append(facts)
        except Unclear:
            continue
        else:
            possible.append(facts)
    return possible


def _describe_readings(found: list[Facts], scope: Scope, merger: Merger, criterion: str) -> Iterator[str]:
    """Yield a paraphrase of each reading, followed by its operations unless all readings have the same ones."""
    descriptions = []
    for facts in found:
        try:
            blueprint, note = merger.add(scope.blueprint, facts, criterion), ""
        except Contradiction as reason:
            blueprint, note = scope.blueprint, f" But {reason}"
        descriptions.append((f"{paraphrase(facts, blueprint)}{note}", affected_operations(facts, blueprint)))
    differ = len({operations for _, operations in descriptions}) > 1
    alike = len({words for words, _ in descriptions}) < len(descriptions)
    fields = [_fields(each) for each in found]
    for (words, operations), named in zip(descriptions, fields, strict=True):
        own = named.difference(*(each for each in fields if each is not named)) if alike else set()
        if own:
            words += f" This refers to {listing(sorted(own))}."
        yield f"{words} ({', '.join(operations)})" if differ and operations else words


def _fields(facts: Facts) -> set[str]:
    """Return the names of the fields that facts refer to."""

    def within(value: object) -> Iterator[str]:
        if isinstance(value, FieldRef):
            yield value.field
        if isinstance(value, BaseModel):
            value = [each for _, each in value]
        elif is_dataclass(value):
            value = [getattr(value, each.name) for each in dataclass_fields(value)]
        if isinstance(value, list | tuple):
            for each in value:
                yield from within(each)

    return set(within(facts))


def _explain_failure(line: Line, scope: Scope) -> None:
    """Record the outcome of a line that has no reading, with the most helpful reason."""
    try:
        _, reasons = _readings(line, scope)
    except Unclear as too_many:
        reasons = [too_many]
    for reason in reasons:
        if isinstance(reason, Ambiguity):
            line.set_result("ambiguous", str(reason), reason.readings)
            return
    telling = [each for each in reasons if not each.aside] or reasons
    line.set_result("not_covered", str(telling[0]))


def _subjects(lines: Sequence[Line], before: Blueprint) -> frozenset[str]:
    names = {
        each.subject.words.lower()
        for line in lines
        for each in line.parses
        if isinstance(each, sentences.Has)
    }
    return frozenset(names | {each.name for each in before.entities})


def _related(lines: Sequence[Line]) -> frozenset[str]:
    parses = [each for line in lines for each in line.parses]
    children = [each.child for each in parses if isinstance(each, sentences.Belongs)]
    children += [child for each in parses if isinstance(each, sentences.HasMany) for child in each.children]
    return frozenset(child.words for child in children)


def _undefined(lines: Sequence[Line], scope: Scope) -> dict[str, str]:
    """Return the entities defined only by criteria that are not covered, with the id of such a criterion."""
    found = {}
    for line in lines:
        for sentence in line.parses:
            if isinstance(sentence, sentences.Has) and line.outcome not in (None, "covered"):
                try:
                    found[fields.entity_name(sentence.subject, scope)] = line.id
                except Unclear:
                    continue
    return {name: line for name, line in found.items() if scope.blueprint.entity(name) is None}
