"""A request to a chat model: it is retried after transient failures, and its reply is parsed strictly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from crew.models.faults import Fault, Faulty, fault_in, fault_of
from crew.models.replies import numbered, plain
from crew.models.role_model import RoleModel
from crew.models.schemas import ToolSchema
from crew.models.text import REPLY_SCHEMA, as_text, from_text
from tools.redaction import Redactor

_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=60, jitter=0.5)


def ask(
    role_model: RoleModel,
    messages: list[BaseMessage],
    tools: Sequence[ToolSchema],
    sending: Callable[[], None],
    failed: Callable[[Fault, float], None],
    redact: Redactor,
    forced: str = "",
) -> AIMessage:
    """Return the model's reply without checking its content; `forced` names a tool that the model must call.

    `sending` is called before each attempt, and `failed` before each retry, with the fault and the seconds to wait.
    `redact` removes secrets from the messages and from the server's error messages. Raises Faulty once the attempts
    are used up, or immediately for a fault that waiting does not fix.
    """
    sent = [_clean(message, redact) for message in messages]

    def attempt() -> AIMessage:
        sending()
        try:
            return _once(role_model, sent, tools, forced)
        except Exception as error:
            fault = fault_of(error, redact, role_model.server)
            if fault is None or (fault.name == "unreadable" and not role_model.served):
                raise
            # Drop the cause, which contains the server's unredacted text.
            raise Faulty(_patient(fault, role_model)) from None

    retrying = Retrying(
        stop=stop_after_attempt(role_model.attempts),
        wait=lambda state: _wait(state, role_model),
        retry=retry_if_exception(lambda error: _is_passing(error, role_model)),
        before_sleep=lambda state: failed(_fault(state), state.upcoming_sleep),
        reraise=True,
    )
    return retrying(attempt)


def faults_in(reply: AIMessage, tools: Sequence[ToolSchema], existing: Iterable[str]) -> Fault | None:
    """Return the fault of a reply to a request that offered `tools`, or None; `existing` names all existing tools."""
    return fault_in(reply, [each["function"]["name"] for each in tools], existing)


def _clean(message: BaseMessage, redact: Redactor) -> BaseMessage:
    raw = message.model_dump()
    clean = redact(raw)
    return message if clean == raw else type(message).model_validate(clean)


def _once(
    role_model: RoleModel, messages: list[BaseMessage], tools: Sequence[ToolSchema], forced: str
) -> AIMessage:
    if role_model.tool_calls == "text":
        reply = _said(role_model, role_model.model.bind(**_form(role_model)), as_text(messages, tools))
        return numbered(from_text(plain(reply)), messages)
    offered: list[Any] = [*tools]
    bound = role_model.model.bind_tools(offered, **({"tool_choice": forced} if forced else {}))
    return numbered(plain(_said(role_model, bound, messages)), messages)


def _said(role_model: RoleModel, model: Any, messages: list[BaseMessage]) -> AIMessage:
    if not role_model.streams:
        reply = model.invoke(messages)
        if not isinstance(reply, AIMessage):
            raise TypeError(f"a chat model answered with {type(reply).__name__}")
        return reply
    from crew.models.openai import whole  # noqa: PLC0415  only needed for streaming

    chunks = [chunk for chunk in model.stream(messages) if isinstance(chunk, AIMessageChunk)]
    if not chunks or not _ended(chunks):
        what = "The model's reply broke off before its end. If every reply does, set stream = false under [model]."
        raise Faulty(Fault(name="disconnected", remedy="wait", what=what))
    return whole(chunks)


def _ended(chunks: list[AIMessageChunk]) -> bool:
    """Return whether the stream is complete: chat completions end with a finish reason, responses with a status."""
    return any({"finish_reason", "status"} & set(chunk.response_metadata) for chunk in chunks)


def _form(role_model: RoleModel) -> dict[str, Any]:
    """Return the options that restrict a reply to JSON text, bypassing the library's own lenient parsing of it."""
    if role_model.structured_output == "function_calling":
        return {}
    responses = role_model.api == "responses"
    form: dict[str, Any] = {"type": "json_object"}
    if role_model.structured_output == "json_schema":
        schema = {"name": "calls", "schema": REPLY_SCHEMA}
        form = {"type": "json_schema"} | (schema if responses else {"json_schema": schema})
    return {"extra_body": {"text": {"format": form}} if responses else {"response_format": form}}


def _is_passing(error: BaseException, role_model: RoleModel) -> bool:
    if not isinstance(error, Faulty) or error.fault.remedy != "wait":
        return False
    return (error.fault.wait_seconds or 0) <= role_model.longest_wait_seconds


def _patient(fault: Fault, role_model: RoleModel) -> Fault:
    """Return the fault, explaining why it is not retried if the server requests a longer wait than allowed."""
    asked = fault.wait_seconds or 0
    if fault.remedy != "wait" or asked <= role_model.longest_wait_seconds:
        return fault
    most = f"{role_model.longest_wait_seconds:g}"
    why = f"It asks to wait {asked:.0f} s; the limit is {most} s (longest_wait_seconds under [model])."
    return fault.model_copy(update={"what": f"{fault.what} {why}"})


def _wait(state: RetryCallState, role_model: RoleModel) -> float:
    asked = _fault(state).wait_seconds
    return float(min(role_model.longest_wait_seconds, _BACKOFF(state) if asked is None else asked))


def _fault(state: RetryCallState) -> Fault:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Faulty)  # noqa: S101  only Faulty is retried
    return error.fault


def size_of(tools: Sequence[ToolSchema]) -> int:
    """Return the size of the tools' schemas in a request, in bytes."""
    return sum(len(json.dumps(each)) for each in tools)
