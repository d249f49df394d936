"""The first messages of a role: its rendered prompt, followed by a fenced, versioned JSON brief.

The brief contains every fact that a role is given, so playbooks, recordings and models all work from the same facts.
Text from stories, repositories and tools is data inside the fence, never an instruction."""

from __future__ import annotations

import json
import re
from typing import cast

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, JsonValue

from crew.agents.role import Facts, Role
from crew.records.canonical_json import canonical, unmistakable
from crew.state import DeliveryState
from prompts import render

_IDS = re.compile(r"\b(?:a-[0-9a-f]{16}|sha256:[0-9a-f]{64})\b")
_FENCE = re.compile(r"```json brief\n(.*)\n```", re.DOTALL)


class Brief(BaseModel, frozen=True, extra="forbid"):
    """The facts that a role works from."""

    version: int = 1
    role: str
    delivery: str
    visit: int
    """Number of the role's attempt in this delivery, from 1."""
    service: str
    story: dict[str, JsonValue]
    """The story: `id`, `title`, `story`, and `criteria` with `id` and `text`."""
    evidence: dict[str, str]
    """Ids of the earlier actions and artifacts that a rationale may cite, by name."""
    by_blueprint: bool = True
    """Whether the project is generated from a blueprint; an existing project is edited file by file."""
    by_hand: bool = False
    """Whether files have to be written by hand; if so, the role is offered its tools for editing them."""
    facts: Facts
    """Further facts that only this role receives."""

    @property
    def allowed_evidence(self) -> frozenset[str]:
        """All ids of actions and artifacts in the brief, which the role may cite from the start."""
        return frozenset(_IDS.findall(self.model_dump_json()))


def brief_for(role: Role, state: DeliveryState, visit: int) -> Brief:
    """Return the brief of a role for the current state of a delivery."""
    return Brief(
        role=role.name,
        delivery=state["delivery"],
        visit=visit,
        service=state["service"],
        story=_story(role, state),
        evidence=dict(state.get("evidence", {})),
        by_blueprint=state.get("generated", True),
        by_hand=_by_hand(state),
        facts=role.facts(state),
    )


def _story(role: Role, state: DeliveryState) -> dict[str, JsonValue]:
    """Return the story, including its criteria only if the role designs from them or writes files by hand."""
    story = cast(dict[str, JsonValue], state["story"])
    if role.name == "design" or _by_hand(state):
        return story
    return {name: value for name, value in story.items() if name != "criteria"}


def _by_hand(state: DeliveryState) -> bool:
    return bool(state.get("by_hand") or state.get("repairs") or not state.get("generated", True))


def first_messages(role: Role, brief: Brief) -> list[BaseMessage]:
    """Return the system message with the prompt and the human message with the brief."""
    prompt = render(
        role.prompt or role.name,
        purpose=role.purpose,
        most_steps=role.most_steps,
        by_blueprint=brief.by_blueprint,
        returned="objections" in brief.facts,
    )
    text = unmistakable(canonical(brief.model_dump(mode="json")))
    return [SystemMessage(prompt), HumanMessage(f"```json brief\n{text}\n```")]


def read_brief(message: BaseMessage) -> Brief:
    """Return the brief in a message; raises ValueError if there is none."""
    found = _FENCE.fullmatch(str(message.content).strip())
    if not found:
        raise ValueError("The message contains no brief.")
    return Brief.model_validate(json.loads(found.group(1)))
