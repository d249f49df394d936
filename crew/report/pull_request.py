"""The description of a pull request and the agents' comments on it."""

from __future__ import annotations

from crew.agents.answers import answer_of, design_of
from crew.evidence.criteria import CriterionReport
from crew.state import DeliveryState


def description(state: DeliveryState, criteria: tuple[CriterionReport, ...], tests: str) -> str:
    """Return the pull request's description as Markdown; `tests` is the tools' summary of the test results."""
    design = design_of(state)
    parts = [state["story"]["story"], "## Criteria", *(_criterion(state, each) for each in criteria)]
    if design.assumptions:
        parts += ["## Assumptions", *(f"- {each}" for each in design.assumptions)]
    if sketch := design.sketch.strip():
        parts += ["## Architecture", f"```mermaid\n{_unfenced(sketch)}\n```"]
    if design.blueprint:
        parts += ["## Contract", *([f"- {each}" for each in design.changes] or ["It stays as it is."])]
    parts += ["## Tests", tests]
    return "\n\n".join(part for part in parts if part)


def comments(state: DeliveryState) -> list[tuple[str, str]]:
    """Return the role and comment of each agent that wrote or judged the change."""
    return [
        (role, "\n".join([answer.summary, *(f"- {each.severity}: {each.text}" for each in answer.findings)]))
        for role in ("code", "testing", "governance")
        if (answer := answer_of(state, role))
    ]


def blocking(state: DeliveryState, role: str) -> list[str]:
    """Return a role's blocking findings as one line of text each."""
    answer = answer_of(state, role)
    return [each.text for each in answer.blocking] if answer else []


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
    """Return a sketch with its code fences removed, so that it cannot close the fence that surrounds it."""
    lines = [line for line in sketch.splitlines() if not line.strip().startswith("```")]
    return "\n".join(lines).replace("```", "")
