"""The lines of console output for ledger rows, which say who did what, and why."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from crew.records.ledger import Row
from crew.records.rows import (
    Answered,
    Asked,
    Calling,
    Closed,
    Concluded,
    Denied,
    Fallback,
    Intent,
    ModelBody,
    ModelFault,
    Note,
    Opening,
    Outcome,
)

Tone = Literal["plain", "denied", "failed", "asked"]


class Line(BaseModel, frozen=True):
    """The parts of a line of console output."""

    who: str
    what: str
    why: str = ""
    tone: Tone = "plain"


def line_of(row: Row) -> Line | None:
    """Return the line for a row, or None for a row that tells the reader nothing new."""
    match row.body:
        case Opening() as body:
            return Line(who="crew", what=f"{body.story} {body.title}: delivery {row.delivery}")
        case Intent() as body:
            return Line(who=body.role, what=body.tool, why=body.rationale)
        case Outcome() as body:
            return Line(who=body.role, what=body.summary, tone="plain" if body.ok else "failed")
        case Denied() as body:
            what = f"{body.tool} was denied: {' '.join(body.reasons)}"
            return Line(who=body.role, what=what, tone="denied")
        case Asked():
            return Line(who="crew", what=f"Waiting for a person to decide: {row.key}", tone="asked")
        case Answered() as body:
            return Line(who=body.by, what=f"{row.key}: {body.verdict or body.text}")
        case Concluded() as body:
            return Line(who=body.role, what=str(body.arguments.get("summary", "")))
        case Note() as body:
            return Line(who=body.node, what=body.text)
        case Closed() as body:
            return Line(who="crew", what=f"{row.delivery}: {body.status}. {body.reason}".rstrip())
        case ModelBody() | Fallback() as body:
            return _of_model(body)
    return None


def _of_model(body: ModelBody | Fallback) -> Line | None:
    """Return the line for a fault, a fallback or a repeated request, or None for ordinary model calls."""
    match body:
        case ModelFault():
            again = "" if body.waits_seconds is None else f" Retrying in {body.waits_seconds:g} s."
            return Line(who=body.role, what=f"{body.text}{again}", tone="failed")
        case Fallback():
            return Line(who="crew", what=body.text, tone="failed")
        case Calling(again=True):
            return Line(who=body.role, what="The interrupted model call is being repeated.")
    return None
