"""Conversations as the crew has them, with ids that differ from run to run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": {"type": "object"}}}
    for name in ("run_tests", "answer")
]


@dataclass(frozen=True)
class Run:
    """What differs from run to run."""

    seed: int
    home: str = "/home/ada/.crew"
    port: int = 20_000
    seconds: float = 12.3

    @property
    def delivery(self) -> str:
        return f"kio-1-{self.seed:06x}"

    def hex(self, name: str, length: int) -> str:
        from crew.records.canonical_json import digest

        return digest(f"{self.seed} {name}").removeprefix("sha256:")[:length]

    def digest(self, name: str) -> str:
        return "sha256:" + self.hex(name, 64)

    def action(self, name: str) -> str:
        return "a-" + self.hex(name, 16)


ONE, TWO = Run(1), Run(2, home="/srv/b/.crew", port=31_234, seconds=0.4)


def brief(run: Run, **changes: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "role": "testing",
        "delivery": run.delivery,
        "visit": 1,
        "service": "kiosk",
        "story": {"id": "KIO-1", "criteria": [{"id": "KIO-1.1", "text": "A code expires after 30 s."}]},
        "evidence": {"story": run.digest("story"), "commit": run.action("commit")},
        "facts": {"tree": run.hex("tree", 40), "story_digest": run.digest("story")},
    } | changes


def opening(run: Run, prompt: str = "You are the testing agent.", **changes: Any) -> list[BaseMessage]:
    text = json.dumps(brief(run, **changes), sort_keys=True)
    return [SystemMessage(prompt), HumanMessage(f"```json brief\n{text}\n```")]


def called(tool: str, evidence: str, call_id: str, **arguments: Any) -> AIMessage:
    args = arguments | {"rationale": "It is time.", "evidence": [evidence]}
    return AIMessage(content="", tool_calls=[{"name": tool, "args": args, "id": call_id}])


def outcome(run: Run, call_id: str, name: str = "tested") -> ToolMessage:
    said = (
        f"Ran {run.hex('tree', 12)} at 2026-01-02T10:00:{run.seed % 60:02}Z in {run.seconds} s. "
        f"It is merged as {run.hex('merge', 12)}, serves at http://127.0.0.1:{run.port}/ from "
        f"{run.home}/work/{run.delivery}/app, <Paper at 0x7f{run.hex('address', 10)}>, "
        f"request {run.hex('a', 8)}-{run.hex('b', 4)}-{run.hex('c', 4)}-{run.hex('d', 4)}-{run.hex('e', 12)}."
    )
    data = {"tree": run.hex("tree", 40), "seconds": run.seconds}
    result = {"action": run.action(name), "ok": True, "code": "ok", "summary": said, "data": data}
    artifacts = {"report": run.digest(f"report {name}")}
    return ToolMessage(json.dumps(result | {"artifacts": artifacts}), tool_call_id=call_id)


def conversation(run: Run, call_id: str = "x") -> list[BaseMessage]:
    note = {"fetch": run.digest("note"), "approval": "p-" + run.hex("approval", 10)}
    return [
        *opening(run),
        called("run_tests", run.action("commit"), f"{call_id}-1"),
        outcome(run, f"{call_id}-1"),
        AIMessage(f"Tree {run.hex('tree', 12)} passed, see {run.digest('report tested')}."),
        HumanMessage(f"Call one of your tools.\n```json\n{json.dumps(note)}\n```\nDone in {run.seconds} s."),
    ]
