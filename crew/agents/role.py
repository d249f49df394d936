"""The definition of a role: its purpose, its tools, the facts it is given and the form of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from crew.agents.answers import Answer
from crew.state import DeliveryState, RoleName

Facts = dict[str, JsonValue]
"""The part of a brief that is specific to one role, as a JSON object."""


@dataclass(frozen=True)
class Role:
    """The static definition of an agent: its prompt, tools, answer and limits."""

    name: RoleName
    purpose: str
    """What the role does, as one sentence in the present tense."""
    tools: tuple[str, ...]
    answer: type[Answer]
    facts: Callable[[DeliveryState], Facts]
    """Function that returns the facts that the role needs in its brief besides the story."""
    check: Callable[..., str] = lambda results, answer: ""
    """Function that checks an answer against the last result of each tool in the attempt; returns an objection or "".

    An answer may be stricter than the check requires, but not more lenient."""
    by_hand: tuple[str, ...] = ()
    """The subset of `tools` offered only if files are written by hand: for custom operations, repairs and existing
    projects."""
    by_blueprint: tuple[str, ...] = ()
    """The subset of `tools` offered only for generated projects."""
    prompt: str = ""
    """Name of the prompt; "" for the one named after the role. An agent's second task has a prompt of its own."""
    most_steps: int = 40
    """Maximum number of model calls in one attempt, after which the attempt ends without an answer."""

    def offered(self, by_hand: bool, by_blueprint: bool) -> tuple[str, ...]:
        """Return the tools to offer to the model; each one adds its schema to every request."""
        left_out = {*(() if by_hand else self.by_hand), *(() if by_blueprint else self.by_blueprint)}
        return tuple(each for each in self.tools if each not in left_out)

    @property
    def edits(self) -> bool:
        """Whether the role can change files in the workspace."""
        return not {"write_file", "write_examples"}.isdisjoint(self.tools)
