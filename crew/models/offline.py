"""The offline model: a chat model whose replies come from the playbooks.

It reads the messages and nothing else, so what it does can be recorded, replayed, or done by a language
model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from crew.brief import read_brief
from crew.playbooks.script import Act, Conclude, Playbook, Seen


class OfflineModel(BaseChatModel):
    """Runs the playbook of the role that the brief names, up to its next call."""

    playbooks: Mapping[str, Playbook]

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the tools, as every chat model does; playbooks know theirs."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = _reply(self.playbooks, messages)
        return ChatResult(generations=[ChatGeneration(message=message)])


def _reply(playbooks: Mapping[str, Playbook], messages: list[BaseMessage]) -> AIMessage:
    brief = read_brief(messages[1])
    seen = [_seen(message) for message in messages if isinstance(message, ToolMessage)]
    script = playbooks[brief.role](brief)
    step = next(script)
    for each in seen:
        step = script.send(each)
    call = _call(step, len(seen))
    return AIMessage(
        content="",
        tool_calls=[call],
        usage_metadata={"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    )


def _call(step: Act | Conclude, place: int) -> ToolCall:
    said = {"rationale": step.rationale, "evidence": list(step.evidence)}
    name, arguments = (
        ("answer", step.answer.model_dump(mode="json", exclude_unset=True))
        if isinstance(step, Conclude)
        else (step.tool, step.arguments)
    )
    # The id only links the call to its result, so its place in the conversation is enough.
    return ToolCall(name=name, args=dict(arguments) | said, id=f"call-{place}")


def _seen(message: ToolMessage) -> Seen:
    return Seen.model_validate(json.loads(str(message.content)))
