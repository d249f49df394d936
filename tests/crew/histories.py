"""Ledgers of deliveries that ended, written row by row as a run writes them; no tool has to run for that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crew.records.artifacts import ArtifactStore
from crew.records.canonical_json import canonical
from crew.records.deliveries import open_delivery
from crew.records.ledger import Ledger, Row
from crew.records.rows import Intent
from crew.settings.terms import Terms
from crew.stories import StoryFile, parse
from tests.crew.rows import write
from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read
from tools.redaction import Redactor
from tools.result import ToolResult
from tools.testing import TestOutcome, TestReport

STORIES = """\
service: kiosk
stories:
  - id: KIO-1
    title: Papers
    story: As a reader, I want to buy a paper, so that I know what is new.
    acceptance:
      - A shelf has a name (text).
      - A paper has a title (text, up to 80 characters) and a price (money, at least 0).
      - A paper belongs to a shelf.
      - A paper starts as new.
      - A paper goes from new to sold when it is sold.
      - The papers should rhyme.
"""
VERSION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class History:
    """A home's ledger and artifacts, and one story file to write deliveries of."""

    home: Path
    ledger: Ledger
    artifacts: ArtifactStore
    file: StoryFile

    def opened(self) -> str:
        """Write the first row of a delivery of the first story and return its id."""
        story = self.file.stories[0]
        terms = Terms(model="offline")
        return open_delivery(
            self.ledger, self.artifacts, self.file, story, run="run-1", strict=False, terms=terms
        )

    def acted(
        self,
        delivery: str,
        tool: str,
        artifacts: dict[str, object] | None = None,
        *,
        key: str = "",
        rationale: str = "It is the next step.",
        evidence: tuple[str, ...] = (),
        approval: str = "",
        ok: bool = True,
        **data: Any,
    ) -> str:
        """Write an action, intent and outcome, and return its id."""
        stored = {name: self.artifacts.put(_bytes(each)) for name, each in (artifacts or {}).items()}
        result = ToolResult(
            ok=ok, code="ok" if ok else "failed", summary=f"{tool} is done.", data=data, artifacts=stored
        )
        named = self.artifacts.put(canonical(result.model_dump(mode="json")).encode())
        key = key or f"a-{tool}"
        key += f"-{len(self.ledger.rows(delivery))}" if self.ledger.find(delivery, Intent, key) else ""
        policy = {"outcome": "allow", "reasons": [], "rules": [], "engine": "regopy", "digest": "sha256:1"}
        said = {"rationale": rationale, "evidence": list(evidence), "policy": policy, "approval": approval}
        write(self.ledger, delivery, "intent", key, {"role": "code", "tool": tool, "arguments": {}} | said)  # type: ignore[arg-type]
        outcome = {
            "ok": ok,
            "summary": result.summary,
            "result": named,
            "artifacts": [named, *stored.values()],
        }
        write(self.ledger, delivery, "outcome", key, outcome)
        return key

    def concluded(self, delivery: str, role: str, **arguments: Any) -> None:
        """Write a role's answer."""
        body = {"role": role, "rationale": "That is what I found.", "evidence": [], "arguments": arguments}
        key = f"a-{role}-{len(self.ledger.rows(delivery))}"
        write(self.ledger, delivery, "concluded", key, body)

    def designed(self, delivery: str) -> None:
        """Write the design of the first story."""
        story = self.file.stories[0]
        reading = read(
            [(each.id, each.text) for each in story.criteria], Blueprint(service=self.file.service)
        )
        self.acted(
            delivery,
            "settle_blueprint",
            {"blueprint": reading.blueprint.model_dump(mode="json"), "contract": {}},
            criteria=[each.model_dump(mode="json") for each in reading.criteria],
            changes=[{"where": "A paper", "what": "it is new."}],
        )
        self.concluded(delivery, "design", summary="It is designed.")

    def generated(self, delivery: str) -> list[str]:
        """Write the generation of the first story's service, with one test for each criterion, and return the tests."""
        criteria = self.file.stories[0].criteria
        tests = {each.id: [f"tests/acceptance/test_kio_1.py::test_{n}"] for n, each in enumerate(criteria)}
        self.acted(delivery, "generate_service", {"tests": tests})
        return [name for names in tests.values() for name in names]

    def committed(self, delivery: str, tree: str, tool: str = "commit", **data: Any) -> None:
        """Write that the branch holds a tree now."""
        self.acted(delivery, tool, commit=f"commit of {tree}", tree=tree, **data)

    def ran(self, delivery: str, tree: str, passed: list[str], *others: TestOutcome, **more: Any) -> None:
        """Write a run of the tests on a tree: names of those that passed, and the others."""
        outcomes = (*(TestOutcome(id=each, outcome="passed") for each in passed), *others)
        report = TestReport(tests=outcomes, **more)
        self.acted(delivery, "run_tests", {"report": report.model_dump(mode="json")}, ok=report.ok, tree=tree)

    def closed(self, delivery: str, status: str = "delivered", **more: Any) -> Row:
        """Write the last row."""
        ended = {"status": status, "reason": "", "pull_request": "", "version": VERSION, "url": ""}
        return write(self.ledger, delivery, "closed", "closed", ended | more)

    def delivered(self) -> str:
        """Write a whole delivery of the first story and return its id."""
        delivery = self.opened()
        files = [{"path": path, "status": "added"} for path in ("app/main.py", "openapi.yaml")]
        self.designed(delivery)
        tests = self.generated(delivery)
        self.committed(delivery, "tree-1")
        self.ran(delivery, "tree-1", tests)
        self.concluded(delivery, "testing", summary="All tests passed.")
        self.acted(
            delivery, "open_pull_request", {"record": {"files": files}, "diff": "+ <b>added</b>\n- gone"}
        )
        finding = {"severity": "note", "file": "app/main.py", "line": 3, "what": "B101: An assert."}
        self.concluded(delivery, "governance", summary="One note.", findings=[finding])
        self.closed(delivery)
        return delivery


def history(tmp_path: Path, stories: str = STORIES) -> History:
    """Return a home without deliveries."""
    home = tmp_path / "home"
    home.mkdir()
    file = parse(stories.encode(), tmp_path / "stories.yaml")
    return History(
        home, Ledger(home / "ledger.db", Redactor(())), ArtifactStore(home / "artifacts", Redactor(())), file
    )


def _bytes(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
