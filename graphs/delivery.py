"""The delivery graph: everything that happens to a story, from intake to a running service.

    intake -> design -> [examples] -> code -> [keep_examples] -> (testing | governance) -> judge
                ^                      ^----------------- repair, bounded -----------------|
                |-- questions
                '-- redesign, bounded, if the code agent objects to the design
    judge -> pull_request -> approval -> merge
    (approval | merge) -> update -> (testing | governance), bounded, if main has new commits
    merge -> performance -> deployment -> reliability -> cost -> learn

Agents communicate only through the state, never directly. The names of the nodes are part of an on-disk format:
the checkpoints of unfinished deliveries contain them (see crew/records/graph_shapes.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import interrupt

from crew.agents import ROLES
from crew.agents.answers import answer_of, design_of
from crew.delivery_context import DeliveryContext
from crew.evidence.design import (
    design_result,
    for_every_criterion,
    questions_assumed,
    questions_renamed,
)
from crew.evidence.evidence import last
from crew.records.rows import Answered, Arguments, Note
from crew.report.pull_request import blocking
from crew.state import DeliveryState, Ending, RoleName, Status, merged
from graphs.approval import Reply
from graphs.examples import keep_examples, write_examples
from graphs.fallback import play_from
from graphs.judging import JUDGES, judge, objections_of
from graphs.merging import approval, merge, pull_request, update_branch
from graphs.own_calls import OPEN, crew
from graphs.redesign import redesign, redesigned, returned
from tools.counting import counted

Graph = CompiledStateGraph[DeliveryState, None, DeliveryState, DeliveryState]
Node = Callable[[DeliveryContext, DeliveryState], DeliveryState]

LATER = {
    "performance": "Skipped: load tests come in a later version, so nothing was measured under load.",
    "reliability": "Skipped: monitoring and rollback come in a later version; the new version gets all traffic.",
    "cost": "Skipped: cost analysis comes in a later version, so nothing was saved.",
    "learn": "Skipped: learning from outcomes comes in a later version; the outcome is in the ledger.",
}
"""Nodes that do nothing yet, each with the note that it adds to the ledger."""


def delivery_graph(context: DeliveryContext, saver: BaseCheckpointSaver[str] | None = None) -> Graph:
    """Return the compiled state machine of one delivery."""
    graph = StateGraph(DeliveryState)
    for name, node in _nodes().items():
        graph.add_node(name, cast(Any, _watched(context, name, node)))
    graph.add_edge(START, "intake")
    graph.add_conditional_edges("intake", _unless_ended("design"), ["design", END])
    graph.add_conditional_edges("design", _after_design, ["questions", "examples", "code", END])
    graph.add_edge("questions", "design")
    graph.add_edge("examples", "code")
    after_code = ["redesign", "keep_examples", "testing", "governance", "deployment", END]
    graph.add_conditional_edges("code", _after_code, after_code)
    graph.add_edge("keep_examples", "testing")
    graph.add_edge("keep_examples", "governance")
    graph.add_edge([*JUDGES], "judge")
    graph.add_edge("redesign", "design")
    graph.add_conditional_edges("judge", _after_judge, ["code", "pull_request", END])
    graph.add_edge("pull_request", "approval")
    graph.add_conditional_edges("approval", _after_approval, ["merge", "update", END])
    graph.add_conditional_edges("merge", _after_merge, ["performance", "update", END])
    graph.add_conditional_edges("update", _after_update, [*JUDGES, END])
    graph.add_edge("performance", "deployment")
    graph.add_conditional_edges("deployment", _unless_ended("reliability"), ["reliability", END])
    graph.add_edge("reliability", "cost")
    graph.add_edge("cost", "learn")
    graph.add_edge("learn", END)
    return graph.compile(checkpointer=saver)


def _nodes() -> dict[str, Node]:
    nodes: dict[str, Node] = {
        "intake": _intake,
        "design": _ends(_design, "stopped", _nothing_to_build),
        "questions": _questions,
        "examples": write_examples,
        "code": _ends(_code, "stopped", _nothing_to_judge),
        "redesign": redesign,
        "keep_examples": keep_examples,
        "testing": partial(_agent, "testing"),
        "governance": partial(_agent, "governance"),
        "judge": judge,
        "pull_request": pull_request,
        "approval": approval,
        "merge": merge,
        "update": update_branch,
        "deployment": _ends(_deployment, "failed", _not_started),
    }
    return nodes | {name: partial(_later, name) for name in LATER}


def _watched(context: DeliveryContext, name: str, node: Node) -> Callable[[DeliveryState], DeliveryState]:
    def run(state: DeliveryState) -> DeliveryState:
        with context.telemetry.step(name, state["delivery"]):
            return node(context, state)

    return run


def _agent(name: RoleName, context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    visit, out = play_from(ROLES[name], context, state)
    if out.get("problem"):
        return {"visits": {name: visit}, "problems": {name: out["problem"]}}
    return {"visits": {name: visit}, "answers": {name: out["answer"]}}


def _later(name: str, context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    context.ledger.append(state["delivery"], name, Note(node=name, text=LATER[name]))
    return {}


def _intake(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    wanted = f"A {state['origin']} wants {state['story']['id']}"
    rationale = f"{wanted}: the work needs a repository, a branch and a workspace."
    arguments: Arguments = {"story": state["story"]["id"]}
    action, result = crew(
        context, state, OPEN, "open_repository", arguments, rationale, (state["story_digest"],)
    )
    if not result.ok:
        return {"ending": Ending(status="stopped", reason=result.summary)}
    data = {name: str(result.data.get(name, "")) for name in ("base", "base_tree", "branch", "start")}
    return {
        "base": data["base"],
        "base_tree": data["base_tree"],
        "branch": data["branch"],
        "start": data["start"],
        "generated": result.data.get("generated") is not False,
        "tree": data["base_tree"],
        "evidence": {"story": state["story_digest"], "opened": action},
    }


def _design(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    done = _agent("design", context, state)
    if "design" not in done.get("answers", {}):
        return done
    answer, generated = design_of(done), state.get("generated", True)
    # For the parts of the design that the ledger records, trust the ledger, not the agent.
    if generated:
        answer = design_result(context.ledger, context.artifacts, state["delivery"], answer)
    else:
        answer = for_every_criterion(answer, [each["id"] for each in state["story"]["criteria"]])
    replies = state.get("replies", {})
    answer = questions_renamed(answer, replies) if state.get("ask") else questions_assumed(answer)
    return {
        **done,
        **redesigned(context, state, answer),
        "answers": {"design": answer.model_dump(mode="json")},
        "by_hand": bool(answer.custom) or not generated,
    }


def _questions(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    replies: dict[str, dict[str, str]] = {}
    for question in design_of(state).questions:
        said = Reply.model_validate(interrupt({"kind": "question"} | question.model_dump()))
        name = question.id
        context.ledger.append(state["delivery"], name, Answered(by=said.by, text=said.text))
        replies[name] = {"question": question.text, "answer": said.text}
    return {"replies": replies}


def _after_design(state: DeliveryState) -> str:
    if state.get("ending"):
        return END
    if any(each.id not in state.get("replies", {}) for each in design_of(state).questions):
        return "questions"
    return "examples" if state.get("by_hand") else "code"


def _nothing_to_build(state: DeliveryState) -> str:
    if problem := state.get("problems", {}).get("design"):
        return problem
    design = design_of(state)
    left = [each for each in design.criteria if not each.covered]
    if len(left) == len(design.criteria):
        return "None of its criteria is covered."
    if state.get("generated", True) and not design.blueprint:
        return "The design agent did not settle on a blueprint."
    if left and state.get("strict"):
        return f"--strict: {left[0].id} is not covered: {left[0].why}"
    return ""


def _code(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    update: DeliveryState = {**_agent("code", context, state), "objections": []}
    if objections := returned(context, cast(DeliveryState, {**state, "answers": update.get("answers", {})})):
        return {**update, "objections": objections}
    # To find out what was committed, trust the ledger, not the agent.
    visit = ("code", update["visits"]["code"])
    proof = last(context.ledger, context.artifacts, state["delivery"], "commit", visit)
    tree = str(proof.data["tree"]) if proof and proof.ok else state["tree"]
    # Tests may have been dropped since the agent's own last commit, so comparing the trees is not enough.
    unchanged = tree == state["tree"] or (proof and proof.action == state["evidence"].get("commit"))
    if unchanged and state.get("repairs"):
        own = blocking({**state, "answers": update.get("answers", {})}, "code")
        last_words = f"It objects: {' '.join(own)}" if own else ""
        changed = "The code agent was sent back and changed nothing."
        said = " ".join([*objections_of(state), changed, last_words]).strip()
        return {**update, "problems": {"code": said}}
    if proof is None or not proof.ok:
        return update
    done: DeliveryState = {"tree": tree, "commit": str(proof.data["commit"])}
    return {**update, **done, "evidence": {"commit": proof.action}}


def _nothing_to_judge(state: DeliveryState) -> str:
    if problem := state.get("problems", {}).get("code"):
        return problem
    if state.get("objections"):
        return ""
    if objections := blocking(state, "code"):
        times = counted(state.get("returns", 0), "time")
        tried = [f"The design agent was asked {times} to change the design."] if state.get("returns") else []
        return " ".join([*objections, *tried])
    changed = state.get("generated", True) or state["tree"] != state["base_tree"]
    return "" if state.get("commit") and changed else "The code agent committed nothing."


def _after_code(state: DeliveryState) -> list[str] | str:
    if state.get("ending"):
        return END
    if state.get("objections"):
        return "redesign"
    if state["tree"] == state["base_tree"]:
        return "deployment"
    return "keep_examples" if state.get("examples") else ["testing", "governance"]


def _after_judge(state: DeliveryState) -> str:
    if state.get("ending"):
        return END
    # Go back to the code agent if an objection remains; the judge has already counted the repair.
    return "code" if objections_of(state) else "pull_request"


def _after_approval(state: DeliveryState) -> str:
    if state.get("ending"):
        return END
    return "update" if state.get("moved") else "merge"


def _after_update(state: DeliveryState) -> list[str] | str:
    return END if state.get("ending") else [*JUDGES]


def _after_merge(state: DeliveryState) -> str:
    if state.get("moved"):
        return "update"
    # A change to an existing project is delivered once it is merged: the crew does not know how to run it.
    return "performance" if state.get("generated", True) and not state.get("ending") else END


def _deployment(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    # If nothing was merged because nothing changed, deploy the current version of the main branch.
    version = state.get("version") or state["base"]
    evidence = {"version": state["evidence"]["commit"]} | state["evidence"]
    update = _agent("deployment", context, {**state, "version": version, "evidence": evidence})
    proof = last(context.ledger, context.artifacts, state["delivery"], "start_service")
    if proof and proof.ok:
        return {**update, "version": version, "url": str(proof.data["url"])}
    return {**update, "version": version}


def _not_started(state: DeliveryState) -> str:
    if state.get("url"):
        return ""
    problem = state.get("problems", {}).get("deployment")
    answer = answer_of(state, "deployment")
    said = answer.summary if answer else "it was not started"
    return f"The change is merged, but the new version is not serving: {problem or said}"


def _ends(node: Node, status: Status, check: Callable[[DeliveryState], str]) -> Node:
    """Wrap a node so that the delivery ends if `check`, called with the state after the node, returns a reason."""

    def run(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
        update = node(context, state)
        after = {**state, **update}
        for name in ("answers", "problems"):
            after[name] = merged(state.get(name), update.get(name))  # type: ignore[arg-type]
        reason = check(cast(DeliveryState, after))
        return {**update, "ending": Ending(status=status, reason=reason)} if reason else update

    return run


def _unless_ended(following: str) -> Callable[[DeliveryState], str]:
    return lambda state: END if state.get("ending") else following
