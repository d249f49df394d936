"""The schemas of a role's tools, kept as small as possible since they are sent with every request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal, TypedDict

from pydantic import BaseModel, JsonValue

from crew.agents.role import Role
from crew.records.rows import Arguments
from tools.result import Tool

READ_RESULT = "read_result"
_NOISE = ("title", "additionalProperties")
"""Keywords that are of no use to a model: titles repeat names, and the door rejects unknown arguments anyway."""


class Function(TypedDict):
    """A function that a model can call."""

    name: str
    description: str
    parameters: Arguments
    """JSON Schema of the arguments."""


class ToolSchema(TypedDict):
    """A tool in the form of OpenAI's API."""

    type: Literal["function"]
    function: Function


def tool_schema(name: str, description: str, parameters: Arguments) -> ToolSchema:
    """Return the schema of a tool whose arguments have the JSON Schema `parameters`."""
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def tool_schemas(
    role: Role, tools: Mapping[str, Tool], by_hand: bool = True, by_blueprint: bool = True
) -> list[ToolSchema]:
    """Return the schemas of a role's tools and of its answer as OpenAI functions."""
    offered = [_schema_of(tools[name]) for name in role.offered(by_hand, by_blueprint)]
    return [*offered, _schema("answer", "End your work with this.", role.answer)]


def read_result_schemas(tools: Mapping[str, Tool]) -> list[ToolSchema]:
    """Return the schema of the tool that reads compacted results again, as a list that may be empty."""
    return [_schema_of(tools[READ_RESULT])] if READ_RESULT in tools else []


def _schema_of(tool: Tool) -> ToolSchema:
    return _schema(tool.name, tool.arguments.__doc__ or "", tool.arguments)


@cache
def _schema(name: str, description: str, arguments: type[BaseModel]) -> ToolSchema:
    schema = _plain(arguments.model_json_schema())
    assert isinstance(schema, dict)  # noqa: S101  a model's schema is always an object
    properties, required = schema.get("properties"), schema.get("required")
    # The prompt explains these two once for all tools.
    reasons: Arguments = {
        "rationale": {"type": "string"},
        "evidence": {"type": "array", "items": {"type": "string"}},
    }
    schema["properties"] = (properties if isinstance(properties, dict) else {}) | reasons
    schema["required"] = [*(required if isinstance(required, list) else []), *reasons]
    schema.pop("description", None)
    return tool_schema(name, " ".join(description.split()), schema)


def _plain(schema: JsonValue, names: bool = False) -> JsonValue:
    """Return a schema without superfluous keywords; with `names`, its keys are names of members, not keywords."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if names or not _is_noise(key, value)}
    return {
        key: _plain(value, names=key in ("properties", "$defs") and not names) for key, value in kept.items()
    }


def _is_noise(key: str, value: JsonValue) -> bool:
    # An empty default is redundant, since the member is not listed as required.
    return key in _NOISE or (key == "default" and value in ("", [], False, None))
