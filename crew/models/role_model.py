"""Who plays a role: a chat model, and how patient the crew is with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import JsonValue

from crew.settings.config import Price


class CallRecorder(Protocol):
    """What takes down every call, for a replay."""

    def check(self, service: str, story: str) -> None:
        """Raise BadInput if no further delivery of a story can be taken down."""

    def begin(self, service: str, story: str, delivery: str) -> None:
        """Say which delivery the calls that follow belong to."""

    def keep(
        self,
        messages: list[BaseMessage],
        tools: list[dict[str, JsonValue]],
        parameters: dict[str, JsonValue],
        reply: AIMessage,
        seconds: float,
    ) -> None:
        """Take down one request and the reply to it."""

    def keep_error(
        self,
        messages: list[BaseMessage],
        tools: list[dict[str, JsonValue]],
        parameters: dict[str, JsonValue],
        error: str,
        seconds: float,
    ) -> None:
        """Take down one request that failed in a way that changes the next one."""


@dataclass(frozen=True)
class RoleModel:
    """A chat model and the bounds within which it is asked."""

    name: str
    """What the ledger calls it: "offline", "openai:gpt-x", "replay:recordings/discounts"."""
    model: BaseChatModel
    attempts: int = 4
    """How often one request is sent at most: rate limits, dropped connections and failing servers."""
    longest_wait_seconds: float = 60
    """The most that is waited between two attempts; a server that asks for more is not waited for."""
    corrections: int = 3
    """How often in one step a reply that cannot be used is sent back with what was wrong."""
    context_bytes: int = 0
    """Of the messages of a request, before earlier results are put away; 0 means no bound."""
    served: bool = False
    """Whether a server answers, which may send anything; what a model in this process raises is a fault of ours."""
    streams: bool = False
    api: Literal["chat", "responses"] = "chat"
    """Which of OpenAI's protocols it speaks."""
    tool_calls: Literal["native", "text"] = "native"
    """How calls are written: as the protocol has it, or as JSON in the text for servers that know no tools."""
    structured_output: Literal["function_calling", "json_schema", "json_mode"] = "function_calling"
    """With `tool_calls` "text": what holds the text to JSON, if anything does."""
    price: Price | None = None
    server: str = ""
    """URL of the server that answers, as it may be shown; "" for none."""
    recorder: CallRecorder | None = None


RoleModels = Callable[[str], tuple[RoleModel, ...]]
"""Role name to who plays it: the first, and in order who is asked when the one before gives up."""
