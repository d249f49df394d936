"""What a role is: its purpose, the tools it may call, what it is told and the form of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from crew.agents.answers import Answer
from crew.state import DeliveryState, RoleName

Facts = dict[str, JsonValue]
"""What the brief of one role says besides the story: members that only this role gets."""


@dataclass(frozen=True)
class Role:
    """One agent."""

    name: RoleName
    purpose: str
    """One sentence, in the present tense."""
    tools: tuple[str, ...]
    answer: type[Answer]
    facts: Callable[[DeliveryState], Facts]
    """What its brief says besides the story: only what the role needs."""
    check: Callable[..., str] = lambda results, answer: ""
    """Checks an answer: from the last result of each tool in this attempt, and the answer, to what the rules object to,
    "" for nothing. An answer may be more careful than the rules are, never less."""
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
