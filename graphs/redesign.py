"""The return from code to design if the code agent objects to the design, possible a limited number of times."""

from __future__ import annotations

from crew.agents.answers import Design, design_of
from crew.delivery_context import DeliveryContext
from crew.evidence.evidence import last
from crew.records.canonical_json import digest_of
from crew.records.rows import Note
from crew.report.pull_request import blocking
from crew.state import DeliveryState
from graphs.own_calls import reset
from tools.counting import counted


def returned(context: DeliveryContext, state: DeliveryState) -> list[str]:
    """Return the code agent's blocking findings if they can still be returned to the design agent; else []."""
    return blocking(state, "code") if state.get("returns", 0) < context.most_returns else []


def redesign(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Count and record a return to the design agent, which works on the code agent's findings next."""
    returns = state.get("returns", 0) + 1
    text = (
        f"The code agent objects to the design, which returns to the design agent (return {returns} of at most "
        f"{context.most_returns}): {' '.join(state['objections'])}"
    )
    context.ledger.append(state["delivery"], f"redesign-{returns}", Note(node="redesign", text=text))
    return {"returns": returns, "rejected_design": _digest(design_of(state))}


def redesigned(context: DeliveryContext, state: DeliveryState, design: Design) -> DeliveryState:
    """Revert the code and example tests based on the rejected design, and return the update of the state.

    The update ends the delivery if the design is unchanged. It is empty, and nothing is reverted, if no design was
    rejected, or while questions of the new design are unanswered.
    """
    objections = state.get("objections", [])
    if not objections or any(each.id not in state.get("replies", {}) for each in design.questions):
        return {}
    if _digest(design) == state["rejected_design"]:
        times = counted(state["returns"], "time")
        told = f"The design agent was told this {times} and left the design as it is."
        return {"problems": {"design": " ".join([*objections, told])}}
    opened = last(context.ledger, context.artifacts, state["delivery"], "open_repository")
    start = str(opened.data["start"]) if opened else state["start"]
    why = "The design has changed; code and example tests that followed from the rejected one are reverted."
    before: DeliveryState = {**state, "commit": "", "start": start}
    reset(context, before, f"code-{state['visits']['code'] + 1}", why)
    return {"start": start, "commit": "", "tree": state["base_tree"], "examples": ""}


def _digest(design: Design) -> str:
    named = design.model_dump(mode="json", include={"blueprint", "criteria", "custom"})
    return digest_of([named, design.plan or design.summary])
