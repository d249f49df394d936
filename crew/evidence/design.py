"""The design of a delivery: the design agent's answer, completed by what the tools have on record."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from pydantic import BaseModel

from crew.agents.answers import Design, DesignedCriterion, Question
from crew.evidence.evidence import Evidence, last
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger

Replies = Mapping[str, Mapping[str, str]]
"""Question id to the text of the question and the answer."""


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
    """Data of `read_criteria` and `settle_blueprint`."""

    criteria: tuple[_ReadCriterion, ...] = ()
    changes: tuple[_Change, ...] = ()
    breaking: bool = False


def design_result(ledger: Ledger, artifacts: ArtifactStore, delivery: str, answer: Design) -> Design:
    """Return the answer with what the tools settled: a model is not asked for what is on record."""
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
    """Return an answer without a blueprint with one outcome for each of these ids; the others are not covered."""
    given = {each.id: each for each in answer.criteria}
    why = "The design agent said nothing of it."
    outcomes = [
        given.get(name) or DesignedCriterion(id=name, outcome="not_covered", why=why) for name in criteria
    ]
    return answer.model_copy(update={"criteria": outcomes})


def questions_assumed(answer: Design) -> Design:
    """Return the answer with its questions as assumptions, since nobody is there to be asked."""
    taken = [f"Not asked: {each.text} {_assumption(each)}" for each in answer.questions]
    return answer.model_copy(update={"questions": [], "assumptions": [*answer.assumptions, *taken]})


def questions_renamed(answer: Design, replies: Replies) -> Design:
    """Return the answer in which no question has the id of another one that was answered before."""
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
            # To a reader of the report, what has two meanings is as little delivered as what has none.
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
