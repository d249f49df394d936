"""Chat models that run in this process, without a server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool


class LocalModel(BaseChatModel):
    """A chat model whose subclass computes the reply."""

    @abstractmethod
    def answer(self, messages: list[BaseMessage], bound: dict[str, Any]) -> AIMessage:
        """Return the reply; `bound` contains the request's bound parameters, such as its tools."""

    @property
    def _llm_type(self) -> str:
        return type(self).__name__.removesuffix("Model").lower()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model bound to the tools, converted to OpenAI functions."""
        chosen = {"tool_choice": tool_choice} if tool_choice else {}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **chosen, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self.answer(messages, kwargs | ({"stop": stop} if stop else {}))
        return ChatResult(generations=[ChatGeneration(message=message)])
