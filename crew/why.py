"""The reasons of a delivery, or of one action: what was done, why, on what evidence, and who allowed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from crew.errors import BadInput
from crew.ledger import Ledger, Row


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


def why_text(home: Path, subject: str) -> str:
    """Return the chain as text: of a delivery all actions in order, of an action it and what it rests on."""
    delivery, reasons = _chain(home, subject)
    parts = [
        f"{delivery}: {len(reasons)} actions, oldest first"
        if subject == delivery
        else f"{subject} of {delivery}"
    ]
    parts += [_shown(each) for each in reasons]
    return "\n\n".join(parts)


def why_json(home: Path, subject: str) -> str:
    """Return the chain as JSON."""
    delivery, reasons = _chain(home, subject)
    return json.dumps({"delivery": delivery, "reasons": [each.model_dump() for each in reasons]}, indent=2)


def ledger_text(home: Path, delivery: str) -> str:
    """Return the rows of a delivery, a line each: number, time, kind, key, what."""
    with closing(Ledger(home / "ledger.db")) as ledger:
        rows = _known(ledger, delivery)
    return "\n".join(f"{row.number:4} {row.at} {row.kind:9} {row.key:24} {_what(row)}" for row in rows)


def ledger_export_lines(home: Path, delivery: str | None) -> Iterator[str]:
    """Yield the rows of a delivery, or of all, each as one JSON object."""
    with closing(Ledger(home / "ledger.db")) as ledger:
        for each in [delivery] if delivery else ledger.deliveries():
            for row in _known(ledger, each):
                # Escaped: a text of others may hold what is no Unicode.
                yield json.dumps(row.model_dump(), separators=(",", ":"))


def _chain(home: Path, subject: str) -> tuple[str, list[Reason]]:
    with closing(Ledger(home / "ledger.db")) as ledger:
        if subject in ledger.deliveries():
            reasons = reasons_of(ledger.rows(subject))
            return subject, reasons
        holding = ledger.holding(subject)
        if not holding:
            raise BadInput(f"There is no delivery and no action {subject!r}. `crew status` lists deliveries.")
        reasons = reasons_of(ledger.rows(holding[0].delivery))
        return holding[0].delivery, _behind(subject, reasons)


def reasons_of(rows: list[Row]) -> list[Reason]:
    """Return the actions of a delivery with their reasons, in order."""
    outcomes = {row.key: row for row in rows if row.kind == "outcome"}
    answers = {row.key: row for row in rows if row.kind == "answered"}
    found = []
    for row in rows:
        if row.kind in ("intent", "denied", "concluded"):
            found.append(_reason(row, outcomes.get(row.key), answers.get(str(row.body.get("approval", "")))))
    return found


def _reason(row: Row, outcome: Row | None, answer: Row | None) -> Reason:
    body = row.body
    said = str(outcome.body["summary"]) if outcome else ""
    if row.kind == "denied":
        said = "Not done. " + " ".join(_texts(body["reasons"]))
    return Reason(
        action=row.key,
        role=str(body["role"]),
        tool="answer" if row.kind == "concluded" else str(body["tool"]),
        at=row.at,
        rationale=str(body["rationale"]),
        evidence=tuple(_texts(body["evidence"])),
        policy=_policy(row),
        approval=f"{answer.key}: {'approved' if answer.body['approved'] else 'rejected'} by {answer.body['by']}"
        if answer
        else "",
        outcome=said,
    )


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
    if reason.evidence:
        lines.append(f"  evidence  {', '.join(reason.evidence)}")
    if reason.policy:
        lines.append(f"  policy    {reason.policy}")
    if reason.approval:
        lines.append(f"  approval  {reason.approval}")
    if reason.outcome:
        lines.append(f"  outcome   {reason.outcome}")
    return "\n".join(lines)


def _policy(row: Row) -> str:
    policy = row.body.get("policy")
    if not isinstance(policy, dict):
        return "denied by the door, before policy was asked" if row.kind == "denied" else ""
    rules = ", ".join(_texts(policy["rules"]))
    said = {"allow": "allowed", "deny": "denied", "ask": "asked for a person"}[str(policy["outcome"])]
    return (
        f"{said}{f' ({rules})' if rules else ''} by {policy['engine']}, policies {str(policy['digest'])[:19]}"
    )


def _what(row: Row) -> str:
    body = row.body
    if row.kind == "intent":
        return f"{body['role']} {body['tool']}"
    for name in ("summary", "reason", "text", "title", "tool", "model"):
        if body.get(name):
            return str(body[name])
    return ""


def _known(ledger: Ledger, delivery: str) -> list[Row]:
    rows = ledger.rows(delivery)
    if not rows:
        raise BadInput(f"There is no delivery {delivery!r} in this ledger. `crew status` lists deliveries.")
    return rows


def _texts(value: JsonValue) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
