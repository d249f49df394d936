"""What a collector is told, over the wire; that it is told nothing else; and that a dead one costs nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from langgraph.errors import GraphInterrupt
from pydantic import JsonValue

from crew.settings.config import TelemetrySettings
from crew.telemetry.api import OFF, Telemetry
from crew.telemetry.open import open_telemetry
from tests.crew.collector import Collector, collector
from tools.redaction import Redactor

ROOT = Path(__file__).resolve().parents[3]
SECRET = "the-secret-of-the-service"


REDACT = Redactor((SECRET,))
MARK = "[redacted: secret of the service]"


@contextmanager
def told(work: Callable[[Telemetry], None], content: bool = False) -> Iterator[Collector]:
    """What a collector has after some work and a close that lost nothing."""
    from crew.telemetry import otlp as spans

    with collector() as got, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "CLOSE_SECONDS", 60)
        telemetry = open_telemetry(TelemetrySettings(otlp=got.url, content=content), REDACT)
        work(telemetry)
        assert telemetry.close() == ""
        yield got


def a_delivery(telemetry: Telemetry) -> None:
    """What a delivery looks like, with a secret wherever content can be."""
    with (
        telemetry.delivery("CHK-1-1", "checkout"),
        telemetry.step("testing", "CHK-1-1"),
        telemetry.visit("testing", "CHK-1-1", 2) as visit,
    ):
        with telemetry.model_call("openai:gpt-x", "testing", "CHK-1-1") as call:
            call.set(
                response_model="gpt-x-2026",
                input_tokens=1200,
                output_tokens=80,
                finish_reasons=["tool_calls"],
            )
            call.set(input_messages=[{"role": "user", "content": SECRET}], output_messages=[SECRET])
        with telemetry.tool_call("run_tests", "call-7", "testing", "CHK-1-1") as tool:
            tool.set(action="a-3", outcome="done", arguments={"path": SECRET}, result={"text": SECRET})
        visit.set(outcome="answered")


def test_a_delivery_is_told_by_the_conventions() -> None:
    with told(a_delivery) as got:
        pass

    assert {each.name: each.attributes for each in got.spans} == {
        "invoke_workflow deliver": {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": "deliver",
            "gen_ai.conversation.id": "CHK-1-1",
            "crew.service": "checkout",
        },
        "step testing": {"crew.step": "testing", "gen_ai.conversation.id": "CHK-1-1"},
        "invoke_agent testing": {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": "shipcrew",
            "gen_ai.agent.name": "testing",
            "gen_ai.conversation.id": "CHK-1-1",
            "crew.visit": 2,
            "crew.outcome": "answered",
        },
        "chat gpt-x": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-x",
            "gen_ai.response.model": "gpt-x-2026",
            "gen_ai.response.finish_reasons": ["tool_calls"],
            "gen_ai.usage.input_tokens": 1200,
            "gen_ai.usage.output_tokens": 80,
            "gen_ai.agent.name": "testing",
            "gen_ai.conversation.id": "CHK-1-1",
        },
        "execute_tool run_tests": {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "run_tests",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": "call-7",
            "gen_ai.agent.name": "testing",
            "gen_ai.conversation.id": "CHK-1-1",
            "crew.action": "a-3",
            "crew.outcome": "done",
        },
    }
    assert SECRET.encode() not in got.bytes
    assert [each["service.name"] for each in got.resources] == ["shipcrew"]
    assert not any(each.failed or each.events for each in got.spans)
    assert got.named("chat gpt-x").kind == 3


def test_spans_are_a_tree() -> None:
    with told(a_delivery) as got:
        visit = got.named("invoke_agent testing")

    parents = {each.name: each.parent for each in got.spans}
    assert parents["invoke_workflow deliver"] == b""
    assert parents["step testing"] == got.named("invoke_workflow deliver").id
    assert visit.parent == got.named("step testing").id
    assert {parents["chat gpt-x"], parents["execute_tool run_tests"]} == {visit.id}
    assert len({each.trace for each in got.spans}) == 1


def test_every_name_is_one_of_the_conventions() -> None:
    """What is no `crew.*` of ours stands in the conventions that are installed."""
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
    from opentelemetry.semconv.attributes import error_attributes

    known = {
        value
        for module in (gen_ai_attributes, error_attributes)
        for name, value in vars(module).items()
        if name.isupper()
    }
    with told(a_delivery, content=True) as got:
        named = {name for each in got.spans for name in each.attributes}

    assert {each for each in named if not each.startswith("crew.")} <= known
    operations = {each.value for each in gen_ai_attributes.GenAiOperationNameValues}
    assert {each.attributes.get("gen_ai.operation.name", "chat") for each in got.spans} <= operations


def test_content_comes_only_when_asked_for_and_redacted() -> None:
    with told(a_delivery, content=True) as got:
        call, tool = got.named("chat gpt-x").attributes, got.named("execute_tool run_tests").attributes

    assert call["gen_ai.input.messages"] == f'[{{"role": "user", "content": "{MARK}"}}]'
    assert call["gen_ai.output.messages"] == f'["{MARK}"]'
    assert tool["gen_ai.tool.call.arguments"] == f'{{"path": "{MARK}"}}'
    assert tool["gen_ai.tool.call.result"] == f'{{"text": "{MARK}"}}'
    assert SECRET.encode() not in got.bytes


def test_a_delivery_redacts_by_its_own_secrets() -> None:
    def work(telemetry: Telemetry) -> None:
        own = telemetry.redacting(REDACT.knowing(["own-secret"]))
        with own.tool_call("own", "c", "code", "D") as span:
            span.set(result="own-secret")

    with told(work, content=True) as got:
        assert got.named("execute_tool own").attributes["gen_ai.tool.call.result"] == f'"{MARK}"'
    with told(work) as got:
        assert "gen_ai.tool.call.result" not in got.named("execute_tool own").attributes


class Broken(Redactor):
    def __call__(self, value: JsonValue) -> JsonValue:
        raise ZeroDivisionError


def test_content_is_cut_and_a_redactor_that_fails_lets_nothing_through() -> None:
    def work(telemetry: Telemetry) -> None:
        with telemetry.tool_call("long", "c", "code", "D") as span:
            span.set(result="x" * 100_000)
        with telemetry.redacting(Broken(())).tool_call("broken", "c", "code", "D") as span:
            span.set(result="content")

    with told(work, content=True) as got:
        assert len(got.named("execute_tool long").attributes["gen_ai.tool.call.result"]) == 32_000
        broken = got.named("execute_tool broken")
    assert broken.attributes["crew.facts_lost"] is True
    assert "gen_ai.tool.call.result" not in broken.attributes


def test_a_failure_is_told_by_its_kind_and_not_by_its_words() -> None:
    def work(telemetry: Telemetry) -> None:
        for error in (
            TimeoutError(SECRET),
            KeyboardInterrupt(SECRET),
            subprocess.CalledProcessError(1, SECRET),
        ):
            with pytest.raises(type(error)), telemetry.model_call("openai:gpt-x", "code", "D"):
                raise error

    with told(work) as got:
        pass

    assert [each.attributes["error.type"] for each in got.spans] == [
        "TimeoutError",
        "KeyboardInterrupt",
        "subprocess.CalledProcessError",
    ]
    assert all(each.failed and not each.message and not each.events for each in got.spans)
    assert SECRET.encode() not in got.bytes


def test_waiting_for_a_person_is_no_failure() -> None:
    def work(telemetry: Telemetry) -> None:
        with pytest.raises(GraphInterrupt), telemetry.step("approval", "D"):
            raise GraphInterrupt

    with told(work) as got:
        assert not got.named("step approval").failed


def test_models_that_are_no_server() -> None:
    def work(telemetry: Telemetry) -> None:
        for url in ("offline", "replay:/home/me/recordings"):
            with telemetry.model_call(url, "code", "D"):
                pass

    with told(work) as got:
        said = {
            each.name: (each.attributes["gen_ai.provider.name"], each.attributes["gen_ai.request.model"])
            for each in got.spans
        }
    assert said == {"chat offline": ("shipcrew", "offline"), "chat replay": ("shipcrew", "replay")}


def test_spans_of_parallel_roles_find_their_parent() -> None:
    """LangGraph runs nodes in threads, each with a copy of the context."""

    def work(telemetry: Telemetry) -> None:
        def visit(role: str) -> None:
            with telemetry.visit(role, "D"):
                pass

        with telemetry.delivery("D", "s"), ThreadPoolExecutor(2) as pool:
            for role in ("testing", "governance"):
                pool.submit(copy_context().run, visit, role)

    with told(work) as got:
        root = got.named("invoke_workflow deliver").id
        assert {each.parent for each in got.spans if each.id != root} == {root}
        assert len(got.spans) == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/own/path", "http://127.0.0.1:1/own/path/"])
def test_a_path_of_ones_own_is_kept(url: str) -> None:
    from crew.telemetry.otlp import endpoint

    assert endpoint(url) == url
    assert endpoint("https://collector:4318/") == endpoint("https://collector:4318")


@contextmanager
def closed_port() -> Iterator[str]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def refusing_server() -> Iterator[str]:
    with collector(503) as got:
        yield got.url


@pytest.mark.parametrize("dead", [closed_port, silent_server, refusing_server])
def test_a_dead_collector_neither_slows_nor_fails(
    dead: Callable[[], contextmanager[str]],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from crew.telemetry import otlp as spans

    senders: set[threading.Thread] = set()
    export = spans.OTLPSpanExporter.export

    def watched(exporter: spans.OTLPSpanExporter, batch: Any) -> Any:
        senders.add(threading.current_thread())
        return export(exporter, batch)

    monkeypatch.setattr(spans.OTLPSpanExporter, "export", watched)
    with dead() as url:
        telemetry = open_telemetry(TelemetrySettings(otlp=url), REDACT)
        begun = time.thread_time()
        for _ in range(3_000):
            with telemetry.tool_call("read_file", "c", "code", "D") as span:
                span.set(outcome="done")
        worked = time.thread_time() - begun
        begun = time.perf_counter()
        said = telemetry.close()
        ended = time.perf_counter() - begun

    assert worked < 3, f"{worked / 3_000 * 1_000:.2f} ms a span"
    assert senders
    assert threading.current_thread() not in senders
    assert ended < spans.SEND_SECONDS
    assert (
        said
        == f"The collector at {url}/v1/traces did not accept 3000 spans; the delivery does not depend on it."
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dead", [closed_port, silent_server])
def test_a_command_ends_in_spite_of_a_dead_collector(dead: Callable[[], contextmanager[str]]) -> None:
    program = """
import sys, time
from crew.settings.config import TelemetrySettings
from crew.telemetry.open import open_telemetry
from tools.redaction import Redactor
telemetry = open_telemetry(TelemetrySettings(otlp=sys.argv[1]), Redactor(()))
with telemetry.step("intake", "D"):
    pass
print(time.monotonic(), flush=True)
assert telemetry.close()
"""
    with dead() as url:
        done = subprocess.run(
            [sys.executable, "-c", program, url], capture_output=True, text=True, timeout=60, cwd=ROOT
        )
        ended = time.monotonic()

    assert (done.returncode, done.stderr) == (0, "")
    assert ended - float(done.stdout) < 8


def test_off_imports_nothing_and_costs_nothing() -> None:
    program = """
import sys
from crew.settings.config import TelemetrySettings
from crew.telemetry.open import open_telemetry
from tools.redaction import Redactor
telemetry = open_telemetry(TelemetrySettings(), Redactor(()))
with telemetry.tool_call("t", "c", "code", "D") as span:
    span.set(outcome="done", result="x")
print([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf", "requests"))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr

    assert open_telemetry(TelemetrySettings(content=True), REDACT) is OFF
    begun = time.thread_time()
    for _ in range(10_000):
        with OFF.tool_call("t", "c", "code", "D") as span:
            span.set(outcome="done")
    assert time.thread_time() - begun < 0.2, "more than 20 microseconds a span"
    assert OFF.close() == ""


def test_off_has_every_method_and_no_other() -> None:
    from crew.telemetry.otlp import OtlpTelemetry

    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(OtlpTelemetry) == methods(Telemetry)
