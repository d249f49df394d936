"""The form of a playbook: a generator that yields its next action and is sent the result.

    def playbook(brief: Brief) -> Script:
        seen = yield Act("read_criteria", {...}, "why", (brief.evidence["story"],))
        yield Conclude(Answer(summary="..."), "why", (seen.action,))

The offline model runs it from the start on every request and sends it the results found in the messages,
so its decisions must depend only on the brief and on those results."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from crew.agents.answers import Answer, Finding
from crew.brief import Brief
from crew.records.rows import Arguments
from tools.result import ToolResult

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Act:
    """Call a tool, with a rationale and the evidence for it."""

    tool: str
    arguments: Arguments
    rationale: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Conclude:
    """Finish with the role's answer, and the reasons for it."""

    answer: Answer
    rationale: str
    evidence: tuple[str, ...] = field(default=())


class Seen(ToolResult, frozen=True):
    """The result of an action, as read from its tool message."""

    action: str
    """Id of the action."""

    def read(self, form: type[M]) -> M:
        """Return the result's data parsed as the given model, without members that the model does not have."""
        return form.model_validate(self.data)


Script = Generator[Act | Conclude, Seen, None]
Playbook = Callable[[Brief], Script]


def blocking(what: str) -> Finding:
    """Return a finding that blocks the merge."""
    return Finding(severity="blocking", what=what)
