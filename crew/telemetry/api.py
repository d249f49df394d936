"""The spans of a delivery: its steps, the roles' visits, model calls and tool calls.

Off unless `[telemetry] otlp` names a collector; while off, OpenTelemetry is not imported. On, the spans
carry the `gen_ai.*` names of its semantic conventions, never content unless asked for, and a collector that is
slow or dead costs a delivery nothing: spans wait in a bounded queue and are dropped when it is full.

    delivery                      invoke_workflow
    └── step of the graph
        └── visit of a role       invoke_agent
            ├── model call        chat
            └── tool call         execute_tool
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack

if TYPE_CHECKING:
    from pydantic import JsonValue

    from tools.redaction import Redactor


class Facts(TypedDict, total=False):
    """Attributes of a span that become known while it is open."""

    response_model: str
    """The model that answered, as the server names it."""
    input_tokens: int
    output_tokens: int
    finish_reasons: Sequence[str]
    action: str
    """Id of the action in the ledger."""
    outcome: str
    """The outcome, in a word: "done", "denied", "refused", "delivered", ..."""
    input_messages: JsonValue
    """Content: dropped unless enabled, like the next three."""
    output_messages: JsonValue
    arguments: JsonValue
    result: JsonValue


class Span(Protocol):
    """An open span."""

    def set(self, **facts: Unpack[Facts]) -> None:
        """Set attributes; a later value wins. Never raises."""


class _NoSpan:
    def set(self, **facts: Unpack[Facts]) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())


class Telemetry:
    """Telemetry that is off: it opens spans that record nothing. OtlpTelemetry opens real ones.

    An exception that leaves a span marks it as failed and propagates."""

    def delivery(self, delivery: str, service: str) -> AbstractContextManager[Span]:
        """A delivery, or the rest of a resumed one."""
        return _NOTHING

    def step(self, node: str, delivery: str) -> AbstractContextManager[Span]:
        """A step of the delivery graph."""
        return _NOTHING

    def visit(self, role: str, delivery: str, visit: int = 1) -> AbstractContextManager[Span]:
        """A visit of a role, from its brief to its answer."""
        return _NOTHING

    def model_call(self, url: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """One call of the model that a URL names, its retries included."""
        return _NOTHING

    def tool_call(self, tool: str, call_id: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """One call of a tool, from the door's first check to its outcome."""
        return _NOTHING

    def redacting(self, redact: Redactor) -> Telemetry:
        """Return the same telemetry with the redactor of a delivery, which knows its secrets."""
        return self

    def close(self) -> str:
        """Send what is left, within two seconds; return a sentence about spans that the collector did not take."""
        return ""


OFF = Telemetry()
