"""The design expert: what the sentence forms say is settled, everything else is named as not covered."""

from __future__ import annotations

from pydantic import JsonValue

from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script
from tools.counting import counted


def design(brief: Brief) -> Script:
    """Read the criteria and settle the blueprint that the covered ones make."""
    story = str(brief.facts["story_digest"])
    if not brief.by_blueprint:
        yield Conclude(
            _not_mine(brief),
            "Playbooks make services from blueprints; anything else would be a guess.",
            (story,),
        )
        return
    read = yield Act(
        "read_criteria",
        {"story": story},
        f"The story {brief.story['id']} has {_count(brief)}. I read each in the known sentence forms "
        "before anything is decided; a sentence outside them is named, not guessed at.",
        (story,),
    )
    outcomes = read.records("criteria")
    covered = sum(each["outcome"] == "covered" for each in outcomes)
    if not read.ok or not covered:
        yield Conclude(
            {"summary": f"None of the criteria can be covered. {read.summary}"},
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
        {"summary": settled.summary},
        f"{covered} of {counted(len(outcomes), 'criterion is', 'criteria are')} in the blueprint; the contract follows "
        "from it.",
        (read.action, settled.action),
    )


def _not_mine(brief: Brief) -> dict[str, JsonValue]:
    why = "People made this repository, and only a language model can change it: crew run ... --model openai:NAME."
    criteria = brief.story["criteria"]
    listed = [each for each in criteria if isinstance(each, dict)] if isinstance(criteria, list) else []
    return {
        "summary": why,
        "criteria": [{"id": each["id"], "outcome": "not_covered", "why": why} for each in listed],
    }


def _count(brief: Brief) -> str:
    criteria = brief.story["criteria"]
    return counted(len(criteria) if isinstance(criteria, list) else 0, "criterion", "criteria")


def _why_settle(outcomes: list[dict[str, JsonValue]], covered: int) -> str:
    left = [str(each["id"]) for each in outcomes if each["outcome"] != "covered"]
    said = "1 criterion has one clear reading, so its blueprint can be settled."
    if covered != 1:
        said = f"{covered} criteria have one clear reading each, so their blueprint can be settled."
    if left:
        said += f" I leave out {', '.join(left)}: settling them too would mean guessing at what they ask for."
    return said
