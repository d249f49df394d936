"""The design agent: from acceptance criteria to a blueprint and its contract."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crew.agents.role import Answer, Role
from crew.state import DeliveryState


class CriterionOutcome(BaseModel):
    """What became of one criterion in the design."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    outcome: Literal["covered", "not_covered"]
    why: str = ""
    """Why it is not covered; "" for a covered one."""
    readings: list[str] = []
    """How it was understood, in plain language; two or more when it can be understood in several ways."""
    operations: list[str] = []
    """Operations that cover it, such as "POST /orders"."""


class Question(BaseModel):
    """Something that matters, that the story does not say, and that only a person knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str


class DesignAnswer(Answer):
    """The design that was settled."""

    blueprint: str = Field(default="", description="Digest of the blueprint that settle_blueprint stored.")
    contract: str = Field(default="", description="Digest of the contract that settle_blueprint stored.")
    criteria: list[CriterionOutcome]
    changes: list[str] = Field(default=[], description="What changes in the contract, a sentence each.")
    breaking: bool = Field(default=False, description="Whether a client of the old contract could break.")
    questions: list[Question] = Field(default=[], description="Ask only what would change the design.")


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    return {
        "story_digest": state["story_digest"],
        "new_service": not state.get("base"),
        "replies": state.get("replies", {}),
    }


ROLE = Role(
    name="design",
    purpose="Settles what the service is: entities, operations and rules, and the contract that follows.",
    tools=("read_criteria", "settle_blueprint", "list_files", "search_files", "read_file"),
    answer=DesignAnswer,
    facts=_facts,
)
