"""Chat models behind OpenAI's protocol, whoever serves them: built here and nowhere else."""

from __future__ import annotations

import json
import os
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from crew.config import ModelSettings
from crew.errors import BadInput

PUBLIC = "https://api.openai.com/v1"


class _Chat(ChatOpenAI):
    """Keeps what a stream says of a refusal, which the library drops."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or []
        refusal = (choices[0].get("delta") or {}).get("refusal") if choices else None
        if made is not None and refusal:
            made.message.additional_kwargs["refusal"] = refusal
        return made


def openai_model(name: str, settings: ModelSettings) -> ChatOpenAI:
    """Return the model of that name; raises BadInput where there is no key for OpenAI's own server.

    It does not retry: that is done in one place, `crew.models.asking`, where the ledger sees it.
    """
    base = settings.base_url or os.environ.get("OPENAI_BASE_URL") or ""
    key = os.environ.get("OPENAI_API_KEY")
    if not key and (not base or base.rstrip("/") == PUBLIC):
        raise BadInput(
            "There is no key for OpenAI. Set OPENAI_API_KEY; or, for a server of your own, OPENAI_BASE_URL "
            "(http://localhost:11434/v1 for Ollama)."
        )
    options: dict[str, Any] = {}
    if settings.max_output_tokens:
        options["max_tokens"] = settings.max_output_tokens
    if settings.temperature is not None:
        options["temperature"] = settings.temperature
    return _Chat(
        model=name,
        base_url=base or PUBLIC,
        api_key=cast(Any, key or "none"),  # a server of one's own asks for none
        timeout=settings.timeout_seconds,
        max_retries=0,
        stream_usage=True,
        use_responses_api=settings.api == "responses",
        **options,
    )


def whole(chunks: list[AIMessageChunk]) -> AIMessage:
    """Return the message that a stream's chunks make.

    The library reads cut-off arguments as far as they go; here arguments that are not JSON as they stand are invalid.
    """
    joined = chunks[0]
    for chunk in chunks[1:]:
        joined = joined + chunk
    calls, invalid = [], []
    for piece in joined.tool_call_chunks:
        try:
            arguments = json.loads(piece["args"] or "{}")
        except ValueError:
            arguments = None
        if isinstance(arguments, dict) and piece["name"]:
            calls.append({"name": piece["name"], "args": arguments, "id": piece["id"], "type": "tool_call"})
        else:
            broken = {"name": piece["name"], "args": piece["args"], "id": piece["id"], "error": "not JSON"}
            invalid.append(broken | {"type": "invalid_tool_call"})
    return AIMessage(
        content=joined.content,
        additional_kwargs=joined.additional_kwargs,
        response_metadata=joined.response_metadata,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=joined.usage_metadata,
    )
