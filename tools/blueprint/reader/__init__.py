"""The controlled-English reader: acceptance criteria in the sentence forms of a story become a blueprint.

It never guesses. A criterion is `covered` if it has exactly one meaning, which is then in the blueprint;
`not_covered` if it has none, with a hint how to fix it; `ambiguous` if it has several; `contradictory` if it
conflicts with what is already specified. Sentences that match no form "need a model".

How a story is read, file by file:

    grammar/   from the text of a sentence to every form that it matches, before names are resolved:
               `text` prepares it, `sentences.lark` is the grammar, `parsing` runs it, the builders turn the trees
               into the values of `phrases` and `sentences`
    forms/     from a parsed sentence to facts, with one function per form (`fields`, `structure`, `rules`, `examples`);
               `verb_phrases` and `operations` resolve verbs and nouns, `conditions` makes tests, `scope` and `lookup`
               hold the known names, `english` rejects words that cannot be part of a name
    choices    explores every meaning, so that a second one is detected and reported
    facts, merging, collisions    what a sentence adds to the blueprint, and what it must not add
    story      reads all sentences of a story, in any order; `vocabulary` and `first_pass` look ahead
    paraphrase, wording           the meaning, expressed in the same sentence forms
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from tools.blueprint.model import Blueprint, Criterion
from tools.blueprint.reader.affected_operations import affected_operations
from tools.blueprint.reader.facts import Fact
from tools.blueprint.reader.merging import criteria_behind
from tools.blueprint.reader.paraphrase import paraphrase
from tools.blueprint.reader.story import Line, Outcome, read_story

__all__ = ["CriterionReading", "Fact", "Reading", "paraphrase", "read"]


class CriterionReading(BaseModel, frozen=True):
    """How one criterion was read."""

    id: str
    text: str
    outcome: Outcome
    why: str
    """One sentence for the author that says how to fix it; "" if covered. Starts with "needs a model: " for a
    sentence that matches no form."""
    readings: tuple[str, ...]
    """The meaning in sentences of the same forms; two or more if ambiguous or contradictory."""
    operations: tuple[str, ...]
    """Operations that it affects: "POST /orders/{id}/cancel", "GET /orders"."""


class Reading(BaseModel, frozen=True):
    """How a story was read."""

    blueprint: Blueprint
    """The service before the story, plus everything that is covered."""
    criteria: tuple[CriterionReading, ...]


def read(criteria: Sequence[tuple[str, str]], before: Blueprint) -> Reading:
    """Read the criteria of one story, pairs of id and text, against the service as it is before the story."""
    blueprint, lines = read_story(criteria, before)
    covered = {each.id: each for each in before.criteria}
    for line in lines:
        if line.outcome == "covered":
            origins = criteria_behind(blueprint, line.facts)
            same_as = () if line.id in origins else tuple(sorted(origins - {""}))
            covered[line.id] = Criterion(id=line.id, text=line.text, same_as=same_as)
    blueprint = blueprint.model_copy(update={"criteria": tuple(covered.values())})
    return Reading(blueprint=blueprint, criteria=tuple(_reading(each, blueprint) for each in lines))


def _reading(line: Line, blueprint: Blueprint) -> CriterionReading:
    assert line.outcome is not None  # noqa: S101  every line has a result
    return CriterionReading(
        id=line.id,
        text=line.text,
        outcome=line.outcome,
        why=line.why,
        readings=line.readings,
        operations=affected_operations(line.facts, blueprint),
    )
