"""Telemetry over OTLP/HTTP; imported only by crew/telemetry/open.py, and only if telemetry is on."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import Unpack
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from crew.telemetry.api import Facts, Span, Telemetry
from tools.counting import counted
from tools.redaction import Redactor

# The generative AI conventions of opentelemetry-semantic-conventions 0.66b2. They are copied here because that package
# marks them as moved to a separate repository, which does not publish a Python package yet.
AGENT_NAME = "gen_ai.agent.name"
CONVERSATION_ID = "gen_ai.conversation.id"
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
WORKFLOW_NAME = "gen_ai.workflow.name"
ERROR_TYPE = "error.type"
FACTS = {
    "response_model": "gen_ai.response.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "finish_reasons": "gen_ai.response.finish_reasons",
    "action": "crew.action",
    "outcome": "crew.outcome",
}
CONTENT = {
    "input_messages": "gen_ai.input.messages",
    "output_messages": "gen_ai.output.messages",
    "arguments": "gen_ai.tool.call.arguments",
    "result": "gen_ai.tool.call.result",
}
"""Maps those members of `Facts` that are content to their span attributes."""

LONGEST_CONTENT = 32_000
"""Maximum length of a content attribute, in characters; the rest is cut off."""
QUEUE = 2_048
"""Maximum number of spans waiting for the collector; beyond that, the oldest are dropped."""
SEND_EVERY_SECONDS = 1.0
SEND_SECONDS = 5.0
"""Maximum time for sending one batch, including retries."""
CLOSE_SECONDS = 2.0

_WAITING = "GraphBubbleUp"
"""Name of the base class of LangGraph's interrupts, which wait for a person and are not failures."""


class OtlpTelemetry(Telemetry):
    """Telemetry whose spans are sent to a collector by a background thread."""

    def __init__(self, url: str, redact: Redactor, content: bool, sender: _Sender | None = None) -> None:
        self._sender = sender or _Sender(endpoint(url), redact)
        self._redact = redact
        self._content = content

    def delivery(self, delivery: str, service: str) -> AbstractContextManager[Span]:
        """Open the span of a delivery; see Telemetry."""
        return self._open(
            "invoke_workflow deliver",
            delivery,
            {OPERATION_NAME: "invoke_workflow", WORKFLOW_NAME: "deliver", "crew.service": service},
        )

    def step(self, node: str, delivery: str) -> AbstractContextManager[Span]:
        """Open the span of a node; see Telemetry."""
        return self._open(f"step {node}", delivery, {"crew.step": node})

    def visit(self, role: str, delivery: str, visit: int = 1) -> AbstractContextManager[Span]:
        """Open the span of a role's attempt; see Telemetry."""
        agent = {OPERATION_NAME: "invoke_agent", PROVIDER_NAME: "shipcrew", AGENT_NAME: role}
        return self._open(f"invoke_agent {role}", delivery, {**agent, "crew.visit": visit})

    def model_call(self, url: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """Open the span of a model call; see Telemetry."""
        scheme, _, name = url.partition(":")
        provider, model = ("openai", name) if scheme == "openai" else ("shipcrew", scheme)
        known: dict[str, AttributeValue] = {
            OPERATION_NAME: "chat",
            PROVIDER_NAME: provider,
            REQUEST_MODEL: model,
            AGENT_NAME: role,
        }
        return self._open(f"chat {model}", delivery, known, SpanKind.CLIENT)

    def tool_call(self, tool: str, call_id: str, role: str, delivery: str) -> AbstractContextManager[Span]:
        """Open the span of a tool call; see Telemetry."""
        known: dict[str, AttributeValue] = {
            OPERATION_NAME: "execute_tool",
            TOOL_NAME: tool,
            TOOL_TYPE: "function",
            TOOL_CALL_ID: call_id,
            AGENT_NAME: role,
        }
        return self._open(f"execute_tool {tool}", delivery, known)

    def redacting(self, redact: Redactor) -> Telemetry:
        """Return this telemetry with another redactor; see Telemetry."""
        return OtlpTelemetry("", redact, self._content, self._sender)

    def close(self) -> str:
        """Send the remaining spans; see Telemetry."""
        return self._sender.close()

    @contextmanager
    def _open(
        self,
        name: str,
        delivery: str,
        known: dict[str, AttributeValue],
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> Iterator[Span]:
        # The SDK would record an exception's message and traceback, which are content.
        with self._sender.tracer.start_as_current_span(
            self._redact.text(name),
            kind=kind,
            attributes={key: _clean(value, self._redact) for key, value in known.items()}
            | {CONVERSATION_ID: delivery},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield _Open(span, self._redact, self._content)
            except BaseException as error:
                if not any(each.__name__ == _WAITING for each in type(error).__mro__):
                    span.set_attribute(ERROR_TYPE, self._redact.text(_kind(error)))
                    span.set_status(Status(StatusCode.ERROR))
                raise


class _Open:
    def __init__(self, span: trace.Span, redact: Redactor, content: bool) -> None:
        self._span = span
        self._redact = redact
        self._content = content

    def set(self, **facts: Unpack[Facts]) -> None:
        try:
            for name, value in facts.items():
                self._put(name, value)
        except Exception:  # noqa: BLE001  telemetry must never fail a delivery
            self._span.set_attribute("crew.facts_lost", True)

    def _put(self, name: str, value: object) -> None:
        if name in CONTENT:
            if self._content:
                text = json.dumps(self._redact(value), ensure_ascii=False)  # type: ignore[arg-type]
                self._span.set_attribute(CONTENT[name], text[:LONGEST_CONTENT])
        elif isinstance(value, str | int | float):
            self._span.set_attribute(FACTS[name], _clean(value, self._redact))
        elif isinstance(value, list | tuple):
            self._span.set_attribute(FACTS[name], [self._redact.text(str(each)) for each in value])


def _clean(value: AttributeValue, redact: Redactor) -> AttributeValue:
    return redact.text(value) if isinstance(value, str) else value


class _Sender:
    """Background thread that sends spans from a bounded queue and counts those that were lost."""

    def __init__(self, address: str, redact: Redactor) -> None:
        # Do not log every failed batch while the collector is down; `close` reports the loss once.
        logger = logging.getLogger("opentelemetry")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        self._address = redact.text(address)
        self._exporter = _Counting(OTLPSpanExporter(endpoint=address, timeout=SEND_SECONDS))
        self._processor = _Counted(
            self._exporter, max_queue_size=QUEUE, schedule_delay_millis=SEND_EVERY_SECONDS * 1_000
        )
        resource = Resource({"service.name": "shipcrew", "service.version": version("shipcrew")})
        # The provider's own shutdown at exit would wait for half a minute.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(self._processor)
        self.tracer: Tracer = self._provider.get_tracer("shipcrew", version("shipcrew"))

    def close(self) -> str:
        closing = threading.Thread(target=self._provider.shutdown, name="telemetry-close", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)
        lost = self._processor.ended - self._exporter.taken
        if lost <= 0:
            return ""
        said = f"The collector at {self._address} did not accept {counted(lost, 'span')}"
        return f"{said}; the delivery does not depend on it."


class _Counted(BatchSpanProcessor):
    ended = 0
    _counting = threading.Lock()

    def on_end(self, span: ReadableSpan) -> None:
        with self._counting:
            self.ended += 1
        super().on_end(span)


class _Counting(SpanExporter):
    """Exporter that counts the spans that the collector accepts; called from one thread only."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.taken += len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def endpoint(url: str) -> str:
    """Return the URL that traces are sent to: `url`, with the standard path appended if it has none."""
    parts = urlsplit(url)
    return parts._replace(path="/v1/traces").geturl() if parts.path in ("", "/") else url


def _kind(error: BaseException) -> str:
    """Return the qualified name of an exception's class, without the module for built-in exceptions."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
