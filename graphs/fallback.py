"""Model fallback: the first model of a role's chain plays the role, and the next one takes over when it gives up.

The model changes only between attempts ("visits"): the workspace is reset, and the next model starts an attempt of
its own. The ledger records which model made which attempt, so the choice survives a restart of the crew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from langchain_core.runnables import RunnableConfig, ensure_config

from crew.agents.role import Role
from crew.brief import Brief, brief_for
from crew.delivery_context import DeliveryContext
from crew.errors import Stopped
from crew.model_calls import GaveUp
from crew.models.recordings.replay import ReplayModel
from crew.models.role_model import RoleModel
from crew.records.rows import Calling, Fallback
from crew.state import DeliveryState
from graphs.agent import AgentState, agent_graph, first_state
from graphs.own_calls import reset

_PLACE, _COUNTER = "checkpoint_ns", "__pregel_scratchpad"
"""Keys in the configuration of a graph: its checkpoint namespace, and the counter of the graphs run within a node."""

BriefFor = Callable[[int], Brief]
"""Returns the brief of a role for the attempt with the given number."""
Reset = Callable[[int, str], None]
"""Resets the workspace before the attempt with the given number, for the given reason."""


def play_from(role: Role, context: DeliveryContext, state: DeliveryState) -> tuple[int, AgentState]:
    """Run a role on a delivery's state, like `play`; a role that edits gets a clean workspace for each retry."""
    before = state.get("visits", {}).get(role.name, 0)

    def again(visit: int, why: str) -> None:
        if role.edits:
            reset(context, state, f"{role.prompt or role.name}-{visit}", why)

    return play(role, context, state["delivery"], before, lambda visit: brief_for(role, state, visit), again)


def play(
    role: Role, context: DeliveryContext, delivery: str, before: int, brief: BriefFor, again: Reset
) -> tuple[int, AgentState]:
    """Run a role; return the number and the final state of its last attempt. `before` counts the earlier attempts.

    Raises Stopped, leaving the delivery open, if the last model of the chain gives up.
    """
    visit, tried = before + 1, set[str]()
    while given := context.ledger.find(delivery, Fallback, _key(role, visit)):
        if given.body.gave_up:
            tried.add(given.body.played)
        if not given.body.to:
            # No model was left, but a person has since resumed the delivery, so all models may try again.
            tried.clear()
        visit += 1
    chain = context.role_models(role.name)
    # If a person resumed the delivery with only those models that gave up before, they may try again.
    left = [each for each in chain if each.name not in tried] or list(chain)
    for place, role_model in enumerate(left):
        following = left[place + 1].name if place + 1 < len(left) else ""
        if (other := _played_by(context, delivery, role, visit)) not in ("", role_model.name):
            why = f"The delivery was resumed with {role_model.name} in the middle of this visit."
            _pass_on(context, delivery, role, visit, other, role_model.name, why, gave_up=False)
            visit += 1
        if visit > before + 1:
            again(
                visit,
                f"{role_model.name} plays the {role.name} agent from here; what was started before is reverted.",
            )
        try:
            name = "" if visit == before + 1 else f"visit-{visit}"
            out = _visit(role, context, role_model, brief(visit), name)
            why = out.get("problem", "")
            if not why or not following or _ended_with(role_model, role, visit):
                # If no other model can take over, the node has to handle the problem.
                return visit, out
        except GaveUp as error:
            why = str(error)
        _pass_on(context, delivery, role, visit, role_model.name, following, why)
        if not following:
            raise Stopped(_stopped(role, delivery, why))
        visit += 1
    raise AssertionError("a role is played by at least one model")


def _visit(
    role: Role, context: DeliveryContext, role_model: RoleModel, brief: Brief, name: str
) -> AgentState:
    """Run one attempt with a model, and return its final state.

    `name` keeps the checkpoints of a later attempt apart from those of the node's first attempt; otherwise, after a
    restart, LangGraph would start the later attempt from them.
    """
    config: RunnableConfig = {"recursion_limit": 3 * role.most_steps}
    inherited = ensure_config().get("configurable", {})
    if name and _PLACE in inherited:
        # Omit the counter of the graphs run in this node, since its value differs after a crash.
        kept = {key: value for key, value in inherited.items() if key != _COUNTER}
        config["configurable"] = kept | {_PLACE: f"{inherited[_PLACE]}|{name}"}
    with context.telemetry.visit(role.name, brief.delivery, brief.visit):
        return cast(AgentState, agent_graph(role, context, role_model).invoke(first_state(brief), config))


def _ended_with(role_model: RoleModel, role: Role, visit: int) -> bool:
    """Return whether this is the replay of a delivery in which no other attempt took over from this one."""
    return isinstance(role_model.model, ReplayModel) and not role_model.model.taken_over(role.name, visit)


def _played_by(context: DeliveryContext, delivery: str, role: Role, visit: int) -> str:
    """Return the name of the model that was called first in an attempt; "" if none was."""
    row = context.ledger.find(delivery, Calling, f"m-{role.name}-{visit}-1-1")
    return row.body.model if row else ""


def _pass_on(
    context: DeliveryContext,
    delivery: str,
    role: Role,
    visit: int,
    played: str,
    to: str,
    why: str,
    gave_up: bool = True,
) -> None:
    follows = (
        f"{to} plays the {role.name} agent next."
        if to
        else f"No model is left to play the {role.name} agent."
    )
    body = Fallback(
        role=role.name, visit=visit, played=played, to=to, gave_up=gave_up, text=f"{why} {follows}"
    )
    context.bus.publish(context.ledger.append(delivery, _key(role, visit), body))


def _stopped(role: Role, delivery: str, why: str) -> str:
    return (
        f"The {role.name} agent cannot continue: {why} Nothing is lost; crew resume {delivery} tries again, with "
        "another model if you give --model."
    )


def _key(role: Role, visit: int) -> str:
    return f"f-{role.name}-{visit}"
