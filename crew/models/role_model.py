"""The chat model of a role, with the limits on its requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel

from crew.models.recordings.record import Recorder
from crew.settings.config import Price


@dataclass(frozen=True)
class RoleModel:
    """A chat model with the limits on its requests."""

    name: str
    """Name in the ledger, such as "offline", "openai:gpt-x" or "replay:recordings/discounts"."""
    model: BaseChatModel
    attempts: int = 4
    """Maximum number of times a request is sent; rate limits, dropped connections and server errors are retried."""
    longest_wait_seconds: float = 60
    """Maximum wait between two attempts; if the server requests more, the model gives up."""
    corrections: int = 3
    """Maximum number of times per step that an unusable reply is sent back with an explanation."""
    context_bytes: int = 0
    """Size of a request's messages, in bytes, above which the conversation is compacted; 0 means no limit."""
    served: bool = False
    """Whether replies come from a server, which may send invalid ones; those of an in-process model are bugs."""
    streams: bool = False
    api: Literal["chat", "responses"] = "chat"
    """OpenAI API to use: chat completions or responses."""
    tool_calls: Literal["native", "text"] = "native"
    """Form of tool calls: native, or as JSON in the text for servers without tool calling."""
    structured_output: Literal["function_calling", "json_schema", "json_mode"] = "function_calling"
    """Option that restricts the text to JSON if `tool_calls` is "text"; "function_calling" stands for none."""
    price: Price | None = None
    server: str = ""
    """URL of the server, without credentials; "" for none."""
    recorder: Recorder | None = None


RoleModels = Callable[[str], tuple[RoleModel, ...]]
"""Function that returns the models of a role: the first one, then the fallbacks in order."""
