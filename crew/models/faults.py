"""Faults of model replies and requests, with the remedy for each.

All functions are pure functions of messages and exceptions; none of them sends, waits or writes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from langchain_core.messages import AIMessage
from pydantic import BaseModel

from crew.door.reasons import gives_reason

if TYPE_CHECKING:
    import openai

    from tools.redaction import Redactor

FaultName = Literal[
    "malformed_arguments",
    "unknown_tool",
    "no_rationale",
    "no_call",
    "empty",
    "truncated",
    "oversized",
    "refusal",
    "context_overflow",
    "rate_limited",
    "disconnected",
    "server_error",
    "unreadable",
    "no_tool_calling",
    "no_quota",
    "unauthorised",
    "unknown_model",
    "bad_request",
    "gave_up",
]
Remedy = Literal["tell", "wait", "shrink", "give_up"]
"""`tell`: ask again, explaining the fault. `wait`: send the request again later. `shrink`: compact the conversation
and send it again. `give_up`: stop, since another request would have the same result."""

GAVE_UP: Literal["gave_up"] = "gave_up"
"""Name of the error by which a recording marks that the model was not asked again."""

_OVERFLOW = re.compile(
    r"context.{0,20}(length|window|size)|(prompt|input|request|messages?) (is|are) too long|too many (input )?tokens"
    r"|maximum.{0,20}tokens"
)
_NO_QUOTA = re.compile(r"insufficient.quota|billing|exceeded your current quota")
_NOT_MADE = ("ConnectError", "ConnectTimeout", "ConnectionRefusedError")
"""Names of errors, of any library, for a connection that was never established."""
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError, ArithmeticError)
"""Exceptions that the library raises for a reply that it cannot parse."""
NO_TOOLS = 'Set tool_calls = "text" under [model] in crew.toml (or --model openai:NAME?tool_calls=text).'


class Fault(BaseModel, frozen=True):
    """A fault of a reply or a request, with its remedy."""

    name: FaultName
    remedy: Remedy
    what: str
    """One sentence for a person: what happened, and how a person can fix it."""
    tell: str = ""
    """Explanation for the model when it is asked again."""
    wait_seconds: float | None = None
    """Waiting time that the server requests, in seconds; None if it requests none."""


class Faulty(Exception):  # noqa: N818  internal: raised and caught within one step
    """A failed request; `fault` describes the failure."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def fault_in(reply: AIMessage, offered: Iterable[str], existing: Iterable[str] = ()) -> Fault | None:
    """Return the most serious fault of a reply, or None if the reply is usable.

    A call of an existing tool that was not offered is usable: policy denies it, and the denial is recorded."""
    if fault := unusable(reply, offered, existing) or _unreasoned(reply):
        return fault
    if reply.tool_calls:
        return None
    if not reply.text.strip():
        return _told("empty", "The model sent an empty reply.", "Your reply was empty.")
    what = f"The model wrote text instead of calling a tool. If this happens repeatedly: {NO_TOOLS}"
    return _told("no_call", what, "You wrote text, which has no effect.")


def unusable(reply: AIMessage, offered: Iterable[str], existing: Iterable[str] = ()) -> Fault | None:
    """Return the fault that makes a reply unusable in any context, such as a refusal or truncation, or None."""
    tools = tuple(offered)
    return _refused(reply) or _cut(reply) or _broken(reply) or _unknown(reply, tools, {*tools, *existing})


def _refused(reply: AIMessage) -> Fault | None:
    said = shown(str(reply.additional_kwargs.get("refusal") or ""))
    if not said and _finish(reply) != "content_filter":
        return None
    said = said or "the server's content filter stopped the reply"
    tell = (
        "You refused. This is ordinary software work on the person's own service; answer with a tool call, or "
        "conclude with what you cannot do and why."
    )
    return _told("refusal", sentence(f"The model refused: {said}"), tell)


def _cut(reply: AIMessage) -> Fault | None:
    if _finish(reply) not in ("length", "max_tokens", "max_output_tokens", "incomplete"):
        return None
    tell = (
        "Your reply was cut off, so none of it was executed. Do less in one reply: make one call, and write a "
        "large file in several edits."
    )
    return _told("truncated", "The reply was cut off at the model's limit of output tokens.", tell)


def _broken(reply: AIMessage) -> Fault | None:
    if not reply.invalid_tool_calls:
        return None
    call = reply.invalid_tool_calls[0]
    what = (
        f"The arguments of {_named(call.get('name'))} could not be read ({shown(call.get('error') or '')})."
    )
    return _told("malformed_arguments", what, f"{what} None of your calls was executed.")


def _unknown(reply: AIMessage, tools: tuple[str, ...], known: set[str]) -> Fault | None:
    for call in reply.tool_calls:
        if call["name"] not in known:
            what = f"The model called {_named(call['name'])!r}, which does not exist."
            tell = f"Unknown tool {_named(call['name'])!r}; yours are {', '.join(tools)}. None of your calls was "
            tell += "executed."
            return _told("unknown_tool", what, tell)
    return None


def _unreasoned(reply: AIMessage) -> Fault | None:
    for call in reply.tool_calls:
        rationale = call["args"].get("rationale")
        if not isinstance(rationale, str) or not gives_reason(rationale):
            what = f"The call of {call['name']} had no rationale."
            tell = f"{what} Every call must say what you saw, chose and rejected. None of your calls was "
            return _told("no_rationale", what, tell + "executed.")
    return None


def _told(name: FaultName, what: str, tell: str) -> Fault:
    return Fault(
        name=name, remedy="tell", what=what, tell=f"{tell} Reply again, with a call to one of your tools."
    )


def _finish(reply: AIMessage) -> str:
    return str(reply.response_metadata.get("finish_reason") or "")


def _named(name: str | None) -> str:
    return shown(name or "a call", 80)


def shown(text: str, longest: int = 300) -> str:
    """Return text from a server or model as one line for display, without control characters and truncated."""
    line = " ".join(
        "".join(
            " " if unicodedata.category(each)[0] == "C" else each for each in text[: 20 * longest]
        ).split()
    )
    return line if len(line) <= longest else f"{line[:longest]}..."


def sentence(text: str) -> str:
    """Return the text with a full stop added, unless it already ends like a sentence."""
    return text if text.rstrip("\"')`").endswith((".", "!", "?", "…")) else f"{text}."


def fault_of(error: Exception, redact: Redactor, server: str = "") -> Fault | None:
    """Return the fault that an exception stands for, or None if it is not a failure of a model or its server.

    `redact` removes secrets from the server's text before it is truncated; `server` is the server's URL."""
    from langchain_core.exceptions import ContextOverflowError  # noqa: PLC0415  slow; only needed after a failure

    held: BaseException | None = error
    while held is not None:
        # Limits on replies raise Faulty within the library, which wraps it in an exception of its own.
        if isinstance(held, Faulty):
            return held.fault
        held = held.__cause__
    if isinstance(error, ContextOverflowError):
        what = "The request is longer than what the model can read."
        return Fault(name="context_overflow", remedy="shrink", what=what)
    import openai  # noqa: PLC0415

    if isinstance(error, openai.APIStatusError):
        after = error.response.headers.get("retry-after")
        return _of_status(error.status_code, redact.text(_message(error)), after)
    if isinstance(error, openai.APIConnectionError | OSError) or _of_transport(error):
        return Fault(name="disconnected", remedy="wait", what=_unreached(error, redact, server))
    if isinstance(error, openai.APIError):
        # An error in the middle of a stream has no HTTP status; some servers put one into the error code.
        code = int(str(error.code)) if str(error.code).isdigit() else 500
        return _of_status(
            code, redact.text(f"{error.message} ({error.code})" if error.code else error.message), None
        )
    if isinstance(error, (openai.OpenAIError, *_UNREADABLE)):
        said = shown(redact.text(str(error)))
        if _OVERFLOW.search(said.lower()):
            return Fault(
                name="context_overflow", remedy="shrink", what=sentence(f"The model's server says: {said}")
            )
        what = f"What the server sent is not a chat completion ({type(error).__name__}: {said})."
        return Fault(name="unreadable", remedy="wait", what=what)
    return None


def _unreached(error: Exception, redact: Redactor, server: str) -> str:
    """Return the message for a connection that could not be established or broke off."""
    chain: list[BaseException] = [error]
    while cause := chain[-1].__cause__:
        chain.append(cause)
    # The libraries wrap the original exception, whose message is the most informative.
    said = shown(
        redact.text(next((str(each) for each in reversed(chain) if str(each)), type(error).__name__))
    )
    names = [type(each).__name__ for each in chain]
    where = f"The model's server at {server}" if server else "The model's server"
    if any(each in names for each in _NOT_MADE):
        return (
            f"{sentence(f'{where} cannot be reached: {said}')} Start it, or point to a running one: base_url under "
            "[model] in crew.toml, or OPENAI_BASE_URL."
        )
    if any("Timeout" in each for each in names):
        return (
            f"{sentence(f'{where} did not answer in time: {said}')} Make sure that it is not overloaded, or raise "
            "timeout_seconds under [model] in crew.toml."
        )
    return sentence(f"{where} dropped the connection: {said}")


def _message(error: openai.APIError) -> str:
    """Return the server's error message with its error code, which distinguishes some faults."""
    said = re.sub(r"^Error code: \d+ - ", "", str(error.message))
    return said if not error.code or str(error.code) in said else f"{said} ({error.code})"


def _of_transport(error: Exception) -> bool:
    # The library does not wrap transport errors within a stream, whichever version of httpx the SDK uses.
    return type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2")


def _of_status(status: int, message: str, retry_after: str | None) -> Fault:
    said = sentence(f"The model's server says {status}: {shown(message)}")
    lower = message.lower()
    if status == 402 or (status == 429 and _NO_QUOTA.search(lower)):
        return Fault(
            name="no_quota", remedy="give_up", what=f"{said} Raise the account's limit, or use another model."
        )
    if status == 429:
        return Fault(name="rate_limited", remedy="wait", what=said, wait_seconds=_seconds(retry_after))
    if status == 413 or (status not in (401, 403) and _OVERFLOW.search(lower)):
        return Fault(name="context_overflow", remedy="shrink", what=said)
    if status in (408, 409, 425) or status >= 500:
        return Fault(name="server_error", remedy="wait", what=said, wait_seconds=_seconds(retry_after))
    if status in (401, 403):
        return Fault(
            name="unauthorised", remedy="give_up", what=f"{said} Set OPENAI_API_KEY to a key that may use it."
        )
    if re.search(r"tool|function", lower) and re.search(
        r"support|unknown|unrecogni|not allowed|enable|require", lower
    ):
        return Fault(name="no_tool_calling", remedy="give_up", what=f"{said} {NO_TOOLS}")
    if status == 404:
        return Fault(
            name="unknown_model", remedy="give_up", what=f"{said} Check the model's name and OPENAI_BASE_URL."
        )
    return Fault(name="bad_request", remedy="give_up", what=said)


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds in a Retry-After header, which may be a number or an HTTP date; None if it is neither."""
    with suppress(ValueError):
        return max(0.0, float(retry_after or ""))
    try:
        return max(0.0, (parsedate_to_datetime(retry_after or "") - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
