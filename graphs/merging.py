"""Graph nodes that bring a judged tree to the main branch.

They are the pull request, the approval, the merge, and the update of the story's branch if main has changed in the
meantime.
"""

from __future__ import annotations

from crew.agents.answers import design_of
from crew.delivery_context import DeliveryContext
from crew.door.call import Approval, Call
from crew.evidence.criteria import criteria_of
from crew.evidence.evidence import last
from crew.evidence.tests import said_of_tests
from crew.records.deliveries import load_delivery
from crew.records.rows import Answered, Arguments, Asked, Note
from crew.report.pull_request import comments, description
from crew.state import DeliveryState, Ending
from graphs.approval import permitted, through, wait_for
from graphs.own_calls import COMMENT, MERGE, SHOW, UPDATE, crew, crew_call
from tools.counting import counted

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
    """Ask the policy, and a person if the policy requires it, whether the change may be merged.

    If main has new commits, no approval of the old tree is requested, and one that was already given has no effect.
    """
    call = _merge_call(context, state)
    if refused := _rejected(context, call):
        return {"ending": Ending(status="stopped", reason=refused)}
    main = context.main_commit()
    if main not in ("", state["base"]):
        return {"moved": main}
    refused = permitted(context.door, call)
    return {"ending": Ending(status="stopped", reason=refused)} if refused else {}


def _rejected(context: DeliveryContext, call: Call) -> str:
    """Wait for pending approvals of the call; return who rejected it and why, or "" if nobody did."""
    refused = ""
    for asked in context.ledger.rows(call.delivery, Asked):
        if asked.body.action != call.key:
            continue
        if context.ledger.find(call.delivery, Answered, asked.key) is None:
            known = asked.body.model_dump(include=set(Approval.model_fields))
            wait_for(context.door, call.delivery, Approval.model_validate(known))
        answered = context.ledger.get(call.delivery, Answered, asked.key).body
        if answered.approved is False:
            refused = f"{answered.by} rejected it. {answered.text}".strip()
    return refused


def merge(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Merge exactly the tree that was judged. If main has changed since, it is merged into the story's branch first."""
    call = _merge_call(context, state)
    result = through(context.door, call)
    if result.code in ("tree_changed", "conflicts"):
        return {"moved": context.main_commit()}
    if not result.ok:
        return {"ending": Ending(status="stopped", reason=result.summary)}
    if not state.get("generated", True):
        context.ledger.append(state["delivery"], "merged", Note(node="merge", text=MERGED_ONLY))
    return {"version": str(result.data["version"]), "evidence": {"version": call.key}}


def update_branch(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Merge new commits of main into the story's branch; the result is tested again and needs a new approval."""
    main, updates = state["moved"], state.get("updates", 0)
    if updates >= context.most_updates:
        reason = (
            f"main has changed {counted(updates, 'time')} while the change was being tested or awaiting approval, so "
            "it was not merged. Run the story again when main is quiet."
        )
        return {"ending": Ending(status="stopped", reason=reason)}
    rationale = (
        f"main has moved to {main[:12]} since the tree {state['tree'][:12]} was tested. Only what was tested is "
        "merged, so main is merged into the story's branch, and tests, scans and approval are repeated."
    )
    evidence = (state["evidence"]["commit"],)
    action, result = crew(context, state, UPDATE, "merge_main", {"main": main}, rationale, evidence)
    if not result.ok:
        return {"ending": Ending(status="stopped", reason=result.summary)}
    data = {name: str(result.data[name]) for name in ("base", "base_tree", "tree", "commit")}
    return {
        "base": data["base"],
        "base_tree": data["base_tree"],
        "tree": data["tree"],
        "commit": data["commit"],
        "updates": updates + 1,
        "moved": "",
        "evidence": {"commit": action},
    }


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
        for tool in ("run_tests", "scan_code", "lint_tree")
    )
    return (state["evidence"]["commit"], *(proof.action for proof in found if proof))
