"""Reading the sentences of one story together.

A sentence may speak of what another one defines, earlier or later in the story. So they are taken in phases:
what defines goes before what uses, and within a phase a sentence that cannot be understood yet is tried again
after the others. What comes of a sentence is settled once; what it says is then part of the blueprint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, Literal

from pydantic import BaseModel

from tools.blueprint.model import Blueprint, FieldRef
from tools.blueprint.reader import first_pass as spoken
from tools.blueprint.reader.choices import Ambiguity, Choices, Contradiction, Unclear, explore
from tools.blueprint.reader.facts import Facts
from tools.blueprint.reader.first_pass import familiar
from tools.blueprint.reader.forms import fields, rules, structure
from tools.blueprint.reader.forms.examples import example
from tools.blueprint.reader.forms.scope import World
from tools.blueprint.reader.forms.wording import listing
from tools.blueprint.reader.grammar.parsing import parse
from tools.blueprint.reader.grammar.sentences import (
    Belongs,
    Changes,
    Exemplified,
    Fast,
    Finds,
    Goes,
    Guarded,
    Has,
    HasMany,
    Limited,
    Offers,
    Requires,
    Restricted,
    Sentence,
    Starts,
    Sums,
)
from tools.blueprint.reader.grammar.text import Text, joined, prepare, with_subject_joined
from tools.blueprint.reader.hints import outside
from tools.blueprint.reader.merging import Merger, ordered
from tools.blueprint.reader.paraphrase import paraphrase
from tools.blueprint.reader.touched import touched
from tools.blueprint.reader.vocabulary import hard_names

Outcome = Literal["covered", "not_covered", "ambiguous", "contradictory"]
Form = Callable[[Any, World, Choices], Facts]

PHASES: tuple[dict[type, Form], ...] = (
    {Has: fields.has},
    {Belongs: structure.belongs, HasMany: structure.has_many},
    {Starts: structure.starts},
    {Goes: structure.goes},
    {Requires: fields.requires},
    {Sums: fields.computes},
    {Offers: structure.offers},
    {Finds: structure.finds},
    {
        Guarded: rules.guard,
        Changes: rules.changes,
        Limited: rules.limit,
        Restricted: rules.access,
        Fast: rules.speed,
    },
    {Exemplified: example},
)
"""What defines comes before what uses it."""

_FORMS: dict[type, Form] = {kind: form for phase in PHASES for kind, form in phase.items()}
_SPOKEN_OF = 4
"""Phase before which all actions that the story speaks of are looked for: states are known, rules are not."""


@dataclass
class Line:
    """A criterion on its way."""

    id: str
    text: str
    prepared: Text | None = None
    parses: list[Sentence] = field(default_factory=list)
    outcome: Outcome | None = None
    """None until it is settled."""
    why: str = ""
    readings: tuple[str, ...] = ()
    facts: Facts = ()

    def settle(self, outcome: Outcome, why: str = "", readings: tuple[str, ...] = ()) -> None:
        """Say what came of it."""
        self.outcome, self.why, self.readings = outcome, why, readings

    @property
    def phase(self) -> int:
        """The phase that knows enough for all of its forms."""
        return max(index for index, phase in enumerate(PHASES) for each in self.parses if type(each) in phase)


def read_story(criteria: Sequence[tuple[str, str]], before: Blueprint) -> tuple[Blueprint, list[Line]]:
    """Return the blueprint with everything covered, and what came of each criterion."""
    lines = [_line(identifier, text) for identifier, text in criteria]
    _parse_all(lines, before)
    world = World(before, before, subjects=_subjects(lines, before), related=_related(lines))
    merger = Merger(before)
    for number in range(len(PHASES)):
        if number == _SPOKEN_OF:
            spoken.look_for_actions([line.parses for line in lines if line.outcome is None], world)
        if Starts in PHASES[number]:
            world.states = spoken.states([each for line in lines for each in line.parses], world)
        _run([each for each in lines if each.outcome is None and each.phase == number], world, merger)
        if number == 0:
            world.undefined = _undefined(lines, world)
            found = ((each.name, each.field("status")) for each in world.blueprint.entities)
            world.statuses = {name: status.choices for name, status in found if status and status.choices}
    return ordered(world.blueprint, [line.id for line in lines]), lines


def _line(identifier: str, text: str) -> Line:
    line = Line(identifier, text)
    try:
        line.prepared = prepare(text)
    except Unclear as reason:
        line.settle("not_covered", str(reason))
    return line


def _parse_all(lines: Sequence[Line], before: Blueprint) -> None:
    """Parse every sentence, then once more with the names that the first time brought up."""
    for line in lines:
        if line.prepared is not None:
            _parse(line, [line.prepared])
    names = hard_names(before, [sentence for line in lines for sentence in line.parses])
    for line in lines:
        if line.prepared is None or line.outcome is not None:
            continue
        texts = list(joined(line.prepared, names))
        if len(texts) > 1:
            line.parses = []
            _parse(line, texts)
        if not line.parses and line.outcome is None:
            line.settle("not_covered", outside(line.text))


def _parse(line: Line, texts: Sequence[Text]) -> None:
    try:
        found = [sentence for text in texts for sentence in parse(text)]
        if not found:
            found = [sentence for text in texts for sentence in parse(with_subject_joined(text))]
    except Unclear as reason:
        line.settle("not_covered", str(reason))
        return
    for sentence in found:
        if sentence not in line.parses:
            line.parses.append(sentence)


def _run(lines: Sequence[Line], world: World, merger: Merger) -> None:
    """Settle what can be understood, again and again until nothing more can."""
    waiting = list(lines)
    while waiting:
        left = [line for line in waiting if not _understand(line, world, merger)]
        if len(left) == len(waiting):
            break
        waiting = left
    for line in waiting:
        _give_up(line, world)


def _understand(line: Line, world: World, merger: Merger) -> bool:
    """Settle the line unless it makes no sense yet."""
    try:
        found, _ = _readings(line, world)
        if not found:
            return False
        if len(found) > 1:
            found = _possible(found, world, merger) or found[:1]
        if len(found) > 1:
            readings = tuple(_all_said(found, world, merger, line.id))
            line.settle("ambiguous", "it can be read in several ways; say it as one of them", readings)
            return True
        world.blueprint = merger.add(world.blueprint, found[0], line.id)
    except Contradiction as reason:
        line.settle("contradictory", str(reason), reason.readings)
    except Unclear as reason:
        line.settle("not_covered", str(reason))
    else:
        line.facts = found[0]
        line.settle("covered", "", (paraphrase(line.facts, world.blueprint),))
    return True


def _readings(line: Line, world: World) -> tuple[list[Facts], list[Unclear]]:
    """Return everything that the sentence can say, and why it cannot say other things.

    A reading with known actions goes before one that would need a new action.
    """

    def resolve(choices: Choices) -> Facts:
        sentence = choices.pick(line.parses)
        return _FORMS[type(sentence)](sentence, world, choices)

    found, reasons = explore(resolve)
    return familiar(found, world), reasons


def _possible(found: list[Facts], world: World, merger: Merger) -> list[Facts]:
    """Return the readings that could be in the blueprint, if only by contradicting it."""
    possible = []
    for facts in found:
        try:
            merger.add(world.blueprint, facts, "")
        except Contradiction:
            possible.append(facts)
        except Unclear:
            continue
        else:
            possible.append(facts)
    return possible


def _all_said(found: list[Facts], world: World, merger: Merger, criterion: str) -> Iterator[str]:
    """Say every reading in words, with the operations where the readings differ in them."""
    there = []
    for facts in found:
        try:
            blueprint, note = merger.add(world.blueprint, facts, criterion), ""
        except Contradiction as reason:
            blueprint, note = world.blueprint, f" But {reason}"
        there.append((f"{paraphrase(facts, blueprint)}{note}", touched(facts, blueprint)))
    differ = len({operations for _, operations in there}) > 1
    alike = len({words for words, _ in there}) < len(there)
    fields = [_fields(each) for each in found]
    for (words, operations), named in zip(there, fields, strict=True):
        own = named.difference(*(each for each in fields if each is not named)) if alike else set()
        if own:
            words += f" That is by {listing(sorted(own))}."
        yield f"{words} ({', '.join(operations)})" if differ and operations else words


def _fields(facts: Facts) -> set[str]:
    """Return the names of the fields that facts speak of."""

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


def _give_up(line: Line, world: World) -> None:
    """Settle a line that stays without a reading by the reason that tells most."""
    try:
        _, reasons = _readings(line, world)
    except Unclear as too_many:
        reasons = [too_many]
    for reason in reasons:
        if isinstance(reason, Ambiguity):
            line.settle("ambiguous", str(reason), reason.readings)
            return
    telling = [each for each in reasons if not each.aside] or reasons
    line.settle("not_covered", str(telling[0]))


def _subjects(lines: Sequence[Line], before: Blueprint) -> frozenset[str]:
    said = {each.subject.words.lower() for line in lines for each in line.parses if isinstance(each, Has)}
    return frozenset(said | {each.name for each in before.entities})


def _related(lines: Sequence[Line]) -> frozenset[str]:
    said = [each for line in lines for each in line.parses]
    children = [each.child for each in said if isinstance(each, Belongs)]
    children += [child for each in said if isinstance(each, HasMany) for child in each.children]
    return frozenset(child.words for child in children)


def _undefined(lines: Sequence[Line], world: World) -> dict[str, str]:
    """Entities that only sentences define that are not covered."""
    found = {}
    for line in lines:
        for sentence in line.parses:
            if isinstance(sentence, Has) and line.outcome not in (None, "covered"):
                try:
                    found[fields.entity_name(sentence.subject, world)] = line.id
                except Unclear:
                    continue
    return {name: line for name, line in found.items() if world.blueprint.entity(name) is None}
