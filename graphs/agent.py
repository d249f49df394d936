"""The graph of one agent: `think` calls the model, and `act` passes each tool call of its reply through the door.

The graph is the same for every role, with or without a language model. Its state holds only digests:
messages are rebuilt from the artifact store, so a checkpoint stays small however long the role works.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, TypedDict, cast

from langchain_core.messages import AIMessage, ToolCall, ToolMessage, messages_to_dict
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import JsonValue, ValidationError

from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.brief import Brief, first_messages
from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.errors import problems_in
from crew.model_calls import SECRET_CALLS, Request, read_reply, reply
from crew.models.compaction import Conversation, Exchange, Result, conversation, exchange
from crew.models.role_model import RoleModel
from crew.models.schemas import read_result_schemas, tool_schemas
from crew.records.canonical_json import digest_of, encodable, unmistakable
from graphs.approval import through
from tools.counting import counted
from tools.result import ToolResult

MOST_REPEATS = 2
"""Number of consecutive repetitions of a call after which the role is stopped."""
MOST_ALIKE = 5
"""Number of identical results of the same call in one attempt after which the role is stopped for going in circles."""


class Turn(TypedDict):
    """One message after the first two of a conversation: a reply of the model, or the result of a tool call."""

    reply: str
    """Digest of the model's reply; "" if this is a result."""
    call: str
    """Id of the tool call that the result belongs to; "" if this is a reply."""
    action: str
    result: str
    """Digest of the result; "" if this is a reply."""


class AgentState(TypedDict, total=False):
    """State of a role that is kept between steps."""

    brief: dict[str, JsonValue]
    step: int
    turns: list[Turn]
    last_call: str
    """Digest of the last call's tool and arguments, and of its reasons if it was denied."""
    repeats: int
    alike: dict[str, int]
    """Number of times each call has had the same result in this attempt, by the digest of call and result."""
    answer: dict[str, JsonValue] | None
    problem: str
    """Why the role was stopped; "" if it was not."""


AgentGraph = CompiledStateGraph[AgentState, None, AgentState, AgentState]


def agent_graph(role: Role, context: DeliveryContext, role_model: RoleModel) -> AgentGraph:
    """Return the think-act loop of a role, driven by one model.

    The `think` node raises GaveUp if no usable reply can be obtained from the model.
    """
    transcript = _Transcript(role, context)
    read_result = read_result_schemas(context.tools)

    def think(state: AgentState) -> AgentState:
        step = state["step"] + 1
        if step > role.most_steps:
            return {
                "problem": f"The {role.name} agent did not finish within {counted(role.most_steps, 'step')}."
            }
        brief = Brief.model_validate(state["brief"])
        request = Request(
            delivery=brief.delivery,
            role=role,
            visit=brief.visit,
            step=step,
            digest=digest_of([state["brief"], state["turns"]]),
            conversation=lambda limit: transcript.until(brief, state["turns"], limit),
            tools=tool_schemas(role, context.tools, brief.by_hand, brief.by_blueprint),
            read_result=read_result,
        )
        said = reply(context, role_model, request)
        return {"step": step, "turns": [*state["turns"], Turn(reply=said, call="", action="", result="")]}

    def act(state: AgentState) -> AgentState:
        return _act(role, context, state)

    def after_thinking(state: AgentState) -> str:
        return END if state.get("problem") else "act"

    def after_acting(state: AgentState) -> str:
        return END if state.get("problem") or state.get("answer") is not None else "think"

    graph = StateGraph(AgentState)
    graph.add_node("think", think)
    graph.add_node("act", act)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", after_thinking, ["act", END])
    graph.add_conditional_edges("act", after_acting, ["think", END])
    return graph.compile()


def first_state(brief: Brief) -> AgentState:
    """Return the initial state of a role's attempt at its brief."""
    return {"brief": brief.model_dump(mode="json"), "step": 0, "turns": [], "last_call": "", "repeats": 0}


def _reply_of(context: DeliveryContext, digest: str) -> AIMessage:
    """Return a stored reply of the model, with its strings made encodable before it is acted on or shown again."""
    message = read_reply(context, digest)
    (raw,) = messages_to_dict([message])
    clean = cast(dict[str, Any], encodable(raw))
    return message if clean == raw else AIMessage.model_validate(clean["data"])


def _act(role: Role, context: DeliveryContext, state: AgentState) -> AgentState:
    brief = Brief.model_validate(state["brief"])
    message = _reply_of(context, state["turns"][-1]["reply"])
    update: AgentState = {
        "last_call": state["last_call"],
        "repeats": state["repeats"],
        "alike": dict(state.get("alike", {})),
        "turns": state["turns"],
    }
    failed = ""
    for index, tool_call in enumerate(message.tool_calls):
        call = _call(brief, state["step"], index, tool_call)
        answer = None
        if tool_call["id"] in message.additional_kwargs.get(SECRET_CALLS, ()):
            result = context.door.refuse(
                call, "The call contains a secret; it was neither executed nor stored."
            )
        elif failed and not _only_reads(context, call.tool):
            # The model requested this call on the assumption that the previous ones would succeed.
            result = context.door.refuse(
                call, f"Not executed, since {failed} failed earlier in the same reply."
            )
        else:
            result, answer = _one(role, context, call, update)
        failed = failed or ("" if result.ok else call.tool)
        stored = context.door.store(result)
        turn = Turn(reply="", call=tool_call["id"] or "", action=call.key, result=stored)
        update["turns"] = [*update["turns"], turn]
        if answer is not None:
            return {**update, "answer": answer.model_dump(mode="json"), "problem": ""}
        if update.get("problem"):
            return {**update, "answer": None}
    return update


def _one(
    role: Role, context: DeliveryContext, call: Call, update: AgentState
) -> tuple[ToolResult, Answer | None]:
    """Execute one call and count repetitions in `update`; return the result, and the role's answer if it gave one."""
    reasons: list[JsonValue] = [call.rationale, list(call.evidence)]
    plain, whole = digest_of([call.tool, call.arguments]), digest_of([call.tool, call.arguments, *reasons])
    repeated = update["last_call"] in (plain, whole)
    update["repeats"] = update["repeats"] + 1 if repeated else 0
    if update["repeats"] >= MOST_REPEATS:
        update["problem"] = (
            f"The {role.name} agent called {call.tool} again and again with the same arguments."
        )
    if repeated and call.tool != "answer":
        refusal = "This is the call you have just made; its result would be the same."
        return context.door.refuse(call, refusal), None
    result, answer = _carried_out(role, context, call, update["turns"])
    if update.get("problem") and not result.ok:
        update["problem"] += f" It was refused: {result.summary}"
    came = digest_of([plain, result.code, result.summary])
    update["alike"][came] = update["alike"].get(came, 0) + 1
    if update["alike"][came] >= MOST_ALIKE:
        update["problem"] = (
            f"The {role.name} agent called {call.tool} {MOST_ALIKE} times with the same arguments and the same result."
        )
    # A denied call may be repeated with better reasons; repeating one that was executed is pointless.
    update["last_call"] = whole if result.code == "denied" else plain
    return result, answer


def _carried_out(
    role: Role, context: DeliveryContext, call: Call, turns: list[Turn]
) -> tuple[ToolResult, Answer | None]:
    if call.tool == "answer":
        return _conclude(role, context, call, _last_results(context, turns))
    with context.telemetry.tool_call(call.tool, call.key, role.name, call.delivery) as span:
        result = through(context.door, call)
        span.set(
            action=call.key,
            outcome=result.code,
            arguments=call.arguments,
            result=result.model_dump(mode="json"),
        )
        return result, None


def _conclude(
    role: Role, context: DeliveryContext, call: Call, done: dict[str, ToolResult]
) -> tuple[ToolResult, Answer | None]:
    try:
        answer = role.answer.model_validate(call.arguments)
    except ValidationError as error:
        wrong = "; ".join(problems_in(error))
        return context.door.refuse(call, f"The answer does not match its schema: {wrong}."), None
    if objection := role.check(done, answer):
        return context.door.refuse(call, objection), None
    result = context.door.conclude(call)
    return result, answer if result.ok else None


def _last_results(context: DeliveryContext, turns: list[Turn]) -> dict[str, ToolResult]:
    """Return the latest result of each tool that the role called in this attempt, ignoring denied calls."""
    found: dict[str, ToolResult] = {}
    names: dict[str, str] = {}
    for turn in turns:
        if turn["reply"]:
            names = {each["id"] or "": each["name"] for each in _reply_of(context, turn["reply"]).tool_calls}
            continue
        result = ToolResult.model_validate_json(context.artifacts.get(turn["result"]))
        if result.code != "denied":
            found[names.get(turn["call"], "")] = result
    return found


def _call(brief: Brief, step: int, index: int, tool_call: ToolCall) -> Call:
    arguments = dict(tool_call["args"])
    rationale, evidence = arguments.pop("rationale", ""), arguments.pop("evidence", [])
    return Call(
        delivery=brief.delivery,
        role=brief.role,
        visit=brief.visit,
        step=step,
        index=index,
        tool=tool_call["name"],
        arguments=arguments,
        rationale=rationale if isinstance(rationale, str) else "",
        evidence=tuple(str(each) for each in evidence) if isinstance(evidence, list) else (),
        allowed_evidence=brief.allowed_evidence,
    )


def _only_reads(context: DeliveryContext, tool: str) -> bool:
    return tool in context.tools and context.tools[tool].effect == "read"


class _Transcript:
    """The conversation of a role, built from its turns; caches the messages of earlier steps."""

    def __init__(self, role: Role, context: DeliveryContext) -> None:
        self._role = role
        self._context = context
        self._reply = cache(lambda digest: _reply_of(context, digest))
        self._result = cache(self._read_result)
        self._steps: dict[tuple[str, ...], Exchange] = {}

    def until(self, brief: Brief, turns: list[Turn], limit: int) -> Conversation:
        """Return the conversation so far, compacted to at most `limit` bytes; 0 means no limit."""
        return conversation(
            first_messages(self._role, brief), [self._step(each) for each in _by_step(turns)], limit
        )

    def _step(self, turns: list[Turn]) -> Exchange:
        name = tuple(f"{turn['reply']} {turn['action']} {turn['call']} {turn['result']}" for turn in turns)
        if name not in self._steps:
            results = [self._result(turn["action"], turn["call"], turn["result"]) for turn in turns[1:]]
            self._steps[name] = exchange(self._reply(turns[0]["reply"]), results)
        return self._steps[name]

    def _read_result(self, action: str, call: str, digest: str) -> Result:
        result = json.loads(self._context.artifacts.get(digest))
        shown = {name: value for name, value in result.items() if value != {}}
        said = unmistakable(json.dumps({"action": action} | shown))
        return Result(ToolMessage(said, tool_call_id=call), digest)


def _by_step(turns: list[Turn]) -> list[list[Turn]]:
    """Group the turns by step: a reply, followed by the results of its calls."""
    steps: list[list[Turn]] = []
    for turn in turns:
        if turn["reply"]:
            steps.append([])
        steps[-1].append(turn)
    return steps
