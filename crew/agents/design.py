"""The design agent: from acceptance criteria to a blueprint and its contract."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crew.agents.role import Answer, Role
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of


class CriterionOutcome(BaseModel):
    """What becomes of one criterion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    outcome: Literal["covered", "not_covered"]
    why: str = ""


class Question(BaseModel):
    """Something that matters and only a person knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str
    assumption: str = Field(default="", description="What holds if nobody answers.")


class DesignAnswer(Answer):
    """The design, as far as no tool result says it."""

    criteria: list[CriterionOutcome] = Field(default=[], description="Without a blueprint: all of them.")
    plan: str = Field(default="", description="Without a blueprint: what to change where.")
    questions: list[Question] = Field(default=[], description="Only what would change the design.")
    assumptions: list[str] = Field(
        default=[], description="What the story does not say and the design takes for given."
    )
    sketch: str = Field(default="", description="Architecture as a Mermaid graph of few nodes.")


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {
        "story_digest": state["story_digest"],
        "ask": bool(state.get("ask")),
        "replies": state.get("replies", {}),
    }


ROLE = Role(
    name="design",
    purpose="Settles what the service is: entities, operations and rules, and the contract that follows.",
    tools=tools_of("design", last=("read_file",)),
    answer=DesignAnswer,
    facts=_facts,
    by_blueprint=("read_criteria", "settle_blueprint"),
    by_hand=("list_files", "search_files", "read_file"),
)
