"""What happens to a story, from intake to a running service: the table of contents of the product.

    intake -> design -> [examples] -> code -> [keep_examples] -> (testing | governance) -> judge
                ^                      ^----------------- repair, bounded -----------------|
                '-- questions
    judge -> pull_request -> approval -> merge
    merge -> performance -> deployment -> reliability -> cost -> learn

Agents talk through the state, never to each other. The names of the nodes are an on-disk format:
checkpoints of unfinished deliveries hold them (crew/shape.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import interrupt

from crew.agents import ROLES
from crew.agents.answers import answer_of, design_of
from crew.brief import brief_for
from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.evidence.criteria import criteria_of
from crew.evidence.design import (
    design_result,
    for_every_criterion,
    questions_assumed,
    questions_renamed,
)
from crew.evidence.evidence import last
from crew.evidence.tests import said_of_tests
from crew.records.deliveries import load_delivery
from crew.records.rows import Answered, Arguments, Note
from crew.report.pull_request import blocking, comments, description
from crew.state import DeliveryState, Ending, RoleName, Status
from graphs.approval import Reply, permitted, through
from graphs.examples import examples_node, keep_node
from graphs.fallback import play
from graphs.own_calls import COMMENT, MERGE, OPEN, SHOW, crew, crew_call, reset
from tools.counting import counted

Graph = CompiledStateGraph[DeliveryState, None, DeliveryState, DeliveryState]
Node = Callable[[DeliveryState], DeliveryState]

LATER = {
    "performance": "Passed by: load tests come in a later version, so nothing was measured under load.",
    "reliability": "Passed by: watching and taking back come in a later version; the new version has all traffic.",
    "cost": "Passed by: cost analysis comes in a later version, so nothing was saved.",
    "learn": "Passed by: learning from outcomes comes in a later version; the outcome is in the ledger.",
}
"""Nodes that have no work yet, and what the report says of them."""


MERGED_ONLY = "Merged, and nothing is started: the repository was made by people, who know how it is run."


def delivery_graph(context: DeliveryContext, saver: BaseCheckpointSaver[str] | None = None) -> Graph:
    """Return the state machine of one delivery."""
    graph = StateGraph(DeliveryState)
    for name, node in _nodes(context).items():
        graph.add_node(name, cast(Any, _watched(context, name, node)))
    graph.add_edge(START, "intake")
    graph.add_conditional_edges("intake", _unless_ended("design"), ["design", END])
    graph.add_conditional_edges("design", _after_design, ["questions", "examples", "code", END])
    graph.add_edge("questions", "design")
    graph.add_edge("examples", "code")
    after_code = ["keep_examples", "testing", "governance", "deployment", END]
    graph.add_conditional_edges("code", _after_code, after_code)
    graph.add_edge("keep_examples", "testing")
    graph.add_edge("keep_examples", "governance")
    graph.add_edge(["testing", "governance"], "judge")
    graph.add_conditional_edges("judge", _after_judge, ["code", "pull_request", END])
    graph.add_edge("pull_request", "approval")
    graph.add_conditional_edges("approval", _unless_ended("merge"), ["merge", END])
    graph.add_conditional_edges("merge", _after_merge, ["performance", END])
    graph.add_edge("performance", "deployment")
    graph.add_conditional_edges("deployment", _unless_ended("reliability"), ["reliability", END])
    graph.add_edge("reliability", "cost")
    graph.add_edge("cost", "learn")
    graph.add_edge("learn", END)
    return graph.compile(checkpointer=saver)


def _nodes(context: DeliveryContext) -> dict[str, Node]:
    nodes: dict[str, Node] = {
        "intake": lambda state: _intake(context, state),
        "design": _ends(_designed(context, _agent(context, "design")), "stopped", _nothing_to_build),
        "questions": lambda state: _questions(context, state),
        "examples": examples_node(context),
        "code": _ends(_committed(context, _agent(context, "code")), "stopped", _nothing_to_judge),
        "keep_examples": keep_node(context),
        "testing": _agent(context, "testing"),
        "governance": _agent(context, "governance"),
        "judge": lambda state: _judge(context, state),
        "pull_request": lambda state: _pull_request(context, state),
        "approval": lambda state: _approval(context, state),
        "merge": lambda state: _merge(context, state),
        "deployment": _ends(_deployed(context, _agent(context, "deployment")), "failed", _not_started),
    }
    return nodes | {name: _later(context, name) for name in LATER}


def _watched(context: DeliveryContext, name: str, node: Node) -> Node:
    def run(state: DeliveryState) -> DeliveryState:
        with context.telemetry.step(name, state["delivery"]):
            return node(state)

    return run


def _agent(context: DeliveryContext, name: RoleName) -> Node:
    role = ROLES[name]

    def node(state: DeliveryState) -> DeliveryState:
        before = state.get("visits", {}).get(name, 0)

        def again(visit: int, why: str) -> None:
            if role.edits:
                reset(context, state, f"{name}-{visit}", why)

        visit, out = play(
            role, context, state["delivery"], before, lambda each: brief_for(role, state, each), again
        )
        if out.get("problem"):
            return {"visits": {name: visit}, "problems": {name: out["problem"]}}
        return {"visits": {name: visit}, "answers": {name: out["answer"]}}

    return node


def _later(context: DeliveryContext, name: str) -> Node:
    def node(state: DeliveryState) -> DeliveryState:
        context.ledger.append(state["delivery"], name, Note(node=name, text=LATER[name]))
        return {}

    return node


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
    found: DeliveryState = {
        "base": data["base"],
        "base_tree": data["base_tree"],
        "branch": data["branch"],
        "start": data["start"],
        "generated": result.data.get("generated") is not False,
    }
    return {
        **found,
        "tree": data["base_tree"],
        "evidence": {"story": state["story_digest"], "opened": action},
    }


def _designed(context: DeliveryContext, design: Node) -> Node:
    def node(state: DeliveryState) -> DeliveryState:
        update = design(state)
        if "design" not in update.get("answers", {}):
            return update
        answer, generated = design_of(update), state.get("generated", True)
        # What was settled is for the ledger to say, not for the agent.
        if generated:
            answer = design_result(context.ledger, context.artifacts, state["delivery"], answer)
        else:
            answer = for_every_criterion(answer, [each["id"] for each in state["story"]["criteria"]])
        replies = state.get("replies", {})
        answer = questions_renamed(answer, replies) if state.get("ask") else questions_assumed(answer)
        return {
            **update,
            "answers": {"design": answer.model_dump(mode="json")},
            "by_hand": bool(answer.custom) or not generated,
        }

    return node


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
        return "The design agent settled no blueprint."
    if left and state.get("strict"):
        return f"--strict: {left[0].id} is not covered: {left[0].why}"
    return ""


def _committed(context: DeliveryContext, code: Node) -> Node:
    def node(state: DeliveryState) -> DeliveryState:
        update = code(state)
        # What was committed is for the ledger to say, not for the agent.
        visit = ("code", update["visits"]["code"])
        proof = last(context.ledger, context.artifacts, state["delivery"], "commit", visit)
        tree = str(proof.data["tree"]) if proof and proof.ok else state["tree"]
        # Tests may have been dropped since the last commit of its own, so the tree alone does not tell.
        unchanged = tree == state["tree"] or (proof and proof.action == state["evidence"].get("commit"))
        if unchanged and state.get("repairs"):
            objections = [each for name in ("testing", "governance") for each in blocking(state, name)]
            own = blocking({**state, "answers": update.get("answers", {})}, "code")
            last_words = f"It objects: {' '.join(own)}" if own else ""
            changed = "The code agent was sent back and changed nothing."
            said = " ".join([*objections, changed, last_words]).strip()
            return {**update, "problems": {"code": said}}
        if proof is None or not proof.ok:
            return update
        done: DeliveryState = {"tree": tree, "commit": str(proof.data["commit"])}
        return {**update, **done, "evidence": {"commit": proof.action}}

    return node


def _nothing_to_judge(state: DeliveryState) -> str:
    if problem := state.get("problems", {}).get("code"):
        return problem
    if objections := blocking(state, "code"):
        return " ".join(objections)
    changed = state.get("generated", True) or state["tree"] != state["base_tree"]
    return "" if state.get("commit") and changed else "The code agent committed nothing."


def _after_code(state: DeliveryState) -> list[str] | str:
    if state.get("ending"):
        return END
    if state["tree"] == state["base_tree"]:
        return "deployment"
    return "keep_examples" if state.get("examples") else ["testing", "governance"]


def _judge(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    judges = ("testing", "governance")
    problems = [state["problems"][name] for name in judges if name in state.get("problems", {})]
    objections = problems + [each for name in judges for each in blocking(state, name)]
    if not objections:
        return {}
    repairs = state.get("repairs", 0)
    if problems or repairs >= context.most_repairs:
        tried = f" The code agent was sent back {counted(repairs, 'time')}." if repairs else ""
        return {"ending": Ending(status="stopped", reason=" ".join(objections) + tried)}
    return {"repairs": repairs + 1}


def _after_judge(state: DeliveryState) -> str:
    if state.get("ending"):
        return END
    # Sent back if an objection stands; `repairs` was counted by the judge.
    return "code" if any(blocking(state, name) for name in ("testing", "governance")) else "pull_request"


def _pull_request(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    story, evidence = state["story"], _evidence(context, state)
    rationale = (
        f"The tests pass and the scans are done for the tree {state['tree'][:12]}, so the change can be shown: "
        "what was asked, what became of each criterion, and what each agent says of it."
    )
    opened: Arguments = {
        "title": f"{story['id']}: {story['title']}",
        "description": description(
            state,
            criteria_of(context.ledger, context.artifacts, state["delivery"], design_of(state)),
            said_of_tests(
                context.ledger, context.artifacts, load_delivery(context.ledger, state["delivery"])
            ),
        ),
    }
    action, result = crew(context, state, SHOW, "open_pull_request", opened, rationale, evidence)
    if not result.ok:
        return {"ending": Ending(status="stopped", reason=result.summary)}
    for place, (role, text) in enumerate(comments(state)):
        said: Arguments = {"author": role, "text": text}
        why = f"What the {role} agent found belongs where the change is read."
        crew(context, state, COMMENT + place, "comment", said, why, (action,))
    return {"pull_request": str(result.data["pull_request"]), "evidence": {"pull_request": action}}


def _approval(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    refused = permitted(context.door, _merge_call(context, state))
    return {"ending": Ending(status="stopped", reason=refused)} if refused else {}


def _merge(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    call = _merge_call(context, state)
    result = through(context.door, call)
    if not result.ok:
        return {"ending": Ending(status="stopped", reason=result.summary)}
    if not state.get("generated", True):
        context.ledger.append(state["delivery"], "merged", Note(node="merge", text=MERGED_ONLY))
    return {"version": str(result.data["version"]), "evidence": {"version": call.key}}


def _after_merge(state: DeliveryState) -> str:
    # What people made is delivered by being merged: the crew does not know how to run it.
    return "performance" if state.get("generated", True) and not state.get("ending") else END


def _merge_call(context: DeliveryContext, state: DeliveryState) -> Call:
    rationale = (
        f"The tree {state['tree'][:12]} passed its tests and its scans, and policy objects to nothing. It is merged "
        "as it is: main would otherwise lack a change that everything here says is right."
    )
    arguments: Arguments = {"tree": state["tree"], "title": state["story"]["title"]}
    return crew_call(state, MERGE, "merge", arguments, rationale, _evidence(context, state))


def _evidence(context: DeliveryContext, state: DeliveryState) -> tuple[str, ...]:
    found = (
        last(context.ledger, context.artifacts, state["delivery"], tool)
        for tool in ("run_tests", "scan_code")
    )
    return (state["evidence"]["commit"], *(proof.action for proof in found if proof))


def _versioned(state: DeliveryState) -> DeliveryState:
    # Nothing was merged because nothing changed: what main holds is what has to serve.
    return state if state.get("version") else {**state, "version": state["base"]}


def _deployed(context: DeliveryContext, deployment: Node) -> Node:
    def node(state: DeliveryState) -> DeliveryState:
        merged = _versioned(state)
        if "version" not in merged["evidence"]:
            merged = {**merged, "evidence": merged["evidence"] | {"version": merged["evidence"]["commit"]}}
        update = deployment(merged)
        proof = last(context.ledger, context.artifacts, state["delivery"], "start_service")
        if proof and proof.ok:
            return {**update, "version": merged["version"], "url": str(proof.data["url"])}
        return {**update, "version": merged["version"]}

    return node


def _not_started(state: DeliveryState) -> str:
    if state.get("url"):
        return ""
    problem = state.get("problems", {}).get("deployment")
    answer = answer_of(state, "deployment")
    said = answer.summary if answer else "it was not started"
    return f"The change is merged, but the new version does not serve: {problem or said}"


def _ends(node: Node, status: Status, check: Callable[[DeliveryState], str]) -> Node:
    """Wrap a node so that the delivery ends where `check` of the state after it gives a reason."""

    def run(state: DeliveryState) -> DeliveryState:
        update = node(state)
        after = {**state, **update}
        for name in ("answers", "problems"):
            after[name] = state.get(name, {}) | update.get(name, {})  # type: ignore[operator]
        reason = check(cast(DeliveryState, after))
        return {**update, "ending": Ending(status=status, reason=reason)} if reason else update

    return run


def _unless_ended(following: str) -> Callable[[DeliveryState], str]:
    return lambda state: END if state.get("ending") else following
