"""Measure the overhead of an agent step: the graph, the door, the ledger and the checkpoint, without model and tool."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, TypedDict, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.brief import Brief
from crew.delivery_context import DeliveryContext
from crew.door.door import Door
from crew.models.role_model import RoleModel
from crew.models.spending import BudgetTracker
from crew.records.artifacts import ArtifactStore
from crew.records.bus import Bus
from crew.records.checkpoints import open_saver
from crew.records.ledger import Ledger
from crew.records.rows import Opening, Outcome
from crew.settings.budget import Budget
from graphs.agent import agent_graph, first_state
from tools.catalogue.files import TOOLS
from tools.policy import choose as choose_policy
from tools.redaction import Redactor
from tools.result import Workbench

DELIVERY = "bench-1"
NO_SECRETS = Redactor(known_secrets=())


class StepCost(BaseModel):
    """Cost of the steps of one long attempt."""

    model_config = ConfigDict(frozen=True)

    milliseconds: tuple[float, ...]
    """Per step, excluding model time and tool time."""
    stored_bytes: int
    """Size of ledger and checkpoints after the last step."""


class Writer(BaseChatModel):
    """A model that writes one file per step and records when it was called and for how long."""

    story: str
    started: list[float] = Field(default_factory=list)
    spent: list[float] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "writer"

    def bind_tools(self, tools: Any, *, tool_choice: str | None = None, **kwargs: Any) -> Any:
        """Ignore the tools."""
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        begun = time.perf_counter()
        self.started.append(begun)
        arguments = {"path": f"file{len(self.started)}.txt", "content": "x" * 500}
        reasons = {"rationale": "The next file is due; the one before is written.", "evidence": [self.story]}
        call = {"name": "write_file", "args": arguments | reasons, "id": f"c{len(self.started)}"}
        message = AIMessage(content="", tool_calls=[call])
        self.spent.append(time.perf_counter() - begun)
        return ChatResult(generations=[ChatGeneration(message=message)])


class Outer(TypedDict, total=False):
    """The state of the graph around the agent, as in a delivery."""

    problem: str


def step_cost(steps: int) -> StepCost:
    """Run one role for `steps` steps with real policies, ledger and checkpoints, and measure each step."""
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder).resolve(), steps)


def _measure(home: Path, steps: int) -> StepCost:
    ledger = Ledger(home / "ledger.db", NO_SECRETS)
    artifacts = ArtifactStore(home / "artifacts", NO_SECRETS)
    story = artifacts.put(b"{}")
    opening = Opening(
        story="B-1",
        title="",
        service="bench",
        repository=home,
        stack="",
        origin="person",
        run="",
        strict=False,
        shape="",
        model="",
        artifacts=(story,),
    )
    ledger.append(DELIVERY, "opened", opening)
    with resources.as_file(resources.files("crew").joinpath("policies")) as policies:
        policy = choose_policy(policies, None, "regopy")
    model = Writer(story=story)
    context = _context(home, ledger, artifacts, policy, model)
    role = Role("code", "Writes files.", ("write_file",), Answer, lambda state: {}, most_steps=steps)
    brief = Brief(
        role="code",
        delivery=DELIVERY,
        visit=1,
        service="bench",
        story={"id": "B-1", "criteria": []},
        evidence={"story": story},
        facts={},
    )
    agent = agent_graph(role, context, context.role_models("code")[0])

    def work(state: Outer) -> Outer:
        return {
            "problem": str(agent.invoke(first_state(brief), {"recursion_limit": 3 * steps}).get("problem"))
        }

    saver = open_saver(home / "checkpoints.db")
    graph = StateGraph(Outer)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    config: Any = {"configurable": {"thread_id": DELIVERY}, "recursion_limit": 10}
    graph.compile(checkpointer=saver).invoke({}, config, durability="sync")
    saver.conn.close()
    tools = [row.body.seconds for row in ledger.rows(DELIVERY, Outcome)]
    ledger.close()
    policy.close()
    between = zip(model.started, model.started[1:], model.spent, tools, strict=False)
    costs = tuple(1000 * (later - earlier - spent - tool) for earlier, later, spent, tool in between)
    stored = sum(path.stat().st_size for path in home.glob("*.db*"))
    return StepCost(milliseconds=costs, stored_bytes=stored)


def _context(
    home: Path, ledger: Ledger, artifacts: ArtifactStore, policy: Any, model: BaseChatModel
) -> DeliveryContext:
    workspace = home / "work"
    workspace.mkdir()
    unused = cast(Any, None)
    bench = Workbench(
        delivery=DELIVERY,
        service="bench",
        story="B-1",
        stack="fastapi",
        when=datetime(2026, 1, 1, tzinfo=UTC),
        repository=home / "repository",
        workspace=workspace,
        home=home,
        artifacts=artifacts,
        redact=NO_SECRETS,
        sandbox=unused,
        runtime=unused,
        cache=home / "cache",
        ledger_head=lambda: "",
    )

    def facts(call: Any, tool: Any, arguments: Any) -> dict[str, JsonValue]:
        path = {"text": arguments.path, "resolved": f"{workspace}/{arguments.path}"}
        return {"workspace": str(workspace), "paths": [path], "secrets": [], "protected": False}

    tools = {tool.name: tool for tool in TOOLS}
    door = Door(
        tools=tools,
        workbench=bench,
        ledger=ledger,
        artifacts=artifacts,
        policy=policy,
        facts=facts,
        redact=NO_SECRETS,
        bus=Bus(),
    )
    role_model = RoleModel(name="writer", model=model)
    budget_tracker = BudgetTracker(ledger, DELIVERY, (), Budget(), Budget())
    return DeliveryContext(
        door=door,
        ledger=ledger,
        artifacts=artifacts,
        tools=tools,
        role_models=lambda _: (role_model,),
        budget_tracker=budget_tracker,
        bus=Bus(),
        redact=NO_SECRETS,
    )
