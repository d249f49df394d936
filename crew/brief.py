"""A role's first messages: its rendered prompt, and one fenced, versioned JSON brief.

The brief is all that a role is told, so that a playbook, a recording and a language model know the same.
Text from stories, repositories and tools is data inside the fence; it instructs nobody."""

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
    """Which time the role is at work in this delivery, from 1."""
    service: str
    story: dict[str, JsonValue]
    """The story: `id`, `title`, `story`, and `criteria` with `id` and `text`."""
    evidence: dict[str, str]
    """Name to the id of an earlier action or artifact that a rationale may rest on."""
    by_blueprint: bool = True
    """Whether the repository is of the crew's own making; else people made it, and it is worked on file by file."""
    by_hand: bool = False
    """Whether files have to be written by hand: the role is offered its tools for that."""
    facts: Facts
    """What this role needs besides."""

    @property
    def allowed_evidence(self) -> frozenset[str]:
        """Every id of an action or artifact in it: what the role can rest its first reasons on."""
        return frozenset(_IDS.findall(self.model_dump_json()))


def brief_for(role: Role, state: DeliveryState, visit: int) -> Brief:
    """Return what a role is told at this point of a delivery."""
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
    """Return the story; its criteria only for whoever settles them or works from them by hand."""
    story = cast(dict[str, JsonValue], state["story"])
    if role.name == "design" or _by_hand(state):
        return story
    return {name: value for name, value in story.items() if name != "criteria"}


def _by_hand(state: DeliveryState) -> bool:
    return bool(state.get("by_hand") or state.get("repairs") or not state.get("generated", True))


def first_messages(role: Role, brief: Brief) -> list[BaseMessage]:
    """Return the system message and the message that holds the brief."""
    prompt = render(
        role.prompt or role.name,
        purpose=role.purpose,
        most_steps=role.most_steps,
        by_blueprint=brief.by_blueprint,
    )
    text = unmistakable(canonical(brief.model_dump(mode="json")))
    return [SystemMessage(prompt), HumanMessage(f"```json brief\n{text}\n```")]


def read_brief(message: BaseMessage) -> Brief:
    """Return the brief that a message holds; raises ValueError if it holds none."""
    found = _FENCE.fullmatch(str(message.content).strip())
    if not found:
        raise ValueError("The message holds no brief.")
    return Brief.model_validate(json.loads(found.group(1)))
