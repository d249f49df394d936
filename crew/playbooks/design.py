"""The design playbook, which covers criteria in the known sentence forms and reports all others as not covered."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from crew.agents.answers import CriterionOutcome, DesignAnswer
from crew.agents.design import EXISTING_PROJECT
from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script
from tools.counting import counted


def design(brief: Brief) -> Script:
    """Read the criteria and finalize the blueprint that follows from the covered ones."""
    story = str(brief.facts["story_digest"])
    if not brief.by_blueprint:
        yield Conclude(
            _not_mine(brief),
            "Playbooks make services from blueprints; anything else would be a guess.",
            (story,),
        )
        return
    criteria = counted(len(_Criteria.model_validate(brief.story).criteria), "criterion", "criteria")
    read = yield Act(
        "read_criteria",
        {"story": story},
        f"The story {brief.story['id']} has {criteria}. I parse each one with the known sentence forms "
        "before anything is decided; a sentence outside them is named, not guessed at.",
        (story,),
    )
    outcomes = read.read(_Criteria).criteria
    covered = sum(each.outcome == "covered" for each in outcomes)
    if not read.ok or not covered:
        yield Conclude(
            DesignAnswer(summary=f"None of the criteria can be covered. {read.summary}"),
            "No criterion was understood, so there is nothing to settle; a blueprint would be a guess.",
            (read.action,),
        )
        return
    settled = yield Act(
        "settle_blueprint",
        {"proposal": read.artifacts["proposal"]},
        _why_settle(outcomes, covered),
        (read.action,),
    )
    yield Conclude(
        DesignAnswer(summary=settled.summary),
        f"{covered} of {counted(len(outcomes), 'criterion is', 'criteria are')} in the blueprint; the contract follows "
        "from it.",
        (read.action, settled.action),
    )


class _Criterion(BaseModel):
    id: str
    outcome: str = ""


class _Criteria(BaseModel):
    criteria: tuple[_Criterion, ...] = ()


def _not_mine(brief: Brief) -> DesignAnswer:
    listed = _Criteria.model_validate(brief.story).criteria
    outcomes = [CriterionOutcome(id=each.id, outcome="not_covered", why=EXISTING_PROJECT) for each in listed]
    return DesignAnswer(summary=EXISTING_PROJECT, criteria=outcomes)


def _why_settle(outcomes: Sequence[_Criterion], covered: int) -> str:
    left = [each.id for each in outcomes if each.outcome != "covered"]
    said = "1 criterion has one clear reading, so its blueprint can be settled."
    if covered != 1:
        said = f"{covered} criteria have one clear reading each, so their blueprint can be settled."
    if left:
        said += f" I leave out {', '.join(left)}: settling them too would mean guessing at what they ask for."
    return said
