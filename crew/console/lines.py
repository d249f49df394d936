"""A ledger row as a line for a person: who, what, why."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from crew.records.ledger import Row

Tone = Literal["plain", "denied", "failed", "asked"]


class Line(BaseModel):
    """What is printed of a row."""

    model_config = ConfigDict(frozen=True)

    who: str
    what: str
    why: str = ""
    tone: Tone = "plain"


def line_of(row: Row) -> Line | None:
    """Return the line of a row, or None for one that says nothing new to a person."""
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
        return Line(who="crew", what=f"A person has to decide: {row.key}", tone="asked")
    if row.kind == "answered":
        # An approval is given or not; a question is answered in words.
        said = ("approved" if body["approved"] else "rejected") if "approved" in body else ""
        return Line(who=str(body["by"]), what=f"{row.key}: {said or body['text']}")
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
    """Return the line of what happens between the crew and a model, where it is out of the ordinary."""
    body = row.body
    if row.kind == "fault":
        waits = body.get("waits_seconds")
        again = f" Asked again in {waits:g} s." if isinstance(waits, int | float) else ""
        return Line(who=str(body["role"]), what=f"{body['text']}{again}", tone="failed")
    if row.kind == "fallback":
        return Line(who="crew", what=str(body["text"]), tone="failed")
    if body.get("again"):
        return Line(who=str(body["role"]), what="The model call that was on its way is made again.")
    return None
