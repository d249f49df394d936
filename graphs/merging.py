"""Graph nodes that bring a judged tree to the main branch: the pull request, the approval and the merge."""

from __future__ import annotations

from crew.agents.answers import design_of
from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.evidence.criteria import criteria_of
from crew.evidence.evidence import last
from crew.evidence.tests import said_of_tests
from crew.records.deliveries import load_delivery
from crew.records.rows import Arguments, Note
from crew.report.pull_request import comments, description
from crew.state import DeliveryState, Ending
from graphs.approval import permitted, through
from graphs.own_calls import COMMENT, MERGE, SHOW, crew, crew_call

MERGED_ONLY = "Merged, but nothing is started: the repository was written by people, who know how to run it."


def pull_request(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Open the pull request, and add the findings of each agent as comments."""
    story, evidence = state["story"], _evidence(context, state)
    rationale = (
        f"The tests pass and the scans are done for the tree {state['tree'][:12]}, so the change can be shown: "
        "what was asked for, what became of each criterion, and what each agent says about it."
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


def approval(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Ask the policy, and a person if the policy requires it, whether the change may be merged."""
    refused = permitted(context.door, _merge_call(context, state))
    return {"ending": Ending(status="stopped", reason=refused)} if refused else {}


def merge(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Merge exactly the tree that was judged."""
    call = _merge_call(context, state)
    result = through(context.door, call)
    if not result.ok:
        return {"ending": Ending(status="stopped", reason=result.summary)}
    if not state.get("generated", True):
        context.ledger.append(state["delivery"], "merged", Note(node="merge", text=MERGED_ONLY))
    return {"version": str(result.data["version"]), "evidence": {"version": call.key}}


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
