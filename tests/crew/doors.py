"""A door with real policies, a real ledger and a real workspace, and tools that leave a trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from crew.door.call import Call
from crew.door.door import Door
from crew.records.artifacts import ArtifactStore
from crew.records.bus import Bus
from crew.records.ledger import Ledger
from tests.crew.rows import write
from tools.policy import PolicyEngine, choose
from tools.redaction import Redactor
from tools.result import Tool, Workbench

DELIVERY = "chk-1-abc123"


def policies(engine: str = "regopy") -> PolicyEngine:
    """Return the real policies."""
    with resources.as_file(resources.files("crew").joinpath("policies")) as folder:
        return choose(folder, None, engine)


@dataclass
class Setting:
    """One delivery's door and what lies behind it."""

    ledger: Ledger
    artifacts: ArtifactStore
    bench: Workbench
    story: str
    policy: Any
    tools: dict[str, Tool] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    yes: bool = False
    secrets: tuple[str, ...] = ()

    def door(self) -> Door:
        """Return a new door: what a process that starts again would have."""
        return Door(
            tools=self.tools,
            workbench=self.bench,
            ledger=self.ledger,
            artifacts=self.artifacts,
            policy=self.policy,
            facts=lambda call, tool, arguments: dict(self.facts),
            redact=Redactor(self.secrets),
            bus=Bus(),
            yes=self.yes,
        )

    def call(self, tool: str, arguments: dict[str, Any] | None = None, **changes: Any) -> Call:
        """Return a call that is in order, but for the changes."""
        given = {
            "delivery": DELIVERY,
            "role": "code",
            "visit": 1,
            "step": 1,
            "index": 0,
            "tool": tool,
            "arguments": arguments or {},
            "rationale": "The story asks for it.",
            "evidence": (self.story,),
        }
        return Call.model_validate(given | changes)


def setting(tmp_path: Path, policy: Any) -> Setting:
    """Return a delivery that was opened, with an empty workspace."""
    home = tmp_path / "home"
    ledger, artifacts = (
        Ledger(home / "ledger.db", Redactor(())),
        ArtifactStore(home / "artifacts", Redactor(())),
    )
    story = artifacts.put(b'{"id": "CHK-1"}')
    write(ledger, DELIVERY, "opened", "opened", {"story": "CHK-1", "artifacts": [story]})
    workspace = home / "work" / DELIVERY
    workspace.mkdir(parents=True)
    nothing: Any = None  # no tool of these tests needs a sandbox or a runtime
    bench = Workbench(
        delivery=DELIVERY,
        service="checkout",
        story="CHK-1",
        stack="fastapi",
        when=datetime(2026, 1, 2, tzinfo=UTC),
        repository=tmp_path / "checkout",
        workspace=workspace,
        home=home,
        artifacts=artifacts,
        redact=Redactor(()),
        sandbox=nothing,
        runtime=nothing,
        cache=tmp_path / "cache",
        ledger_head=lambda: "",
    )
    return Setting(ledger=ledger, artifacts=artifacts, bench=bench, story=story, policy=policy)
