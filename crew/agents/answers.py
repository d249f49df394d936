"""The models of the answers that roles submit with a tool call, and that reports show.

A delivery's state stores answers as JSON, which `answer_of` and `design_of` parse."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

import tools.result
from crew.state import DeliveryState


class Answer(BaseModel):
    """How every role ends its work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str = Field(description="One or two plain sentences for the pull request and the report.")


class Finding(tools.result.Finding, frozen=True):
    """Something an agent objects to."""

    @property
    def text(self) -> str:
        """The place and the objection, in one line."""
        place = (
            f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        )
        return f"{place}{self.what}"


class Review(Answer):
    """An answer with findings."""

    findings: list[Finding] = Field(default=[])

    @property
    def blocking(self) -> list[Finding]:
        """The findings that block a merge."""
        return [each for each in self.findings if each.severity == "blocking"]


class CriterionOutcome(BaseModel):
    """How one criterion is handled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    outcome: Literal["covered", "not_covered"]
    why: str = ""


class Question(BaseModel):
    """Something that matters and only a person knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str
    assumption: str = Field(default="", description="What to assume if nobody answers.")


class DesignAnswer(Answer):
    """The parts of the design that no tool result contains."""

    criteria: list[CriterionOutcome] = Field(default=[], description="Without a blueprint: all of them.")
    plan: str = Field(default="", description="Without a blueprint: what to change where.")
    questions: list[Question] = Field(default=[], description="Only what would change the design.")
    assumptions: list[str] = Field(
        default=[], description="What the story does not say and the design takes for granted."
    )
    sketch: str = Field(default="", description="Architecture as a Mermaid graph with few nodes.")


class DesignedCriterion(CriterionOutcome):
    """How one criterion is handled, and how a tool read it, if one did."""

    readings: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    @property
    def covered(self) -> bool:
        """Whether the design covers it."""
        return self.outcome == "covered"


class Design(DesignAnswer):
    """The design agent's answer together with what the tools have on record of it."""

    model_config = ConfigDict(extra="ignore")

    summary: str = ""
    criteria: list[DesignedCriterion] = []  # type: ignore[assignment]
    blueprint: str = ""
    """Digest of the blueprint; "" for none."""
    contract: str = ""
    """Digest of the contract; "" for none."""
    changes: list[str] = []
    breaking: bool = False
    custom: list[str] = []
    """Names of the operations that somebody has to write."""


class _AnyFinding(Finding, frozen=True):
    model_config = ConfigDict(extra="ignore")


class AnyAnswer(Review):
    """What the answers of all roles have in common, and the results of tools that find something."""

    model_config = ConfigDict(extra="ignore")

    summary: str = ""
    findings: list[_AnyFinding] = []  # type: ignore[assignment]


def answer_of(state: DeliveryState, role: str) -> Review | None:
    """Return the summary and findings of a role's last answer, or None if it has not answered yet."""
    answers = state.get("answers", {})
    return AnyAnswer.model_validate(answers[role]) if role in answers else None


def design_of(state: DeliveryState) -> Design:
    """Return the design, which is empty until the design agent has answered."""
    return Design.model_validate(state.get("answers", {}).get("design", {}))
