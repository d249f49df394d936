"""The reasons of a delivery, or of one action: what was done, why, on what evidence, and who allowed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from crew.errors import BadInput
from crew.reading import texts
from crew.records.ledger import Ledger, Row
from crew.redaction import redactor_of
from crew.settings.config import OFFLINE
from tools.counting import counted


class Reason(BaseModel):
    """One action with everything that it rests on."""

    model_config = ConfigDict(frozen=True)

    action: str
    role: str
    tool: str
    at: str
    rationale: str
    evidence: tuple[str, ...]
    policy: str
    """"allowed by ..." or "denied by ...", with engine and policy digest."""
    approval: str
    """Who approved, "" where nobody had to."""
    outcome: str
    """What came of it, "" while that is open."""
    failed: bool = False
    """Whether its tool said that it did not succeed."""
    model: str = ""
    """Who decided on it; "" for the crew itself and for the offline model."""


class Question(BaseModel):
    """What a person was asked: an agent's question, or an approval of what was not done since."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    """"question" or "approval"."""
    text: str
    answer: str = ""
    """What they said, "approved" or "rejected" with their reason; "" while nobody has answered."""
    by: str = ""


def why_text(home: Path, subject: str) -> str:
    """Return the chain as text: of a delivery all actions in order, of an action it and what it rests on."""
    delivery, reasons, questions = _chain(home, subject)
    parts = [
        f"{delivery}: {counted(len(reasons), 'action')}, oldest first"
        if subject == delivery
        else f"{subject} of {delivery}"
    ]
    parts += [_asked(each) for each in questions]
    parts += [_shown(each) for each in reasons]
    return "\n\n".join(parts)


def why_json(home: Path, subject: str) -> str:
    """Return the chain as JSON."""
    delivery, reasons, questions = _chain(home, subject)
    found = {
        "delivery": delivery,
        "reasons": [each.model_dump() for each in reasons],
        "questions": [each.model_dump() for each in questions],
    }
    return json.dumps(found, indent=2)


def ledger_text(home: Path, delivery: str) -> str:
    """Return the rows of a delivery, a line each: number, time, kind, key, what."""
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        _refuse_unknown(delivery, ledger)
        rows = ledger.rows(delivery)
    return "\n".join(f"{row.number:4} {row.at} {row.kind:9} {row.key:24} {_what(row)}" for row in rows)


def ledger_export_lines(home: Path, delivery: str | None) -> Iterator[str]:
    """Yield the rows of a delivery, or of all, as they were written and hashed, each as one JSON object."""
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        for each in [delivery] if delivery else ledger.deliveries():
            _refuse_unknown(each, ledger)
            for row in ledger.stored(each):
                # Escaped: a text of others may hold what is no Unicode.
                yield json.dumps(row.model_dump(), separators=(",", ":"))


def _chain(home: Path, subject: str) -> tuple[str, list[Reason], list[Question]]:
    """Return the delivery of a subject and the reasons; of a delivery its questions too."""
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        if subject in ledger.deliveries():
            rows = ledger.rows(subject)
            return subject, reasons_of(rows), questions_of(rows)
        holding = ledger.holding(subject)
        if not holding:
            raise BadInput(f"There is no delivery and no action {subject!r}. `crew status` lists deliveries.")
        reasons = reasons_of(ledger.rows(holding[0].delivery))
        return holding[0].delivery, _behind(subject, reasons), []


def reasons_of(rows: list[Row]) -> list[Reason]:
    """Return the actions of a delivery with their reasons, in order."""
    outcomes = {row.key: row for row in rows if row.kind == "outcome"}
    answers = {row.key: row for row in rows if row.kind == "answered"}
    models = {_step(row): str(row.body["model"]) for row in rows if row.kind == "model"}
    found = []
    for row in rows:
        if row.kind in ("intent", "denied", "concluded"):
            answer = answers.get(str(row.body.get("approval", "")))
            found.append(_reason(row, outcomes.get(row.key), answer, models.get(_step(row), "")))
    return found


def questions_of(rows: list[Row]) -> list[Question]:
    """Return what a person was asked, with the answers, in order; an approval that an action carries stands there."""
    answers = {row.key: row for row in rows if row.kind == "answered"}
    carried = {str(row.body.get("approval", "")) for row in rows if row.kind == "intent"}
    asked = [row for row in rows if row.kind == "asked" and row.key not in carried]
    return [_question(row, answers.get(row.key)) for row in asked]


def _question(row: Row, answer: Row | None) -> Question:
    plain = row.body.get("kind") == "question"
    said = ""
    if answer:
        said = str(answer.body["text"]) if plain else _decision(answer)
    return Question(
        id=row.key,
        kind="question" if plain else "approval",
        text=str(row.body["text"]) if plain else " ".join(texts(row.body["reasons"])),
        answer=said,
        by=str(answer.body["by"]) if answer else "",
    )


def _step(row: Row) -> tuple[str, ...]:
    """Return the step of a role that a row belongs to: what a model decided, and what was done of it."""
    return tuple(str(row.body.get(name)) for name in ("role", "visit", "step"))


def _reason(row: Row, outcome: Row | None, answer: Row | None, model: str) -> Reason:
    body = row.body
    said = str(outcome.body["summary"]) if outcome else ""
    if row.kind == "denied":
        said = "Not done. " + " ".join(texts(body["reasons"]))
    return Reason(
        action=row.key,
        role=str(body["role"]),
        tool="answer" if row.kind == "concluded" else str(body["tool"]),
        at=row.at,
        rationale=str(body["rationale"]),
        evidence=tuple(texts(body["evidence"])),
        policy=_policy(row),
        approval=_answer(answer) if answer else "",
        outcome=said,
        failed=outcome is not None and outcome.body.get("ok") is False,
        model="" if model == OFFLINE else model,
    )


def _answer(row: Row) -> str:
    said = f"{row.key}: {'approved' if row.body['approved'] else 'rejected'} by {row.body['by']}"
    return f"{said}: {row.body['text']}" if row.body.get("text") else said


def _decision(row: Row) -> str:
    said = "approved" if row.body["approved"] else "rejected"
    return f"{said}: {row.body['text']}" if row.body.get("text") else said


def _behind(action: str, reasons: list[Reason]) -> list[Reason]:
    """Return an action and, behind it, every action that its evidence leads to, nearest first."""
    by_key = {each.action: each for each in reasons}
    found: dict[str, Reason] = {}
    queue = [action]
    while queue:
        each = by_key.get(queue.pop(0))
        if each and each.action not in found:
            found[each.action] = each
            queue += each.evidence
    if not found:
        raise BadInput(f"{action!r} is in the ledger, but it is no action; ask for its delivery.")
    return list(found.values())


def _shown(reason: Reason) -> str:
    lines = [
        f"{reason.action}  {reason.role}: {reason.tool}  ({reason.at})",
        f"  why       {reason.rationale}",
    ]
    if reason.model:
        lines.append(f"  model     {reason.model}")
    if reason.evidence:
        lines.append(f"  evidence  {', '.join(reason.evidence)}")
    if reason.policy:
        lines.append(f"  policy    {reason.policy}")
    if reason.approval:
        lines.append(f"  approval  {reason.approval}")
    if reason.outcome:
        lines.append(f"  {'failed ' if reason.failed else 'outcome'}   {reason.outcome}")
    return "\n".join(lines)


def _asked(question: Question) -> str:
    said = f"{question.answer} ({question.by})" if question.by else "nobody has answered yet"
    return f"{question.id}  {question.kind}: {question.text}\n  answer    {said}"


def _policy(row: Row) -> str:
    policy = row.body.get("policy")
    if not isinstance(policy, dict):
        return "denied by the door, before policy was asked" if row.kind == "denied" else ""
    rules = ", ".join(texts(policy["rules"]))
    said = {"allow": "allowed", "deny": "denied", "ask": "asked for a person"}[str(policy["outcome"])]
    return (
        f"{said}{f' ({rules})' if rules else ''} by {policy['engine']}, policies {str(policy['digest'])[:19]}"
    )


def _what(row: Row) -> str:
    body = row.body
    if row.kind == "intent":
        return f"{body['role']} {body['tool']}"
    if row.kind == "outcome" and body.get("ok") is False:
        return f"failed: {body['summary']}"
    if row.kind == "answered" and "approved" in body:
        return _answer(row).partition(": ")[2]
    for name in ("summary", "reason", "text", "title", "tool", "model"):
        if body.get(name):
            return str(body[name])
    return ""


def _refuse_unknown(delivery: str, ledger: Ledger) -> None:
    if delivery not in ledger.deliveries_with_rows():
        raise BadInput(f"There is no delivery {delivery!r} in this ledger. `crew status` lists deliveries.")
