"""A ledger row as one line of console output: who, what, why."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from crew.records.ledger import Row

Tone = Literal["plain", "denied", "failed", "asked"]


class Line(BaseModel):
    """The printed parts of a row."""

    model_config = ConfigDict(frozen=True)

    who: str
    what: str
    why: str = ""
    tone: Tone = "plain"


def line_of(row: Row) -> Line | None:
    """Return the line for a row, or None for a row that tells the reader nothing new."""
    body = row.body
    if row.kind == "opened":
        return Line(who="crew", what=f"{body['story']} {body['title']}: delivery {row.delivery}")
    if row.kind == "intent":
        why = str(body["rationale"])
        return Line(who=str(body["role"]), what=str(body["tool"]), why=why)
    if row.kind == "outcome":
        return Line(
            who=str(body["role"]), what=str(body["summary"]), tone="plain" if body["ok"] else "failed"
        )
    if row.kind == "denied":
        reasons = body["reasons"] if isinstance(body["reasons"], list) else []
        what = f"{body['tool']} was denied: {' '.join(str(each) for each in reasons)}"
        return Line(who=str(body["role"]), what=what, tone="denied")
    if row.kind == "asked":
        return Line(who="crew", what=f"Waiting for a person to decide: {row.key}", tone="asked")
    if row.kind == "answered":
        # Approvals have a verdict, questions a text.
        verdict = ("approved" if body["approved"] else "rejected") if "approved" in body else ""
        return Line(who=str(body["by"]), what=f"{row.key}: {verdict or body['text']}")
    if row.kind == "concluded":
        arguments = body["arguments"] if isinstance(body["arguments"], dict) else {}
        return Line(who=str(body["role"]), what=str(arguments.get("summary", "")), why="")
    if row.kind in ("calling", "fault", "fallback"):
        return _of_model(row)
    if row.kind == "note":
        return Line(who=str(body["node"]), what=str(body["text"]))
    if row.kind == "closed":
        return Line(who="crew", what=f"{row.delivery}: {body['status']}. {body['reason']}".rstrip())
    return None


def _of_model(row: Row) -> Line | None:
    """Return the line for an unusual event in the exchange with a model."""
    body = row.body
    if row.kind == "fault":
        waits = body.get("waits_seconds")
        again = f" Retrying in {waits:g} s." if isinstance(waits, int | float) else ""
        return Line(who=str(body["role"]), what=f"{body['text']}{again}", tone="failed")
    if row.kind == "fallback":
        return Line(who="crew", what=str(body["text"]), tone="failed")
    if body.get("again"):
        return Line(who=str(body["role"]), what="The interrupted model call is repeated.")
    return None
