"""One step of a role: the model is asked until its reply is usable or it gives up, and the ledger records each attempt.

A "calling" row is written before each request, then a "model" row if the reply is usable or a "fault" row if it is not.
Only a request that was in flight when the process was killed is sent twice, and its row is marked as such."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, messages_from_dict, messages_to_dict
from pydantic import JsonValue

from crew.agents.role import Role
from crew.delivery_context import DeliveryContext
from crew.errors import CrewError
from crew.models.compaction import Conversation
from crew.models.faults import GAVE_UP, Fault, Faulty
from crew.models.request import ask, faults_in, size_of
from crew.models.role_model import RoleModel
from crew.models.schemas import ToolSchema
from crew.models.spending import cost_of
from crew.records.canonical_json import canonical
from crew.records.rows import Calling, ModelBody, ModelFault, ModelReply
from crew.telemetry.api import OFF, Span

M = TypeVar("M", bound=ModelBody)

SECRET_CALLS = "calls_with_secrets"  # noqa: S105  a key, not a password
"""Key in a stored reply's `additional_kwargs` for the ids of calls that contained a secret and are not executed."""
MOST_SHRINKS = 2
"""Maximum number of times per step that messages exceeding the model's context are halved."""


class GaveUp(CrewError):  # noqa: N818
    """A model gave no usable reply within its limits."""

    def __init__(self, role_model: str, fault: Fault) -> None:
        super().__init__(f"{role_model} gave up ({fault.name}). {fault.what}")
        self.fault = fault


@dataclass(frozen=True)
class Request:
    """A role's request to its model at one step."""

    delivery: str
    role: Role
    visit: int
    step: int
    digest: str
    """Digest of everything that the messages are built from."""
    conversation: Callable[[int], Conversation]
    """Function that returns the conversation so far, compacted to at most the given size in bytes; 0 means no limit."""
    tools: list[ToolSchema]
    read_result: list[ToolSchema] = field(default_factory=list)
    """Additional tools that are offered once the conversation has been compacted."""

    @property
    def key(self) -> str:
        """Key of the reply's row; the keys of its attempts add a number to it."""
        return f"m-{self.role.name}-{self.visit}-{self.step}"


def reply(context: DeliveryContext, role_model: RoleModel, request: Request) -> str:
    """Return the digest of the model's reply; a reply that is already in the ledger is not requested again.

    Raises GaveUp once the model's limits are reached, and BoundReached instead of sending a request over budget.
    """
    made = context.ledger.find(request.delivery, ModelReply, request.key)
    if made:
        return made.body.reply
    step = _Step(context, role_model, request)
    while True:
        asked = step.asked()
        try:
            with context.telemetry.model_call(role_model.name, request.role.name, request.delivery) as span:
                said, seconds = step.ask(asked)
                _report_usage(span, said)
                if context.telemetry is not OFF:
                    span.set(
                        input_messages=cast(JsonValue, messages_to_dict(asked.messages)),
                        output_messages=cast(JsonValue, messages_to_dict([said])),
                    )
        except Faulty as error:
            step.failed(asked, error.fault)
            continue
        fault = faults_in(said, asked.tools, context.tools)
        if fault is None:
            return step.took(said, seconds)
        step.failed(asked, fault, said, seconds)


@dataclass(frozen=True)
class _Asked:
    """The messages and tools of a request."""

    messages: list[BaseMessage]
    tools: list[ToolSchema]
    size: int
    """Size of the messages and tools together, in bytes."""


def _report_usage(span: Span, said: AIMessage) -> None:
    """Set the token usage, model and finish reason of a reply on a span."""
    usage = said.usage_metadata
    if usage:
        span.set(input_tokens=usage["input_tokens"], output_tokens=usage["output_tokens"])
    if served := said.response_metadata.get("model_name"):
        span.set(response_model=str(served))
    if reason := said.response_metadata.get("finish_reason"):
        span.set(finish_reasons=[str(reason)])


class _Step:
    """The attempts of one step, counted from the ledger so that a resumed delivery continues the count."""

    def __init__(self, context: DeliveryContext, role_model: RoleModel, request: Request) -> None:
        self._context = context
        self._role_model = role_model
        self._request = request
        self._sent = 0
        self._told = ""
        self._corrections = 0
        self._shrinks = self._shrunk = self._shrunk_before()
        self._again = False
        while row := context.ledger.find(request.delivery, Calling, self._key(self._sent + 1)):
            self._sent += 1
            fault = context.ledger.find(request.delivery, ModelFault, row.key)
            self._again = fault is None
            if fault:
                self._count(Fault.model_validate(fault.body.fault))

    def _shrunk_before(self) -> int:
        """Return how many times the messages of the previous step were halved before they fitted."""
        request, number, shrunk = self._request, 1, 0
        key = replace(request, step=request.step - 1).key
        while row := self._context.ledger.find(request.delivery, Calling, f"{key}-{number}"):
            number, shrunk = number + 1, row.body.shrunk
        return shrunk

    def asked(self) -> _Asked:
        """Return the next request, which ends with the correction of the last reply if that was faulty."""
        request, limit = self._request, self._role_model.context_bytes
        if self._shrinks:
            limit = (limit or request.conversation(0).size) >> self._shrinks
        held = request.conversation(limit)
        tools = [*request.tools, *request.read_result] if held.compacted else request.tools
        told = [HumanMessage(self._told)] if self._told else []
        return _Asked([*held.messages, *told], tools, held.size + len(self._told) + size_of(tools))

    def ask(self, asked: _Asked) -> tuple[AIMessage, float]:
        """Return the reply and the seconds it took, writing a row for each attempt and each failure."""
        begun = 0.0

        def sending() -> None:
            nonlocal begun
            self._context.budget_tracker.check(asked.size, self._role_model.name)
            self._calling(asked.size)
            begun = time.monotonic()

        def failed(fault: Fault, waits: float) -> None:
            self._fault(fault, {"waits_seconds": round(waits, 1)})

        said = ask(self._role_model, asked.messages, asked.tools, sending, failed, self._context.redact)
        seconds = time.monotonic() - begun
        if self._role_model.recorder:
            self._role_model.recorder.keep(asked.messages, asked.tools, {}, said, seconds)
        return _without_secrets(self._context, said), seconds

    def took(self, said: AIMessage, seconds: float) -> str:
        """Store a usable reply and return its digest."""
        more = self._cost(said, seconds) | {"call": self._key(self._sent)}
        body = self._write(ModelReply, self._request.key, **more)
        return body.reply

    def failed(
        self, asked: _Asked, fault: Fault, said: AIMessage | None = None, seconds: float = 0.0
    ) -> None:
        """Record a fault; raises GaveUp if another request would exceed the limits."""
        if said is None and fault.remedy == "shrink" and self._role_model.recorder:
            # The next request depends on this failure, so a replay must fail here too.
            self._role_model.recorder.keep_error(asked.messages, asked.tools, {}, fault.name, seconds)
        self._fault(fault, self._cost(said, seconds) if said else {})
        self._count(fault)
        left = {
            "tell": self._corrections <= self._role_model.corrections,
            "shrink": self._shrinks - self._shrunk <= MOST_SHRINKS,
            "wait": False,
            "give_up": False,
        }
        if not left[fault.remedy]:
            if fault.remedy != "shrink" and self._role_model.recorder:
                # The next request was never sent, so a replay must give up here too.
                following = self.asked()
                self._role_model.recorder.keep_error(following.messages, following.tools, {}, GAVE_UP, 0.0)
            raise GaveUp(self._role_model.name, fault)

    def _count(self, fault: Fault) -> None:
        self._corrections += fault.remedy == "tell"
        self._shrinks += fault.remedy == "shrink"
        self._told = fault.tell or self._told

    def _calling(self, size: int) -> None:
        self._sent += 1
        shrunk, again, self._again = self._shrinks, self._again, False
        more = {"request": self._request.digest, "bytes": size, "shrunk": shrunk, "again": again}
        self._write(Calling, self._key(self._sent), **more)

    def _fault(self, fault: Fault, more: dict[str, object]) -> None:
        said = {"fault": fault.model_dump(mode="json"), "text": fault.what}
        self._write(ModelFault, self._key(self._sent), **said, **more)

    def _write(self, kind: type[M], key: str, **more: object) -> M:
        request = self._request
        place = {"role": request.role.name, "visit": request.visit, "step": request.step}
        body = kind.model_validate({**place, "model": self._role_model.name, **more})
        self._context.bus.publish(self._context.ledger.append(request.delivery, key, body))
        return body

    def _cost(self, said: AIMessage, seconds: float) -> dict[str, object]:
        kept = canonical(messages_to_dict([said])).encode()
        asked = self._context.ledger.find(self._request.delivery, Calling, self._key(self._sent))
        cost = cost_of(said, asked.body.bytes if asked else 0, len(kept), self._role_model.price)
        body: dict[str, object] = {"reply": self._context.artifacts.put(kept), "seconds": round(seconds, 3)}
        if served := said.response_metadata.get("model_name"):
            body |= {"served_by": str(served)}
        return body | cost.model_dump()

    def _key(self, number: int) -> str:
        return f"{self._request.key}-{number}"


def _without_secrets(context: DeliveryContext, message: AIMessage) -> AIMessage:
    """Return the message with its secrets redacted; `SECRET_CALLS` lists the ids of the calls that contained one."""
    raw: JsonValue = messages_to_dict([message])[0]["data"]
    clean = cast(dict[str, JsonValue], context.redact(raw))
    kept = AIMessage.model_validate(clean)
    held = [
        str(said["id"])
        for said, left in zip(message.tool_calls, kept.tool_calls, strict=True)
        if said["args"] != left["args"]
    ]
    more = {SECRET_CALLS: held} if held else {}
    return kept.model_copy(update={"additional_kwargs": kept.additional_kwargs | more})


def read_reply(context: DeliveryContext, digest: str) -> AIMessage:
    """Return the stored reply with the given digest."""
    (message,) = messages_from_dict(json.loads(context.artifacts.get(digest)))
    if not isinstance(message, AIMessage):
        raise TypeError(f"{digest} is not a model's reply.")
    return message
