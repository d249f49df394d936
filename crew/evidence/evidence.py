"""What the ledger shows of a git tree: the last test run and the last scan of exactly that tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger, Row
from tools.result import ToolResult


class Proof(BaseModel):
    """An action that looked at a tree, and what it saw."""

    model_config = ConfigDict(frozen=True)

    action: str
    ok: bool
    data: dict[str, JsonValue]
    artifacts: dict[str, str]


def last(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tool: str, visit: tuple[str, int] | None = None
) -> Proof | None:
    """Return the last outcome of a tool in a delivery, of whatever tree, or None; of one visit of a role only, if that
    is given: what another model did in a visit before may have been taken back."""
    wanted = [row for row in ledger.rows(delivery, "intent") if row.body["tool"] == tool]
    intents = {row.key for row in wanted if visit is None or visit == (row.body["role"], row.body["visit"])}
    found = [row for row in ledger.rows(delivery, "outcome") if row.key in intents]
    if not found:
        return None
    return _proof(found[-1], artifacts)


def outcomes(ledger: Ledger, artifacts: ArtifactStore, delivery: str, tool: str, visit: int) -> list[Proof]:
    """Return every outcome of a tool in one visit of whoever called it, in order."""
    intents = ledger.rows(delivery, "intent")
    keys = {row.key for row in intents if row.body["tool"] == tool and row.body["visit"] == visit}
    return [_proof(row, artifacts) for row in ledger.rows(delivery, "outcome") if row.key in keys]


def results(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tools: Collection[str]
) -> Iterator[tuple[Row, str, ToolResult]]:
    """Yield what came of these tools in a delivery, in order: the row of the outcome, the tool and its result."""
    intents = {row.key: str(row.body["tool"]) for row in ledger.rows(delivery, "intent")}
    for row in ledger.rows(delivery, "outcome"):
        if (tool := intents.get(row.key, "")) in tools:
            yield row, tool, ToolResult.model_validate_json(artifacts.get(str(row.body["result"])))


def _proof(row: Row, artifacts: ArtifactStore) -> Proof:
    result = ToolResult.model_validate_json(artifacts.get(str(row.body["result"])))
    return Proof(action=row.key, ok=result.ok, data=result.data, artifacts=result.artifacts)


def written_by(ledger: Ledger, delivery: str, role: str) -> frozenset[str]:
    """Return the paths of the files that a role has written or edited in a delivery."""
    done = {row.key for row in ledger.rows(delivery, "outcome") if row.body["ok"]}
    intents = [row.body for row in ledger.rows(delivery, "intent") if row.key in done]
    said = [
        body["arguments"]
        for body in intents
        if body["role"] == role and body["tool"] in ("write_file", "edit_file")
    ]
    return frozenset(Path(str(each["path"])).as_posix() for each in said if isinstance(each, dict))
