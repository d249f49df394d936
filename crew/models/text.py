"""Tool calls as JSON in the text, for servers and models without native tool calling.

Tools are described in the system message, calls are written as one JSON object, and results are returned as text. All
other code sees the same messages as with native tool calling."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import JsonValue

from crew.models.arguments import json_in
from crew.models.schemas import ToolSchema
from crew.records.canonical_json import unmistakable

REPLY_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "calls": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"tool": {"type": "string"}, "arguments": {"type": "object"}},
                "required": ["tool", "arguments"],
            },
        }
    },
    "required": ["calls"],
}
_FORM = """\
## The form of your reply

Reply with one JSON object and nothing else: {"calls": [{"tool": NAME, "arguments": {...}}]}. Your tools, each with the
JSON Schema of its arguments:
"""
_BLOCK = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)


def as_text(messages: list[BaseMessage], tools: Sequence[ToolSchema]) -> list[BaseMessage]:
    """Convert a conversation for a server without tool calling."""
    return [_described(messages[0], tools), *(_plain(message) for message in messages[1:])]


def _described(prompt: BaseMessage, tools: Sequence[ToolSchema]) -> SystemMessage:
    lines = [json.dumps(tool["function"], separators=(",", ":")) for tool in tools]
    return SystemMessage("\n".join([f"{prompt.content}\n", _FORM, *lines]))


def _plain(message: BaseMessage) -> BaseMessage:
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [{"tool": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        return AIMessage(json.dumps({"calls": calls}))
    if isinstance(message, ToolMessage):
        return HumanMessage(f"Result:\n```json\n{unmistakable(str(message.content))}\n```")
    return message


def from_text(reply: AIMessage) -> AIMessage:
    """Return the reply with the calls in its text as tool calls; a text without calls is returned unchanged."""
    text = reply.text.strip()
    held = text[text.find("{") : text.rfind("}") + 1]
    if not held.strip():
        return reply
    try:
        calls = _calls(_value(held, text))
    except ValueError as error:
        broken = {
            "name": None,
            "args": held,
            "id": "call-0",
            "error": str(error),
            "type": "invalid_tool_call",
        }
        return reply.model_copy(update={"invalid_tool_calls": [broken]})
    return AIMessage(
        content="",
        tool_calls=[
            {"name": name, "args": given, "id": f"call-{n}"} for n, (name, given) in enumerate(calls)
        ],
        response_metadata=reply.response_metadata,
        usage_metadata=reply.usage_metadata,
    )


def _value(held: str, text: str) -> JsonValue:
    """Parse `held`, the text from the first brace to the last, or else the content of the first code fence."""
    try:
        return json_in(held)
    except ValueError:
        block = _BLOCK.search(text)
        if block is None:
            raise
        return json_in(block[1])


def _calls(value: JsonValue) -> list[tuple[str, dict[str, JsonValue]]]:
    listed = value.get("calls", value) if isinstance(value, dict) else value
    found = []
    for each in listed if isinstance(listed, list) else [listed]:
        name = each.get("tool") if isinstance(each, dict) else None
        arguments = each.get("arguments") if isinstance(each, dict) else None
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise ValueError('a call is {"tool": NAME, "arguments": {...}}')  # noqa: TRY004  callers expect ValueError
        found.append((name, arguments))
    return found
