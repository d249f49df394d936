"""The facts about a call that its tool declares for policy."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, JsonValue

from crew.agents.answers import AnyAnswer
from crew.door.call import Call
from crew.evidence.evidence import last
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger
from crew.records.rows import Concluded
from tools.result import FactSources, Tool, Workbench


class Facts:
    """Callable that computes the facts about the calls of one delivery."""

    def __init__(self, bench: Workbench, ledger: Ledger, artifacts: ArtifactStore) -> None:
        self._ledger = ledger
        self._artifacts = artifacts
        self._sources = FactSources(bench, self._evidence, self._objections)

    def __call__(self, call: Call, tool: Tool, arguments: BaseModel) -> dict[str, JsonValue]:
        """Return the facts by name; {} for a tool that declares none."""
        bench = replace(self._sources.bench, role=call.role, rationale=call.rationale, action=call.key)
        sources = replace(self._sources, bench=bench)
        return {fact.name: fact.find(sources, arguments) for fact in tool.facts}

    def _evidence(self, tool: str) -> dict[str, JsonValue]:
        result = last(self._ledger, self._artifacts, self._sources.bench.delivery, tool)
        return result.data | {"action": result.action} if result else {}

    def _objections(self) -> JsonValue:
        delivery = self._sources.bench.delivery
        answers = {row.body.role: row.body.arguments for row in self._ledger.rows(delivery, Concluded)}
        return [
            f"The {role} agent: {finding.text}"
            for role, answer in answers.items()
            for finding in AnyAnswer.model_validate(answer).blocking
        ]
