"""What goes over the wire: replies and requests in both protocols of OpenAI, plain and streamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

Body = dict[str, Any]
Event = tuple[str, Any]
"""Name of a server-sent event, "" for none, and its data."""


@dataclass(frozen=True)
class Say:
    """A reply; `calls` are id, tool and the arguments as they stand on the wire."""

    calls: tuple[tuple[str, str, str], ...] = ()
    text: str = ""
    refusal: str = ""
    finish: str = ""
    usage: dict[str, int] | None = field(
        default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 10}
    )
    counts_on: bool = False
    """Whether each chunk of a stream says how many tokens it took until then."""
    ends: str = "well"
    """A stream's end: "well", "silent" (without a finish reason), "reset", or the text of an error event."""
    pause: float = 0.0
    """Seconds between two events of a stream, or two bytes of a plain reply."""


def _finish(step: Say) -> str:
    return step.finish or ("tool_calls" if step.calls else "stop")


def _usage(step: Say) -> Body | None:
    if step.usage is None:
        return None
    return step.usage | {"total_tokens": sum(step.usage.values())}


def completion(step: Say) -> Body:
    """Return a reply as chat completions have it."""
    calls = [
        {"id": name, "type": "function", "function": {"name": tool, "arguments": given}}
        for name, tool, given in step.calls
    ]
    message: Body = {"role": "assistant", "content": step.text or None, "refusal": step.refusal or None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": _finish(step)}
    made = {"id": "c", "object": "chat.completion", "created": 0, "model": "m-1", "choices": [choice]}
    return made | ({"usage": _usage(step)} if step.usage else {})


def chat(step: Say) -> Iterator[Event]:
    """Yield the events of a chat completion's stream."""

    def piece(delta: Body, finish: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return "", {
            "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m-1", "choices": [choice]
        } | ({"usage": _usage(step)} if step.counts_on else {})  # fmt: skip

    yield piece({"role": "assistant", "content": ""})
    for part in _parts(step.text):
        yield piece({"content": part})
    for part in _parts(step.refusal):
        yield piece({"refusal": part})
    for place, (name, tool, given) in enumerate(step.calls):
        begun = {"index": place, "id": name, "type": "function", "function": {"name": tool, "arguments": ""}}
        yield piece({"tool_calls": [begun]})
        for part in _parts(given):
            yield piece({"tool_calls": [{"index": place, "function": {"arguments": part}}]})
    yield piece({}, _finish(step))
    if step.usage:
        yield "", piece({})[1] | {"choices": [], "usage": _usage(step)}
    yield "", "[DONE]"


def _items(step: Say) -> list[Body]:
    found: list[Body] = []
    if step.text or step.refusal:
        part: Body = {"type": "output_text", "text": step.text, "annotations": []}
        part = {"type": "refusal", "refusal": step.refusal} if step.refusal else part
        message = {"id": "msg", "type": "message", "role": "assistant", "status": "completed"}
        found.append(message | {"content": [part]})
    for place, (name, tool, given) in enumerate(step.calls):
        call = {"id": f"fc{place}", "type": "function_call", "status": "completed", "call_id": name}
        found.append(call | {"name": tool, "arguments": given})
    return found


def response(step: Say, status: str = "") -> Body:
    """Return a reply as the Responses API has it."""
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(step.finish)
    status = status or ("incomplete" if cut else "completed")
    usage = step.usage and {
        "input_tokens": step.usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": step.usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(step.usage.values()),
    }
    return {
        "id": "r", "object": "response", "created_at": 0, "status": status, "error": None, "model": "m-1",
        "incomplete_details": {"reason": cut} if cut and status == "incomplete" else None,
        "output": [] if status == "in_progress" else _items(step), "parallel_tool_calls": True,
        "tool_choice": "auto", "tools": [], "usage": None if status == "in_progress" else usage,
    }  # fmt: skip


def responses(step: Say) -> Iterator[Event]:
    """Yield the events of a response's stream."""
    number = iter(range(10**6))

    def event(kind: str, **data: Any) -> Event:
        return kind, {"type": kind, "sequence_number": next(number), **data}

    yield event("response.created", response=response(step, "in_progress"))
    for place, item in enumerate(_items(step)):
        at = {"item_id": item["id"], "output_index": place}
        if item["type"] == "message":
            yield event("response.output_item.added", output_index=place, item=item | {"content": []})
            (part,) = item["content"]
            key, name = ("refusal", "refusal") if "refusal" in part else ("text", "output_text")
            for piece in _parts(part[key]):
                yield event(f"response.{name}.delta", **at, content_index=0, delta=piece, logprobs=[])
            yield event(f"response.{name}.done", **at, content_index=0, **{key: part[key]}, logprobs=[])
        else:
            yield event("response.output_item.added", output_index=place, item=item | {"arguments": ""})
            for piece in _parts(item["arguments"]):
                yield event("response.function_call_arguments.delta", **at, delta=piece)
            yield event(
                "response.function_call_arguments.done", **at, name=item["name"], arguments=item["arguments"]
            )
        yield event("response.output_item.done", output_index=place, item=item)
    final = response(step)
    yield event(f"response.{final['status']}", response=final)


def _parts(text: str) -> list[str]:
    size = max(200, len(text) // 2000)
    return [text[start : start + size] for start in range(0, len(text), size)]


def as_chat(item: Body) -> Body:
    """Return an item of a Responses request as chat completions have it."""
    if item.get("type") == "function_call":
        call = {
            "id": item["call_id"],
            "type": "function",
            "function": {"name": item["name"], "arguments": item["arguments"]},
        }
        return {"role": "assistant", "content": "", "tool_calls": [call]}
    if item.get("type") == "function_call_output":
        return {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
    return item


def result(message: BaseMessage) -> BaseMessage:
    """Return a result that came as text as what it is."""
    text = str(message.content)
    if message.type == "human" and text.startswith("Result:\n```json\n"):
        return ToolMessage(text.removeprefix("Result:\n```json\n").removesuffix("\n```"), tool_call_id="text")
    return message
