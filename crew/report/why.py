"""Explanations of a delivery or a single action: what was done, why, on what evidence, and who allowed it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from crew.errors import BadInput
from crew.records.deliveries import load_delivery
from crew.records.home_ledger import open_ledger
from crew.records.ledger import Ledger, Row
from crew.records.rows import Answered, Asked, CallBody, Concluded, Denied, Intent, ModelReply, Outcome
from crew.settings.config import OFFLINE
from tools.counting import counted


class Reason(BaseModel, frozen=True):
    """An action with its rationale, evidence, policy decision and outcome."""

    action: str
    role: str
    tool: str
    at: str
    rationale: str
    evidence: tuple[str, ...]
    policy: str
    """"allowed by ..." or "denied by ...", with the engine and the digest of the policies."""
    approval: str
    """Who approved it; "" if no approval was needed."""
    outcome: str
    """Summary of the result; "" if there is none yet."""
    failed: bool = False
    """Whether the tool reported a failure."""
    model: str = ""
    """Model that requested the action; "" for the state machine and the offline model."""


class Question(BaseModel, frozen=True):
    """An agent's question to a person, or an approval request whose action has not followed."""

    id: str
    kind: str
    """"question" or "approval"."""
    text: str
    answer: str = ""
    """The reply; for an approval, "approved" or "rejected" with a reason. "" until somebody replies."""
    by: str = ""


def why_text(home: Path, subject: str) -> str:
    """Return the actions of a delivery in order, or an action and those that its evidence leads to, as text.

    A story's id stands for its latest delivery.
    """
    delivery, reasons, questions = _chain(home, subject)
    parts = [
        f"{subject} of {delivery}"
        if any(each.action == subject for each in reasons)
        else f"{delivery}: {counted(len(reasons), 'action')}, oldest first"
    ]
    parts += [_asked(each) for each in questions]
    parts += [_shown(each) for each in reasons]
    return "\n\n".join(parts)


def why_json(home: Path, subject: str) -> str:
    """Return the actions and questions of `why_text` as JSON."""
    delivery, reasons, questions = _chain(home, subject)
    found = {
        "delivery": delivery,
        "reasons": [each.model_dump() for each in reasons],
        "questions": [each.model_dump() for each in questions],
    }
    return json.dumps(found, indent=2)


def ledger_text(home: Path, delivery: str) -> str:
    """Return the rows of a delivery as one line each, with number, time, kind, key and summary."""
    with open_ledger(home) as ledger:
        _refuse_unknown(delivery, ledger)
        rows = ledger.rows(delivery)
    return "\n".join(f"{row.number:4} {row.at} {row.kind:9} {row.key:24} {_what(row)}" for row in rows)


def ledger_export_lines(home: Path, delivery: str | None) -> Iterator[str]:
    """Yield the rows of one or all deliveries, as they were written and hashed, as one JSON object per line."""
    with open_ledger(home) as ledger:
        for each in [delivery] if delivery else ledger.deliveries():
            _refuse_unknown(each, ledger)
            for row in ledger.stored(each):
                # Non-ASCII characters are escaped, since untrusted text may contain lone surrogates.
                yield json.dumps(row.model_dump(), separators=(",", ":"))


def _chain(home: Path, subject: str) -> tuple[str, list[Reason], list[Question]]:
    """Return the delivery that a subject belongs to, its reasons and, if it is a delivery, its questions."""
    with open_ledger(home) as ledger:
        if delivery := _delivery_of(subject, ledger):
            rows = ledger.rows(delivery)
            return delivery, reasons_of(rows), questions_of(rows)
        holding = ledger.holding(subject)
        if not holding:
            raise BadInput(
                f"No delivery, story or action has the id {subject!r}. `crew status` lists deliveries and stories."
            )
        reasons = reasons_of(ledger.rows(holding[0].delivery))
        return holding[0].delivery, _behind(subject, reasons), []


def _delivery_of(subject: str, ledger: Ledger) -> str | None:
    """Return the delivery with this id, or the latest delivery of the story with this id."""
    known = ledger.deliveries()
    if subject in known:
        return subject
    return next((each for each in reversed(known) if load_delivery(ledger, each).story == subject), None)


def reasons_of(rows: Sequence[Row]) -> list[Reason]:
    """Return the reasons for all actions in the rows of a delivery, in order."""
    outcomes = {row.key: row.body for row in rows if isinstance(row.body, Outcome)}
    answers = {row.key: row.body for row in rows if isinstance(row.body, Answered)}
    models = {_step(row.body): row.body.model for row in rows if isinstance(row.body, ModelReply)}
    return [
        _reason(row, row.body, outcomes.get(row.key), answers, models.get(_step(row.body), ""))
        for row in rows
        if isinstance(row.body, CallBody)
    ]


def questions_of(rows: Sequence[Row]) -> list[Question]:
    """Return the questions and approval requests of a delivery in order, except approvals whose action followed."""
    answers = {row.key: row.body for row in rows if isinstance(row.body, Answered)}
    carried = {row.body.approval for row in rows if isinstance(row.body, Intent)}
    return [
        _question(row.key, row.body, answers.get(row.key))
        for row in rows
        if isinstance(row.body, Asked) and row.key not in carried
    ]


def _question(key: str, asked: Asked, answer: Answered | None) -> Question:
    question = Question(id=key, kind=asked.kind, text=asked.what)
    if answer is None:
        return question
    said = ": ".join(part for part in (answer.verdict, answer.text) if part)
    return question.model_copy(update={"answer": said, "by": answer.by})


def _step(body: CallBody | ModelReply) -> tuple[str, int, int]:
    """Return the role, attempt and step by which a model's reply and the resulting calls are matched."""
    return body.role, body.visit, body.step


def _reason(
    row: Row, call: CallBody, outcome: Outcome | None, answers: Mapping[str, Answered], model: str
) -> Reason:
    result = outcome.summary if outcome else ""
    if isinstance(call, Denied):
        result = "Not done. " + " ".join(call.reasons)
    approval = call.approval if isinstance(call, Intent) else ""
    return Reason(
        action=row.key,
        role=call.role,
        tool="answer" if isinstance(call, Concluded) else call.tool,
        at=row.at,
        rationale=call.rationale,
        evidence=call.evidence,
        policy=_policy(call),
        approval=f"{approval}: {_verdict(answers[approval])}" if approval in answers else "",
        outcome=result,
        failed=outcome is not None and not outcome.ok,
        model="" if model == OFFLINE else model,
    )


def _verdict(answer: Answered) -> str:
    said = f"{answer.verdict} by {answer.by}"
    return f"{said}: {answer.text}" if answer.text else said


def _behind(action: str, reasons: list[Reason]) -> list[Reason]:
    """Return an action, followed by all actions that its evidence leads to, nearest first."""
    by_key = {each.action: each for each in reasons}
    found: dict[str, Reason] = {}
    queue = [action]
    while queue:
        each = by_key.get(queue.pop(0))
        if each and each.action not in found:
            found[each.action] = each
            queue += each.evidence
    if not found:
        raise BadInput(f"{action!r} is in the ledger, but is not an action; pass the id of its delivery.")
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


def _policy(call: CallBody) -> str:
    policy = call.policy if isinstance(call, Intent | Denied) else None
    if policy is None:
        return "denied by the door, before policy was asked" if isinstance(call, Denied) else ""
    rules = ", ".join(policy.rules)
    said = {"allow": "allowed", "deny": "denied", "ask": "referred to a person"}[policy.outcome]
    return f"{said}{f' ({rules})' if rules else ''} by {policy.engine}, policies {policy.digest[:19]}"


def _what(row: Row) -> str:
    body = row.body
    if isinstance(body, Intent):
        return f"{body.role} {body.tool}"
    if isinstance(body, Outcome) and not body.ok:
        return f"failed: {body.summary}"
    if isinstance(body, Answered) and body.verdict:
        return _verdict(body)
    names = ("summary", "reason", "text", "title", "tool", "model")
    return next((str(value) for name in names if (value := getattr(body, name, ""))), "")


def _refuse_unknown(delivery: str, ledger: Ledger) -> None:
    if delivery not in ledger.deliveries_with_rows():
        raise BadInput(f"This ledger has no delivery {delivery!r}. `crew status` lists deliveries.")
