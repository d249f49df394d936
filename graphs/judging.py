"""The graph node that collects the objections of judges and linters to a commit and decides on a repair."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from crew.delivery_context import DeliveryContext
from crew.report.pull_request import blocking
from crew.state import DeliveryState, Ending, RoleName, merged
from graphs.own_calls import LINT, crew
from tools.counting import counted

JUDGES: tuple[RoleName, ...] = ("testing", "governance")
"""Roles that judge a commit, in parallel."""
OBJECTORS = (*JUDGES, "linters")
"""Names in `answers` whose blocking findings require the code agent to repair the commit."""
MOST_PROBLEMS = 20
"""Maximum number of linter problems that are reported to the code agent at once."""


def judge(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Run the linters on the commit; if there are objections, request a repair or end the delivery."""
    problems = [state["problems"][name] for name in JUDGES if name in state.get("problems", {})]
    update = {} if problems else _lint(context, state)
    judged = cast(DeliveryState, {**state, "answers": merged(state.get("answers"), update.get("answers"))})
    objections = problems + objections_of(judged)
    if not objections:
        return update
    repairs = state.get("repairs", 0)
    if problems or repairs >= context.most_repairs:
        tried = f" The code agent was sent back {counted(repairs, 'time')}." if repairs else ""
        return {**update, "ending": Ending(status="stopped", reason=" ".join(objections) + tried)}
    return {**update, "repairs": repairs + 1}


def objections_of(state: DeliveryState) -> list[str]:
    """Return the blocking findings about the commit as one line of text each."""
    return [each for name in OBJECTORS for each in blocking(state, name)]


def _lint(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    tree = state["tree"]
    why = (
        f"The tree {tree[:12]} was tested and scanned. The repository's own CI also checks its formatting, lint rules "
        "and types, and a change that fails there must not be merged here."
    )
    _, result = crew(context, state, LINT, "lint_tree", {"tree": tree}, why, (state["evidence"]["commit"],))
    problems = cast(list[dict[str, JsonValue]], result.data.get("problems", []))
    findings: list[JsonValue] = [{"severity": "blocking", **each} for each in problems[:MOST_PROBLEMS]]
    if not result.ok:
        findings = [{"severity": "blocking", "what": result.summary}]
    if not findings and "linters" not in state["answers"]:
        return {}
    return {"answers": {"linters": {"summary": result.summary, "findings": findings}}}
