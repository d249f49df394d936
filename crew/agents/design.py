"""The design agent, which turns acceptance criteria into a blueprint and its contract."""

from __future__ import annotations

from crew.agents.answers import DesignAnswer
from crew.agents.role import Facts, Role
from crew.state import DeliveryState
from tools.catalogue.registry import tools_of

EXISTING_PROJECT = (
    "People made this repository, and only a language model can change it: crew run ... --model openai:NAME."
)
"""Why the offline model covers no criterion of a story about an existing project."""


def _facts(state: DeliveryState) -> Facts:
    facts: Facts = {
        "story_digest": state["story_digest"],
        "ask": bool(state.get("ask")),
        "replies": {name: {**reply} for name, reply in state.get("replies", {}).items()},
    }
    if state.get("objections"):
        facts["objections"] = [*state["objections"]]
    return facts


ROLE = Role(
    name="design",
    purpose="Defines the service: its entities, operations and rules, and the contract that follows from them.",
    tools=tools_of("design", last=("read_file",)),
    answer=DesignAnswer,
    facts=_facts,
    by_blueprint=("read_criteria", "settle_blueprint"),
    by_hand=("list_files", "search_files", "read_file"),
)
