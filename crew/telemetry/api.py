"""What OpenTelemetry is told of a delivery: its steps, the roles' visits, model calls and tool calls.

Off unless `[telemetry] otlp` names a collector, and then nothing of OpenTelemetry is even imported. On, the spans
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
    """What becomes known of a span's subject while it lasts."""

    response_model: str
    """The model that answered, as the server names it."""
    response_id: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    """Of the input tokens, those that the server had in a cache."""
    reasoning_tokens: int
    """Of the output tokens, those that are not in the answer."""
    finish_reasons: Sequence[str]
    attempts: int
    """Tries that a model call took."""
    action: str
    """Id of the action in the ledger."""
    outcome: str
    """How it went, in a word: "done", "denied", "refused", "delivered", ..."""
    error: str
    """Kind of a failure that is no exception, in a word; marks the span as failed."""
    input_messages: JsonValue
    """Content; like the next four dropped unless content is asked for."""
    output_messages: JsonValue
    tool_definitions: JsonValue
    arguments: JsonValue
    result: JsonValue


class Span(Protocol):
    """Something that goes on."""

    def set(self, **facts: Unpack[Facts]) -> None:
        """Add what is known; a later value wins. Never raises."""


class Telemetry(Protocol):
    """Opens spans as context managers; an exception that leaves one marks it as failed and goes on its way."""

    def delivery(self, delivery: str, service: str) -> AbstractContextManager[Span]:
        """A delivery, or what a resumed one still does."""

    def step(self, node: str, delivery: str) -> AbstractContextManager[Span]:
        """A node of the delivery graph at work."""

    def visit(self, role: str, delivery: str, visit: int = 1) -> AbstractContextManager[Span]:
        """A role at work, from its brief to its answer."""

    def model_call(
        self, url: str, role: str, delivery: str, base_url: str = ""
    ) -> AbstractContextManager[Span]:
        """One call of the model that a URL names, its retries included."""

    def tool_call(self, tool: str, call_id: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """One call of a tool, from the door's first check to its outcome."""

    def redacting(self, redact: Redactor) -> Telemetry:
        """Return the same telemetry with the redactor of a delivery, which knows its secrets."""

    def close(self) -> str:
        """Send what is left, in two seconds at most; return a sentence about what the collector did not take."""


class _NoSpan:
    def set(self, **facts: Unpack[Facts]) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())


class NoTelemetry:
    """Telemetry that is off."""

    def delivery(self, delivery: str, service: str) -> AbstractContextManager[Span]:
        """Do nothing."""
        return _NOTHING

    def step(self, node: str, delivery: str) -> AbstractContextManager[Span]:
        """Do nothing."""
        return _NOTHING

    def visit(self, role: str, delivery: str, visit: int = 1) -> AbstractContextManager[Span]:
        """Do nothing."""
        return _NOTHING

    def model_call(
        self, url: str, role: str, delivery: str, base_url: str = ""
    ) -> AbstractContextManager[Span]:
        """Do nothing."""
        return _NOTHING

    def tool_call(self, tool: str, call_id: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """Do nothing."""
        return _NOTHING

    def redacting(self, redact: Redactor) -> Telemetry:
        """Return itself."""
        return self

    def close(self) -> str:
        """Do nothing."""
        return ""


OFF: Telemetry = NoTelemetry()
