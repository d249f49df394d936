"""What a role is: its purpose, the tools it may call, what it is told and the form of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crew.state import DeliveryState, RoleName


class Answer(BaseModel):
    """How every role ends its work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str = Field(description="One or two plain sentences for the pull request and the report.")


class Finding(BaseModel):
    """Something an agent objects to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Literal["note", "warning", "blocking"]
    what: str
    """One sentence: what is wrong, and what mends it."""
    file: str = ""
    line: int = 0
    """From 1; 0 means the whole file, or no file."""


@dataclass(frozen=True)
class Role:
    """One agent."""

    name: RoleName
    purpose: str
    """One sentence, in the present tense."""
    tools: tuple[str, ...]
    answer: type[Answer]
    facts: Callable[[DeliveryState], dict[str, JsonValue]]
    """What its brief says besides the story: only what the role needs."""
    most_steps: int = 40
    """Model calls in one visit; more is an honest ending."""

    @property
    def edits(self) -> bool:
        """Whether it can change files of the workspace."""
        return "write_file" in self.tools
