"""Chat models with an OpenAI-compatible API, whichever server provides them."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import httpx2
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

from crew.errors import BadInput
from crew.models.arguments import arguments_in
from crew.models.faults import Fault, Faulty
from crew.settings.config import ModelSettings
from crew.settings.model_settings import PUBLIC, server_of

LARGEST_REPLY = 4_000_000
"""Maximum size of a response in bytes, ten times that of the longest replies in practice."""
LONGEST_REPLY = 10
"""Maximum duration of a reply as a multiple of the timeout, however steadily its bytes arrive."""


class _Chat(ChatOpenAI):
    """A ChatOpenAI that also keeps refusals in a stream, and arguments that are not a JSON object."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or []
        refusal = (choices[0].get("delta") or {}).get("refusal") if choices else None
        if made is not None and refusal:
            made.message.additional_kwargs["refusal"] = refusal
        return made

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        if isinstance(response, str):
            raise ValueError(f"not JSON: {response[:200]}")  # noqa: TRY004  as for other unreadable replies
        plain: dict[str, Any] = (
            response if isinstance(response, dict) else response.model_dump(warnings=False)
        )
        message = next(iter(plain.get("choices") or [{}])).get("message") or {}
        broken = [
            each for call in message.get("tool_calls") or [] if (each := _broken(call.get("function") or {}))
        ]
        made = super()._create_chat_result(plain, generation_info)
        said = made.generations[0].message
        if isinstance(said, AIMessage):
            for call, given in zip(said.invalid_tool_calls, broken, strict=False):
                call["args"] = given
            if message.get("refusal"):
                said.additional_kwargs["refusal"] = message["refusal"]
        return made


def _broken(function: dict[str, Any]) -> str:
    """Return the arguments of a call if they are invalid, or ""; replace them with text that the library rejects too.

    The library would accept a list as arguments and then fail on the whole reply."""
    function["arguments"] = given = function.get("arguments") or "{}"
    try:
        arguments_in(str(given))
    except ValueError:
        function["arguments"] = "broken"
        return str(given)
    return ""


class _Bounded(httpx2.SyncByteStream):
    """A response stream with limits on its size and duration."""

    def __init__(self, stream: httpx2.SyncByteStream, seconds: float) -> None:
        self._stream = stream
        self._seconds = seconds
        self._begun = time.monotonic()

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._stream:
            size += len(part)
            if size > LARGEST_REPLY:
                raise Faulty(_oversized())
            if time.monotonic() - self._begun > self._seconds:
                what = f"The reply was not complete after {self._seconds:g} s."
                raise Faulty(Fault(name="disconnected", remedy="wait", what=what))
            yield part

    def close(self) -> None:
        """Close the underlying stream."""
        self._stream.close()


def shown_server(url: str) -> str:
    """Return a server's URL for display, without user name, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that cannot be read"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def openai_model(name: str, settings: ModelSettings) -> ChatOpenAI:
    """Return the model with the given name; raises BadInput if OpenAI's own server is used without a key.

    The model does not retry; only `crew.models.request` does, so that every attempt is recorded in the ledger.
    """
    base, key = server_of(settings), os.environ.get("OPENAI_API_KEY")
    if not key and base.rstrip("/") == PUBLIC:
        raise BadInput(
            "No API key for OpenAI. Set OPENAI_API_KEY; or, for a server of your own, OPENAI_BASE_URL "
            "(http://localhost:11434/v1 for Ollama)."
        )
    options: dict[str, Any] = {}
    if settings.max_output_tokens:
        options["max_tokens"] = settings.max_output_tokens
    if settings.temperature is not None:
        options["temperature"] = settings.temperature
    return _Chat(
        model=name,
        base_url=base,
        api_key=cast(Any, key or "none"),  # local servers do not require one
        timeout=settings.timeout_seconds,
        max_retries=0,
        stream_usage=True,
        openai_proxy=None,  # HTTPS_PROXY still applies; the library rejects this option together with http_client
        use_responses_api=settings.api == "responses",
        http_client=_client(settings.timeout_seconds),
        http_async_client=DefaultAsyncHttpxClient(verify=_certificates()),  # never used, but always created
        **options,
    )


def _client(timeout: float) -> httpx2.Client:
    def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            what = "The server compresses its replies although it was asked not to, so their size cannot be limited."
            raise Faulty(Fault(name="unreadable", remedy="give_up", what=what))
        response.stream = _Bounded(cast(httpx2.SyncByteStream, response.stream), LONGEST_REPLY * timeout)

    # Tools may run for minutes between two requests, so each request uses a new connection and none is kept alive.
    return DefaultHttpxClient(
        timeout=timeout,
        verify=_certificates(),
        limits=httpx2.Limits(max_keepalive_connections=0),
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [bound]},
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Return the TLS context; cached, since reading certificates takes a tenth of a second."""
    return httpx2.create_ssl_context()


def _oversized() -> Fault:
    size = f"{LARGEST_REPLY // 1_000_000} MB"
    tell = f"Your reply was longer than {size}, so none of it was executed. Do less in one reply. "
    tell += "Reply again, with a call to one of your tools."
    what = f"The model's reply is longer than {size}, the maximum size of a reply."
    return Fault(name="oversized", remedy="tell", what=what, tell=tell)


def whole(chunks: list[AIMessageChunk]) -> AIMessage:
    """Combine the chunks of a stream into one message.

    Truncated arguments, which the library would complete, become invalid calls, as do any that are not valid JSON.
    """
    joined = chunks[0] + chunks[1:]
    calls, invalid = [], []
    for piece in joined.tool_call_chunks:
        named = {"name": piece["name"], "id": piece["id"]}
        try:
            arguments = arguments_in(piece["args"] or "{}")
        except ValueError as error:
            invalid.append(named | {"args": piece["args"], "error": str(error), "type": "invalid_tool_call"})
        else:
            calls.append(named | {"name": piece["name"] or "", "args": arguments, "type": "tool_call"})
    ends = [chunk.response_metadata for chunk in chunks if chunk.response_metadata.get("finish_reason")]
    return AIMessage(
        content=joined.content,
        additional_kwargs=joined.additional_kwargs,
        response_metadata=joined.response_metadata | (ends[-1] if ends else {}),
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=_usage([chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]),
    )


def _usage(counted: list[UsageMetadata]) -> UsageMetadata | None:
    """Return the usage of a stream; per-chunk counts are cumulative, so they are not summed."""
    if not counted:
        return None
    sent, received = (max(each[name] for each in counted) for name in ("input_tokens", "output_tokens"))
    return UsageMetadata(input_tokens=sent, output_tokens=received, total_tokens=sent + received)
