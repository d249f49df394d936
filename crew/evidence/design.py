"""What the design settled, as the tools said it: a model's answer is not asked for what is on record."""

from __future__ import annotations

import json

from pydantic import JsonValue

from crew.evidence.evidence import Evidence, last
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger


def settled(ledger: Ledger, artifacts: ArtifactStore, delivery: str) -> dict[str, JsonValue]:
    """Return `blueprint` and `contract` (digests, "" for none), `criteria` with their outcomes, `changes`, `breaking`
    and `custom` (names of the operations that somebody has to write); {} where no tool read the criteria."""
    read = last(ledger, artifacts, delivery, "read_criteria")
    made = last(ledger, artifacts, delivery, "settle_blueprint")
    if made is None or not made.ok:
        return {"blueprint": "", "contract": "", "criteria": _criteria(read)} if read and read.ok else {}
    changes = made.data.get("changes")
    said = (
        [f"{each['where']}: {each['what']}" for each in changes if isinstance(each, dict)]
        if isinstance(changes, list)
        else []
    )
    return {
        "blueprint": made.artifacts["blueprint"],
        "contract": made.artifacts.get("contract", ""),
        "criteria": _criteria(made) or _criteria(read),
        "changes": [*said],
        "breaking": made.data.get("breaking") is True,
        "custom": _custom(artifacts, made.artifacts["blueprint"]),
    }


def mapped(answer: dict[str, JsonValue], criteria: list[str]) -> dict[str, JsonValue]:
    """Return `criteria` with one outcome for each of these ids, as an answer without a blueprint has them; what it says
    nothing of is not covered."""
    listed = answer.get("criteria")
    said = (
        {str(each["id"]): each for each in listed if isinstance(each, dict)}
        if isinstance(listed, list)
        else {}
    )
    silent: dict[str, JsonValue] = {"outcome": "not_covered", "why": "The design agent said nothing of it."}
    return {"criteria": [(said.get(each) or silent) | {"id": each} for each in criteria]}


def assumed(answer: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a design's answer with its questions as assumptions, since nobody is there to be asked."""
    questions, assumptions = answer.get("questions"), answer.get("assumptions")
    asked = [each for each in questions if isinstance(each, dict)] if isinstance(questions, list) else []
    taken = [f"Not asked: {each['text']} {_taken(each)}" for each in asked]
    return answer | {
        "questions": [],
        "assumptions": [*(assumptions if isinstance(assumptions, list) else []), *taken],
    }


def asked_anew(answer: dict[str, JsonValue], replies: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a design's answer in which no question goes under the id of another one that was answered before."""
    questions = answer.get("questions")
    asked = [each for each in questions if isinstance(each, dict)] if isinstance(questions, list) else []
    return answer | {"questions": [each | {"id": _free(each, replies)} for each in asked]}


def _free(question: dict[str, JsonValue], replies: dict[str, JsonValue]) -> str:
    name, number = str(question["id"]), 1
    while (found := replies.get(name)) is not None and not answers(question, found):
        number += 1
        name = f"{question['id']}-{number}"
    return name


def answers(question: dict[str, JsonValue], reply: JsonValue) -> bool:
    """Whether a reply was given to this very question."""
    return isinstance(reply, dict) and reply.get("question") == question["text"]


def _taken(question: dict[str, JsonValue]) -> str:
    return f"Assumed: {question['assumption']}" if question.get("assumption") else "Nothing was assumed."


def _criteria(evidence: Evidence | None) -> list[JsonValue]:
    records = evidence.data.get("criteria") if evidence else None
    return [_outcome(each) for each in records if isinstance(each, dict)] if isinstance(records, list) else []


def _outcome(record: dict[str, JsonValue]) -> dict[str, JsonValue]:
    kept: dict[str, JsonValue] = {name: record[name] for name in ("id", "why", "readings", "operations")}
    # To a reader of the report, what has two meanings is as little delivered as what has none.
    return kept | {"outcome": "covered" if record["outcome"] == "covered" else "not_covered"}


def _custom(artifacts: ArtifactStore, digest: str) -> list[JsonValue]:
    blueprint = json.loads(artifacts.get(digest))
    return [
        f"{each['name']} of {entity['name']}"
        for entity in blueprint["entities"]
        for each in entity.get("custom", [])
    ]
