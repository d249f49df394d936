"""A chat model's server on loopback for tests: both protocols of OpenAI, plain and streamed, and all that can go wrong.

A test hands in a function from a request's body to a step; a step is what is sent back, or how it breaks off."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.messages.utils import convert_to_messages

from tests.crew.models.forms import Body, Event, Say, as_chat, chat, completion, response, responses, result


@dataclass(frozen=True)
class Status:
    """An error of the server's."""

    code: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    kind: str | None = None


@dataclass(frozen=True)
class Raw:
    """Bytes that are no reply; `forever` sends them again and again."""

    content: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    forever: bool = False


@dataclass(frozen=True)
class Reset:
    """The connection breaks before an answer."""


@dataclass(frozen=True)
class Silence:
    """Nothing is sent."""


Step = Say | Status | Raw | Reset | Silence


@dataclass
class Server:
    """What is served, and what was asked."""

    answer: Callable[[Body], Step]
    url: str = ""
    bodies: list[Body] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """Bytes of each request's body."""
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


def say(name: str, arguments: dict[str, Any] | str, **more: Any) -> Say:
    """Return a reply with one call."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return Say(calls=(("call-1", name, text),), **more)


def said(message: AIMessage, as_text: bool = False) -> Say:
    """Return what a model says, as a step; `as_text` writes its calls as JSON in the text."""
    if as_text:
        calls = [{"tool": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        return Say(text=json.dumps({"calls": calls}))
    return Say(
        calls=tuple((str(each["id"]), each["name"], json.dumps(each["args"])) for each in message.tool_calls)
    )


def heard(body: Body) -> list[BaseMessage]:
    """Return a request's messages, whichever protocol they came by."""
    if "messages" in body:
        found = convert_to_messages(body["messages"])
    else:
        found = convert_to_messages([as_chat(each) for each in body["input"]])
    return [result(each) for each in found]


def checked(body: Body) -> Body:
    """Return the request after looking whether its conversation is one: each result answers a call before it."""
    asked: list[str] = []
    for message in heard(body):
        if isinstance(message, ToolMessage) and message.tool_call_id != "text":
            assert message.tool_call_id in asked, f"{message.tool_call_id} answers nothing"
            asked.remove(message.tool_call_id)
            continue
        if "messages" in body:
            assert not asked, f"nothing answers {asked}"
        if isinstance(message, AIMessage):
            assert not message.invalid_tool_calls
            asked += [str(call["id"]) for call in message.tool_calls]
            assert len(asked) == len(set(asked))
    return body


@contextmanager
def serving(answer: Callable[[Body], Step]) -> Iterator[Server]:
    """Serve on loopback until the end of the block."""
    state = Server(answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(raw)
            self.close_connection = True
            with state.lock:
                state.bodies.append(body)
                state.sizes.append(len(raw))
                try:
                    step = state.answer(body | {"headers": dict(self.headers)})
                except Exception as error:  # noqa: BLE001  what a test's function gets wrong is its caller's to see
                    step = Status(418, f"{type(error).__name__}: {error}")
            with suppress(OSError):  # the client may have gone
                _send(self, state, body, step)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def _send(handler: BaseHTTPRequestHandler, state: Server, body: Body, step: Step) -> None:
    if isinstance(step, Silence):
        state.over.wait(20)
    elif isinstance(step, Reset):
        _reset(handler)
    elif isinstance(step, Status):
        error = {"message": step.message, "type": step.kind, "param": None, "code": step.kind}
        _plain(handler, step.code, json.dumps({"error": error}).encode(), step.headers)
    elif isinstance(step, Raw):
        _raw(handler, state, step)
    elif body.get("stream"):
        _stream(handler, step, list(responses(step) if "input" in body else chat(step)))
    else:
        whole = response(step) if "input" in body else completion(step)
        content = json.dumps(whole).encode()
        if step.ends == "reset":
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content[: len(content) // 2])
            _reset(handler)
        else:
            _plain(handler, 200, content, {}, step.pause)


def _plain(
    handler: BaseHTTPRequestHandler, code: int, content: bytes, headers: dict[str, str], pause: float = 0.0
) -> None:
    handler.send_response(code)
    for name, value in {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **headers,
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    for start in range(0, len(content), 1 if pause else len(content)):
        handler.wfile.write(content[start : start + 1] if pause else content)
        time.sleep(pause)


def _raw(handler: BaseHTTPRequestHandler, state: Server, step: Raw) -> None:
    handler.send_response(200)
    for name, value in {"Content-Type": step.content_type, "Connection": "close", **step.headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(step.content)
    while step.forever and not state.over.is_set():
        handler.wfile.write(step.content)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _stream(handler: BaseHTTPRequestHandler, step: Say, events: list[Event]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()

    def chunk(text: str) -> None:
        raw = text.encode()
        handler.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    def send(name: str, data: Any) -> None:
        chunk(
            (f"event: {name}\n" if name else "")
            + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
        )

    kept = events if step.ends == "well" else events[: len(events) // 2]
    for name, data in kept:
        send(name, data)
        time.sleep(step.pause)
    if step.ends == "reset":
        _reset(handler)
        return
    if step.ends not in ("well", "silent"):
        send("", {"error": {"message": step.ends, "type": None, "code": None}})
    chunk("")
