"""How a playbook is written: a generator that yields what it does next and is sent what came of it.

    def playbook(brief: Brief) -> Script:
        seen = yield Act("read_criteria", {...}, "why", (brief.evidence["story"],))
        yield Conclude({...}, "why", (seen.action,))

The offline model runs it from the start on every request and sends it the results that the messages hold,
so it must decide on the brief and on those results alone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, JsonValue

from crew.brief import Brief
from crew.reading import records, texts


@dataclass(frozen=True)
class Act:
    """Call a tool."""

    tool: str
    arguments: dict[str, JsonValue]
    rationale: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Conclude:
    """Give the role's answer."""

    answer: dict[str, JsonValue]
    rationale: str
    evidence: tuple[str, ...] = field(default=())


class Seen(BaseModel):
    """What came of an action, as its tool message says it."""

    model_config = ConfigDict(frozen=True)

    action: str
    """Id of the action."""
    ok: bool
    code: str
    summary: str
    data: dict[str, JsonValue] = {}
    artifacts: dict[str, str] = {}

    def texts(self, name: str) -> list[str]:
        """Return a list of strings from the data; [] if it is not there."""
        return texts(self.data.get(name))

    def records(self, name: str) -> list[dict[str, JsonValue]]:
        """Return a list of objects from the data; [] if it is not there."""
        return records(self.data.get(name))

    def text(self, name: str) -> str:
        """Return a string from the data; "" if it is not there."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """Return a whole number from the data; 0 if it is not there."""
        value = self.data.get(name)
        return value if isinstance(value, int) else 0


Script = Generator[Act | Conclude, Seen, None]
Playbook = Callable[[Brief], Script]
