"""One call of a chat model: what goes out, and the row that says so."""

from __future__ import annotations

import json
import time
from typing import cast

from langchain_core.messages import AIMessage, BaseMessage, messages_from_dict, messages_to_dict
from pydantic import BaseModel, JsonValue

from crew.agents.role import Role
from crew.canonical import canonical
from crew.desk import Desk
from tools.result import Tool

SECRET_CALLS = "calls_with_secrets"  # noqa: S105  the name of a member
"""Member of a kept reply's `additional_kwargs`: ids of its calls that held a secret, which are not carried out."""


def reply(
    desk: Desk, delivery: str, role: Role, visit: int, step: int, messages: list[BaseMessage], request: str
) -> str:
    """Return the digest of the model's reply to these messages, whose own digest is `request`.

    A call that is in the ledger already is not made again.
    """
    key = f"m-{role.name}-{visit}-{step}"
    made = desk.ledger.find(delivery, "model", key)
    if made:
        return str(made.body["reply"])
    begun = time.monotonic()
    model = desk.model(role.name)
    answered = model.bind_tools(tool_schemas(role, desk)).invoke(messages)
    seconds = time.monotonic() - begun
    stored = desk.artifacts.put(canonical(messages_to_dict([_without_secrets(desk, answered)])).encode())
    usage = answered.usage_metadata or {"input_tokens": 0, "output_tokens": 0}
    body: dict[str, JsonValue] = {
        "role": role.name,
        "visit": visit,
        "step": step,
        "model": model._llm_type,
        "request": request,
        "reply": stored,
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "seconds": round(seconds, 3),
    }
    desk.ledger.append(delivery, "model", key, body)
    return stored


def _without_secrets(desk: Desk, message: AIMessage) -> AIMessage:
    """Return the message as it is kept and acted on; calls that held a secret are named in `SECRET_CALLS`."""
    raw: JsonValue = messages_to_dict([message])[0]["data"]
    clean = cast(dict[str, JsonValue], desk.redact(raw))
    kept = AIMessage.model_validate(clean)
    held = [
        str(said["id"])
        for said, left in zip(message.tool_calls, kept.tool_calls, strict=True)
        if said["args"] != left["args"]
    ]
    return (
        kept.model_copy(update={"additional_kwargs": kept.additional_kwargs | {SECRET_CALLS: held}})
        if held
        else kept
    )


def read_reply(desk: Desk, digest: str) -> AIMessage:
    """Return the message that a reply's digest names."""
    (message,) = messages_from_dict(json.loads(desk.artifacts.get(digest)))
    if not isinstance(message, AIMessage):
        raise TypeError(f"{digest} is not a model's reply.")
    return message


def tool_schemas(role: Role, desk: Desk) -> list[dict[str, JsonValue]]:
    """Return the schemas of a role's tools and of its answer, as OpenAI functions."""
    offered = [_tool_schema(desk.tools[name]) for name in role.tools]
    return [*offered, _schema("answer", "End your work with this.", role.answer)]


def _tool_schema(tool: Tool) -> dict[str, JsonValue]:
    return _schema(tool.name, (tool.arguments.__doc__ or "").strip(), tool.arguments)


def _schema(name: str, description: str, arguments: type[BaseModel]) -> dict[str, JsonValue]:
    schema = arguments.model_json_schema()
    properties = schema.get("properties", {}) | {
        "rationale": {"type": "string", "description": "What you saw, what you chose, what you rejected."},
        "evidence": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids of actions or digests of artifacts of this delivery that this rests on.",
        },
    }
    required = [*schema.get("required", []), "rationale", "evidence"]
    parameters = schema | {"properties": properties, "required": required}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }
