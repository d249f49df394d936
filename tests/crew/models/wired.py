"""A role at work over the wire: the real client, door, policies and ledger; only the server is the test's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crew.agents.answers import Answer
from crew.agents.role import Role
from crew.brief import Brief
from crew.delivery_context import DeliveryContext
from crew.models.by_url import role_models
from crew.models.offline import OfflineModel
from crew.models.role_model import RoleModel
from crew.models.spending import BudgetTracker
from crew.playbooks.script import Act, Conclude, Script
from crew.records.bus import Bus
from crew.records.rows import ModelFault
from crew.settings.budget import Budget
from crew.settings.config import Config
from graphs.agent import agent_graph, first_state
from tests.crew.doors import DELIVERY, Setting, setting
from tests.crew.models.server import Body, Say, Server, Step, checked, heard, said, serving
from tools.catalogue import files, stored_results
from tools.redaction import Redactor

KEY = "sk-proj-" + "Zx81Kq0" * 6
MODES = {
    "chat": {"stream": False},
    "chat streamed": {"stream": True},
    "responses": {"api": "responses", "stream": False},
    "responses streamed": {"api": "responses", "stream": True},
}
IN_TEXT = {
    f"text {way}{' streamed' if stream else ''}{' responses' if api == 'responses' else ''}": {
        "tool_calls": "text", "structured_output": way, "stream": stream, "api": api,
    }
    for way in ("function_calling", "json_schema", "json_mode")
    for stream in (False, True)
    for api in ("chat", "responses")
}  # fmt: skip
QUICK = {"attempts": 3, "longest_wait_seconds": 0.02, "corrections": 2, "timeout_seconds": 30}
IMPATIENT = {"timeout_seconds": 2}
"""For a server that says nothing; with the others a busy machine must not look like one."""
ROLE = Role(
    name="code",
    purpose="Writes one file.",
    tools=("list_files", "read_file", "write_file"),
    answer=Answer,
    facts=lambda state: {},
    most_steps=8,
)
DONE = {"summary": "file0.txt was written, 1 character."}


def playbook(brief: Brief) -> Script:
    """List, write, conclude."""
    listed = yield Act("list_files", {}, "To see what is there.", (brief.evidence["story"],))
    name = f"file{len(listed.data.get('files', []))}.txt"
    written = yield Act("write_file", {"path": name, "content": "x"}, f"{name} is free.", (listed.action,))
    yield Conclude(Answer(summary=written.summary), "It is written.", (written.action,))


def right(body: Body) -> Say:
    """Return what a good model says."""
    model = OfflineModel(playbooks={"code": playbook})
    message = model._generate(heard(body)).generations[0].message
    return said(message, as_text="tools" not in body)  # type: ignore[arg-type]


@dataclass
class Scenario:
    """A role's place, its server and its role_model."""

    place: Setting
    server: Server
    role_model: RoleModel
    budget: Budget = field(default_factory=Budget)
    run_budget: Budget = field(default_factory=Budget)

    @property
    def context(self) -> DeliveryContext:
        """A context as a process that starts again would have it."""
        return DeliveryContext(
            door=self.place.door(),
            ledger=self.place.ledger,
            artifacts=self.place.artifacts,
            tools=self.place.tools,
            role_models=lambda _: (self.role_model,),
            budget_tracker=BudgetTracker(self.place.ledger, DELIVERY, (), self.budget, self.run_budget),
            bus=Bus(),
            redact=Redactor((KEY,)),
        )

    def work(self, role: Role = ROLE) -> dict[str, Any]:
        """Let the role work to its end."""
        brief = Brief(
            role=role.name,
            delivery=DELIVERY,
            visit=1,
            service="checkout",
            story={"id": "CHK-1", "criteria": []},
            evidence={"story": self.place.story},
            facts={},
        )
        agent = agent_graph(role, self.context, self.role_model)
        return agent.invoke(first_state(brief), {"recursion_limit": 3 * role.most_steps})

    def rows(self, *kinds: Any) -> list[Any]:
        """Return rows of the ledger."""
        return self.place.ledger.rows(DELIVERY, *kinds)

    @property
    def faults(self) -> list[str]:
        """Names of the faults that the ledger holds."""
        return [str(row.body.fault["name"]) for row in self.rows(ModelFault)]


@contextmanager
def scenario(
    folder: Path, policy: Any, script: dict[int, Step] | Any, config: Any = None, **model: Any
) -> Iterator[Scenario]:
    """Yield a scenario whose server says what is right, but for the requests that `script` numbers from 1.

    A function instead of numbers answers everything."""
    place = setting(folder, policy)
    place.tools |= {tool.name: tool for tool in (*files.TOOLS, *stored_results.TOOLS)}
    workspace = str(place.bench.workspace.resolve())
    paths = [{"text": text, "resolved": f"{workspace}/{text}"} for text in (".", "file0.txt")]
    place.facts = {"workspace": workspace, "paths": paths, "secrets": [], "protected": False}
    place.secrets = (KEY,)
    count = iter(range(1, 10**6))

    def answer(body: Body) -> Step:
        checked(body)
        assert body["headers"]["Accept-Encoding"] == "identity"
        if callable(script):
            return script(body)
        return script.get(next(count)) or right(body)

    with serving(answer) as server:
        wanted = {"url": "openai:m", "base_url": server.url} | QUICK | model
        (role_model,) = role_models(Config.model_validate({"model": wanted} | (config or {})), Path.cwd())(
            "code"
        )
        try:
            yield Scenario(place, server, role_model)
        finally:
            place.ledger.close()


def with_steps(most: int) -> Role:
    """Return the role with another bound."""
    return replace(ROLE, most_steps=most)
