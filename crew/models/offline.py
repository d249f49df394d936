"""The offline model: a chat model whose replies come from the playbooks.

It reads nothing but the messages, so its replies can be recorded and replayed, and a language model can take
its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage

from crew.brief import read_brief
from crew.models.local import LocalModel
from crew.playbooks.script import Act, Conclude, Playbook, Seen


class OfflineModel(LocalModel):
    """A model that runs the playbook of the role named in the brief, up to its next call."""

    playbooks: Mapping[str, Playbook]

    def answer(self, messages: list[BaseMessage], bound: dict[str, Any]) -> AIMessage:
        """Return the playbook's next call; `bound` is ignored, since playbooks know their tools."""
        brief = read_brief(messages[1])
        seen = [_seen(message) for message in messages if isinstance(message, ToolMessage)]
        script = self.playbooks[brief.role](brief)
        step = next(script)
        for each in seen:
            step = script.send(each)
        return AIMessage(
            content="",
            tool_calls=[_call(step, len(seen))],
            usage_metadata={"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
        )


def _call(step: Act | Conclude, place: int) -> ToolCall:
    said = {"rationale": step.rationale, "evidence": list(step.evidence)}
    name, arguments = (
        ("answer", step.answer.model_dump(mode="json", exclude_unset=True))
        if isinstance(step, Conclude)
        else (step.tool, step.arguments)
    )
    # The id only links the call to its result, so its position in the conversation is enough.
    return ToolCall(name=name, args=dict(arguments) | said, id=f"call-{place}")


def _seen(message: ToolMessage) -> Seen:
    return Seen.model_validate(json.loads(str(message.content)))
