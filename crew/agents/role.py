"""What a role is: its purpose, the tools it may call, what it is told and the form of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crew.state import DeliveryState, RoleName
from tools.result import ToolResult


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


Floor = Callable[[Mapping[str, ToolResult], Answer], str]
"""The last result of each tool in this visit, and the answer, to what the rules object to; "" for nothing."""


def objects(answer: Answer) -> bool:
    """Whether an answer holds a blocking finding."""
    findings: list[Finding] = getattr(answer, "findings", [])
    return any(each.severity == "blocking" for each in findings)


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
    floor: Floor = lambda done, answer: ""
    """The rules that an answer cannot go below: it may be more careful than they are, never less."""
    by_hand: tuple[str, ...] = ()
    """Tools among `tools` that are offered only where files are written by hand: custom operations, repairs, and
    repositories that people made."""
    by_blueprint: tuple[str, ...] = ()
    """Tools among `tools` that are offered only where the repository is of the crew's own making."""
    prompt: str = ""
    """Name of its prompt; "" means that of the role. Another one is another task of the same agent."""
    most_steps: int = 40
    """Model calls in one visit; more is an honest ending."""

    def offered(self, by_hand: bool, by_blueprint: bool) -> tuple[str, ...]:
        """Return the tools that a model is told of: each costs its schema with every request."""
        left_out = {*(() if by_hand else self.by_hand), *(() if by_blueprint else self.by_blueprint)}
        return tuple(each for each in self.tools if each not in left_out)

    @property
    def edits(self) -> bool:
        """Whether it can change files of the workspace."""
        return not {"write_file", "write_examples"}.isdisjoint(self.tools)
