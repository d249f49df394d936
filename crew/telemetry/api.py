"""The spans of a delivery: its steps, the attempts of roles, model calls and tool calls.

Telemetry is off unless `[telemetry] otlp` names a collector, and OpenTelemetry is not imported while it is off. Spans
use the `gen_ai.*` attributes of the semantic conventions and contain no content unless that is enabled. A slow or
unavailable collector does not affect a delivery: spans wait in a bounded queue and are dropped when it is full.

    delivery                      invoke_workflow
    └── step of the graph
        └── attempt of a role     invoke_agent
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
    """Attributes of a span that become known only while it is open."""

    response_model: str
    """The model that answered, as the server names it."""
    input_tokens: int
    output_tokens: int
    finish_reasons: Sequence[str]
    action: str
    """Id of the action in the ledger."""
    outcome: str
    """The outcome in one word, such as "done", "denied", "refused" or "delivered"."""
    input_messages: JsonValue
    """Content, like the next three attributes; dropped unless content is enabled."""
    output_messages: JsonValue
    arguments: JsonValue
    result: JsonValue


class Span(Protocol):
    """A span that has not ended yet."""

    def set(self, **facts: Unpack[Facts]) -> None:
        """Set attributes, replacing earlier values; never raises."""


class _NoSpan:
    def set(self, **facts: Unpack[Facts]) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())


class Telemetry:
    """Disabled telemetry, whose spans record nothing; the subclass OtlpTelemetry opens spans that are sent.

    An exception raised within a span marks the span as failed and propagates.
    """

    def delivery(self, delivery: str, service: str) -> AbstractContextManager[Span]:
        """Open the span of a delivery; if the delivery was resumed, it covers only the rest."""
        return _NOTHING

    def step(self, node: str, delivery: str) -> AbstractContextManager[Span]:
        """Open the span of a step of the delivery graph."""
        return _NOTHING

    def visit(self, role: str, delivery: str, visit: int = 1) -> AbstractContextManager[Span]:
        """Open the span of a role's attempt, from its brief to its answer."""
        return _NOTHING

    def model_call(self, url: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """Open the span of a call to the model at the given URL, including its retries."""
        return _NOTHING

    def tool_call(self, tool: str, call_id: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """Open the span of a tool call, from the door's first check to its outcome."""
        return _NOTHING

    def redacting(self, redact: Redactor) -> Telemetry:
        """Return telemetry that uses a delivery's redactor, which knows the secrets of its service."""
        return self

    def close(self) -> str:
        """Send the remaining spans within two seconds; return a warning about undelivered spans, or ""."""
        return ""


OFF = Telemetry()
