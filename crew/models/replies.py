"""The one form in which replies are stored, acted on and sent again, whatever the protocol.

Text and calls are kept. Protocol-specific parts, such as reasoning blocks and duplicates of calls, are dropped, since
they could contain what was compacted or redacted elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall

from crew.models.arguments import arguments_in, check, whole_text
from crew.models.faults import shown


def plain(reply: AIMessage) -> AIMessage:
    """Return the reply without protocol-specific parts; calls that cannot be stored become invalid calls."""
    calls, invalid = list[ToolCall](), [_told(each) for each in reply.invalid_tool_calls]
    for call in reply.tool_calls:
        try:
            check(call["args"])
        except ValueError as error:
            invalid.append(_invalid(call["name"], "", call["id"], str(error)))
        else:
            calls.append(call)
    refusal = _refusal(reply)
    return AIMessage(
        content=whole_text(reply.text),
        additional_kwargs={"refusal": refusal} if refusal else {},
        response_metadata=_metadata(reply.response_metadata),
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=reply.usage_metadata,
    )


def numbered(reply: AIMessage, said: Sequence[BaseMessage] = ()) -> AIMessage:
    """Return the reply with a unique id for each call, different from those in the messages `said` before.

    Suitable ids from the server are kept; new ones have nine letters and digits, which every server accepts."""
    used = {str(call["id"]) for each in said if isinstance(each, AIMessage) for call in each.tool_calls}
    given = [str(call["id"] or "") for call in reply.tool_calls]
    if all(given) and len({*given, *used}) == len(given) + len(used) and all(map(str.isprintable, given)):
        return reply
    free = (name for number in count() if (name := f"call{number:05}") not in used)
    calls = [call | {"id": next(free)} for call in reply.tool_calls]
    return reply.model_copy(update={"tool_calls": calls})


def _metadata(given: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that is used later: the finish reason, the model's name and the flags of a recording."""
    details = given.get("incomplete_details")
    why = details.get("reason") if isinstance(details, dict) else None
    ended = why or given.get("finish_reason") or given.get("status")
    kept = {name: True for name in ("recorded", "estimated") if given.get(name)}
    said = {"finish_reason": ended, "model_name": given.get("model_name")}
    return kept | {name: shown(str(value), 80) for name, value in said.items() if value}


def _told(call: InvalidToolCall) -> InvalidToolCall:
    """Return the call with our own error message instead of the library's, which links to its documentation."""
    why = "the call has no name"
    try:
        arguments_in(call["args"] or "")
    except ValueError as error:
        why = str(error)
    return _invalid(call["name"], call["args"], call["id"], why)


def _invalid(name: str | None, args: str | None, call: str | None, why: str) -> InvalidToolCall:
    return InvalidToolCall(type="invalid_tool_call", name=name, args=args, id=call, error=why)


def _refusal(reply: AIMessage) -> str:
    said = str(reply.additional_kwargs.get("refusal") or "")
    blocks = reply.content if isinstance(reply.content, list) else []
    return said or "".join(
        str(each["refusal"]) for each in blocks if isinstance(each, dict) and each.get("refusal")
    )
