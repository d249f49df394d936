"""A collector for tests: takes OTLP over HTTP on loopback and decodes what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Received:
    """A span as it came over the wire."""

    name: str
    kind: int
    """1 internal, 3 client."""
    id: bytes
    parent: bytes
    trace: bytes
    attributes: dict[str, Any]
    failed: bool
    message: str
    """What its status says."""
    events: int


@dataclass
class Collector:
    """What has come so far."""

    url: str = ""
    spans: list[Received] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    bytes: bytes = b""

    def named(self, name: str) -> Received:
        """The one span of this name."""
        (span,) = [each for each in self.spans if each.name == name]
        return span

    def take(self, body: bytes) -> None:
        """Decode one request."""
        self.bytes += body
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(_attributes(group.resource.attributes))
            self.spans += [
                Received(
                    name=span.name,
                    kind=span.kind,
                    id=span.span_id,
                    parent=span.parent_span_id,
                    trace=span.trace_id,
                    attributes=_attributes(span.attributes),
                    failed=span.status.code == 2,
                    message=span.status.message,
                    events=len(span.events),
                )
                for scope in group.scope_spans
                for span in scope.spans
            ]


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return (
        [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)
    )


@contextmanager
def collector(status: int = 200) -> Iterator[Collector]:
    """Run a collector that answers with a status."""
    got = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            if status == 200:
                got.take(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    got.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
