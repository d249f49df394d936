"""The design of a delivery: the design agent's answer, completed with the recorded results of its tools."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from pydantic import BaseModel

from crew.agents.answers import Design, DesignedCriterion, Question
from crew.evidence.evidence import Evidence, last
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger

Replies = Mapping[str, Mapping[str, str]]
"""Maps each question's id to its text, `question`, and the person's reply, `answer`."""


class _Change(BaseModel):
    where: str
    what: str


class _ReadCriterion(BaseModel):
    id: str
    outcome: str
    why: str
    readings: tuple[str, ...]
    operations: tuple[str, ...]


class _Recorded(BaseModel, frozen=True):
    """The result data of `read_criteria` and `settle_blueprint`."""

    criteria: tuple[_ReadCriterion, ...] = ()
    changes: tuple[_Change, ...] = ()
    breaking: bool = False


def design_result(ledger: Ledger, artifacts: ArtifactStore, delivery: str, answer: Design) -> Design:
    """Return the answer with the tools' results added, so that a model need not repeat what is on record."""
    read = last(ledger, artifacts, delivery, "read_criteria")
    made = last(ledger, artifacts, delivery, "settle_blueprint")
    if made is None or not made.ok:
        if read is None or not read.ok:
            return answer
        return answer.model_copy(update={"blueprint": "", "contract": "", "criteria": _criteria(read)})
    recorded = _Recorded.model_validate(made.data)
    return answer.model_copy(
        update={
            "blueprint": made.artifacts["blueprint"],
            "contract": made.artifacts.get("contract", ""),
            "criteria": _criteria(made) or _criteria(read),
            "changes": [f"{each.where}: {each.what}" for each in recorded.changes],
            "breaking": recorded.breaking,
            "custom": _custom(artifacts, made.artifacts["blueprint"]),
        }
    )


def for_every_criterion(answer: Design, criteria: Collection[str]) -> Design:
    """Return the answer with exactly one outcome per criterion id; criteria without one become "not_covered"."""
    given = {each.id: each for each in answer.criteria}
    why = "The design agent did not mention it."
    outcomes = [
        given.get(name) or DesignedCriterion(id=name, outcome="not_covered", why=why) for name in criteria
    ]
    return answer.model_copy(update={"criteria": outcomes})


def questions_assumed(answer: Design) -> Design:
    """Return the answer with its questions turned into assumptions, for a delivery that asks nobody."""
    taken = [f"Not asked: {each.text} {_assumption(each)}" for each in answer.questions]
    return answer.model_copy(update={"questions": [], "assumptions": [*answer.assumptions, *taken]})


def questions_renamed(answer: Design, replies: Replies) -> Design:
    """Return the answer with new ids for questions whose id belongs to a different, already answered question."""
    asked = [each.model_copy(update={"id": _free_id(each, replies)}) for each in answer.questions]
    return answer.model_copy(update={"questions": asked})


def _free_id(question: Question, replies: Replies) -> str:
    name, number = question.id, 1
    while name in replies and replies[name]["question"] != question.text:
        number += 1
        name = f"{question.id}-{number}"
    return name


def _assumption(question: Question) -> str:
    return f"Assumed: {question.assumption}" if question.assumption else "Nothing was assumed."


def _criteria(evidence: Evidence | None) -> list[DesignedCriterion]:
    readings = _Recorded.model_validate(evidence.data).criteria if evidence else ()
    return [
        DesignedCriterion(
            id=each.id,
            why=each.why,
            readings=each.readings,
            operations=each.operations,
            # To the reader of a report, an ambiguous criterion counts as not covered, like one that was not understood.
            outcome="covered" if each.outcome == "covered" else "not_covered",
        )
        for each in readings
    ]


def _custom(artifacts: ArtifactStore, digest: str) -> list[str]:
    blueprint = json.loads(artifacts.get(digest))
    return [
        f"{each['name']} of {entity['name']}"
        for entity in blueprint["entities"]
        for each in entity.get("custom", [])
    ]
