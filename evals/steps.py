"""Overhead of an agent's step: graph, door, ledger and checkpoint, excluding the model and the tool."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, BaseMessage
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field, JsonValue

from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.app import AppContext, Settings, delivery_context, open_app, workbench
from crew.brief import Brief
from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.door.door import Door
from crew.models.local import LocalModel
from crew.models.role_model import RoleModel
from crew.records.checkpoints import open_saver
from crew.records.deliveries import Opened, load_delivery
from crew.records.rows import Outcome
from crew.stories import parse
from graphs.agent import agent_graph, first_state
from graphs.run import begin
from tools.catalogue.registry import CATALOGUE
from tools.result import Tool

STORIES = b"""\
service: bench
stories: [{id: B-1, acceptance: [An item has a name.]}]
"""


class StepCost(BaseModel, frozen=True):
    """Cost of the steps of one long attempt, in time and storage."""

    milliseconds: tuple[float, ...]
    """Overhead of each step, excluding model time and tool time."""
    stored_bytes: int
    """Size of the ledger and the checkpoints after the last step."""


class Writer(LocalModel):
    """A model that writes one file per step and records when it was called and for how long."""

    story: str = ""
    started: list[float] = Field(default_factory=list)
    spent: list[float] = Field(default_factory=list)

    def answer(self, messages: list[BaseMessage], bound: dict[str, Any]) -> AIMessage:
        """Return a message with a tool call that writes the next file."""
        begun = time.perf_counter()
        self.started.append(begun)
        arguments = {"path": f"file{len(self.started)}.txt", "content": "x" * 500}
        reasons = {"rationale": "The next file is due; the one before is written.", "evidence": [self.story]}
        call = {"name": "write_file", "args": arguments | reasons, "id": f"c{len(self.started)}"}
        self.spent.append(time.perf_counter() - begun)
        return AIMessage(content="", tool_calls=[call])


class Outer(TypedDict, total=False):
    """State of a graph that contains the agent's graph, as a delivery's graph does."""

    problem: str


def step_cost(steps: int) -> StepCost:
    """Run one role for `steps` steps with real policies, ledger and checkpoints, and measure each step."""
    model = Writer()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        settings = Settings(home=home, engine="regopy", sandbox="none")
        with open_app(settings, lambda _: (RoleModel(name="writer", model=model),)) as app:
            (delivery,) = begin(app, parse(STORIES, home / "stories.yaml"))
            about = load_delivery(app.ledger, delivery)
            model.story = about.story_digest
            _work(app, about, steps)
            tools = [row.body.seconds for row in app.ledger.rows(delivery, Outcome)]
        stored = sum(path.stat().st_size for path in home.glob("*.db*"))
    between = zip(model.started, model.started[1:], model.spent, tools, strict=False)
    costs = tuple(1000 * (later - earlier - spent - tool) for earlier, later, spent, tool in between)
    return StepCost(milliseconds=costs, stored_bytes=stored)


def _work(app: AppContext, about: Opened, steps: int) -> None:
    """Run the role in the workspace of a delivery, within a graph that stores checkpoints."""
    saver = open_saver(app.settings.home / "checkpoints.db")
    config: Any = {"configurable": {"thread_id": about.delivery}, "recursion_limit": 10}
    graph = _graph(app, about, steps).compile(checkpointer=saver)
    graph.invoke({}, config, durability="sync")
    saver.conn.close()


def _graph(app: AppContext, about: Opened, steps: int) -> StateGraph[Outer]:
    role = Role("code", "Writes files.", ("write_file",), Answer, lambda state: {}, most_steps=steps)
    brief = Brief(
        role="code",
        delivery=about.delivery,
        visit=1,
        service=about.service,
        story={"id": about.story, "criteria": []},
        evidence={"story": about.story_digest},
        facts={},
    )
    context = _context(app, about)
    agent = agent_graph(role, context, context.role_models("code")[0])

    def work(state: Outer) -> Outer:
        done = agent.invoke(first_state(brief), {"recursion_limit": 3 * steps})
        return {"problem": str(done.get("problem"))}

    graph = StateGraph(Outer)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph


def _context(app: AppContext, about: Opened) -> DeliveryContext:
    """Return a delivery context that computes policy facts without git, which must not add to the overhead."""
    bench = workbench(app, about)
    bench.workspace.mkdir(parents=True)

    def facts(call: Call, tool: Tool, arguments: Any) -> dict[str, JsonValue]:
        path = {"text": arguments.path, "resolved": f"{bench.workspace}/{arguments.path}"}
        return {"workspace": str(bench.workspace), "paths": [path], "secrets": [], "protected": False}

    door = Door(
        tools=CATALOGUE,
        workbench=bench,
        ledger=app.ledger,
        artifacts=app.artifacts,
        policy=app.policy,
        facts=facts,
        redact=app.redact,
        bus=app.bus,
    )
    return replace(delivery_context(app, about), door=door)
