"""What a pull request says: what was wanted, what was done, and who objects to what."""

from __future__ import annotations

from pydantic import JsonValue

from crew.evidence.criteria import CriterionReport
from crew.reading import records, texts
from crew.state import DeliveryState


def description(state: DeliveryState, criteria: tuple[CriterionReport, ...], tests: str) -> str:
    """Return the description as Markdown; `tests` is what the tools said of them."""
    design = _answer(state, "design")
    parts = [state["story"]["story"], "## Criteria", *(_criterion(state, each) for each in criteria)]
    if assumptions := texts(design.get("assumptions")):
        parts += ["## Assumptions", *(f"- {each}" for each in assumptions)]
    if sketch := str(design.get("sketch") or "").strip():
        parts += ["## Architecture", f"```mermaid\n{_unfenced(sketch)}\n```"]
    if design.get("blueprint"):
        changes = [f"- {each}" for each in texts(design.get("changes"))]
        parts += ["## Contract", *(changes or ["It stays as it is."])]
    parts += ["## Tests", tests]
    return "\n\n".join(part for part in parts if part)


def comments(state: DeliveryState) -> list[tuple[str, str]]:
    """Return role and text of what each agent that judged the change says of it."""
    said = []
    for role in ("code", "testing", "governance"):
        answer = _answer(state, role)
        if not answer:
            continue
        lines = [str(answer["summary"]), *(f"- {finding(each)}" for each in records(answer.get("findings")))]
        said.append((role, "\n".join(lines)))
    return said


def finding(record: dict[str, JsonValue]) -> str:
    """Return a finding as one line: severity, place, what."""
    place = str(record.get("file") or "")
    if place and record.get("line"):
        place += f":{record['line']}"
    return f"{record['severity']}: {place + ': ' if place else ''}{record['what']}"


def blocking(state: DeliveryState, role: str) -> list[str]:
    """Return a role's blocking findings, a line each."""
    found = records(_answer(state, role).get("findings"))
    return [finding(each).removeprefix("blocking: ") for each in found if each["severity"] == "blocking"]


def _criterion(state: DeliveryState, criterion: CriterionReport) -> str:
    said = f"- **{criterion.id}** {criterion.text}"
    if criterion.understood:
        said += "".join(f"\n  read as: {each}" for each in criterion.readings)
    if not criterion.covered:
        return f"{said}\n  not covered: {criterion.why}"
    other = "the data model" if state.get("generated", True) else "the change"
    said += f"\n  covered by {', '.join(criterion.operations) or other}"
    return f"{said}\n  tested by {criterion.tested_by}" if criterion.tests else said


def _unfenced(sketch: str) -> str:
    """Return a sketch without the fence that a model may have put around it; nothing in it ends ours."""
    lines = [line for line in sketch.splitlines() if not line.strip().startswith("```")]
    return "\n".join(lines).replace("```", "")


def _answer(state: DeliveryState, role: str) -> dict[str, JsonValue]:
    answer = state.get("answers", {}).get(role)
    return answer if isinstance(answer, dict) else {}
