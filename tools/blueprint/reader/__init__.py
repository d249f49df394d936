"""The controlled-English reader, which turns acceptance criteria in fixed sentence forms into a blueprint.

The reader never guesses. A criterion is `covered` if it has exactly one meaning, which is added to the blueprint;
`not_covered` if it has none, with a hint on how to fix it; `ambiguous` if it has several; and `contradictory` if
it conflicts with what is already specified. A sentence that matches no form is reported as needing a model.

These packages and modules take part in reading a story:

    grammar/   parses a sentence into every form that it matches, before names are resolved: `text` prepares
               the sentence, `parsing` applies the grammar in `sentences.lark`, and the builders turn the parse trees
               into the classes of `phrases` and `sentences`
    forms/     converts a parsed sentence to facts, one function per form (`fields`, `structure`, `rules`, `examples`);
               `verb_phrases` and `operations` resolve verbs and nouns, `conditions` creates tests, `scope` and `lookup`
               provide the known names, and `english` rejects words that cannot be part of a name
    choices    explores every meaning, so that ambiguities are detected and reported
    facts, merging, collisions    add the facts of a sentence to the blueprint, or reject them
    story      reads all sentences of a story, in any order; `vocabulary` and `first_pass` look ahead
    paraphrase, wording           express the meaning in the same sentence forms
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
    """The result of reading one criterion."""

    id: str
    text: str
    outcome: Outcome
    why: str
    """How the author can fix the criterion, in one sentence; "" if it is covered.

    Starts with "needs a model: " if no sentence form matches.
    """
    readings: tuple[str, ...]
    """The meaning, paraphrased in the same sentence forms; two or more if ambiguous or contradictory."""
    operations: tuple[str, ...]
    """The affected API operations, such as "POST /orders/{id}/cancel" and "GET /orders"."""


class Reading(BaseModel, frozen=True):
    """The result of reading a story."""

    blueprint: Blueprint
    """The blueprint from before the story, extended by every covered criterion."""
    criteria: tuple[CriterionReading, ...]


def read(criteria: Sequence[tuple[str, str]], before: Blueprint) -> Reading:
    """Read the criteria of one story, given as (id, text) pairs, against the blueprint from before the story."""
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
