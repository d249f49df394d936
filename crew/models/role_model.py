"""The chat model of a role, and the bounds within which it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel

from crew.models.recordings.record import Recorder
from crew.settings.config import Price


@dataclass(frozen=True)
class RoleModel:
    """A chat model and the bounds within which it is asked."""

    name: str
    """Its name in the ledger: "offline", "openai:gpt-x", "replay:recordings/discounts"."""
    model: BaseChatModel
    attempts: int = 4
    """Most times that one request is sent: after rate limits, dropped connections and server errors."""
    longest_wait_seconds: float = 60
    """Longest wait between two attempts; a server that asks for more is given up."""
    corrections: int = 3
    """How often in one step an unusable reply is sent back with its faults."""
    context_bytes: int = 0
    """Size of a request's messages above which the conversation is compacted; 0 means no bound."""
    served: bool = False
    """Whether a server answers, which may send anything; an error of an in-process model is a bug."""
    streams: bool = False
    api: Literal["chat", "responses"] = "chat"
    """Which of OpenAI's APIs it uses."""
    tool_calls: Literal["native", "text"] = "native"
    """How calls are written: natively, or as JSON in the text for servers without tool calls."""
    structured_output: Literal["function_calling", "json_schema", "json_mode"] = "function_calling"
    """With `tool_calls` "text": what restricts the text to JSON, if anything."""
    price: Price | None = None
    server: str = ""
    """URL of the server, without credentials; "" for none."""
    recorder: Recorder | None = None


RoleModels = Callable[[str], tuple[RoleModel, ...]]
"""Returns the models of a role: the first one, then the fallbacks in order."""
