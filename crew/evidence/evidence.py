"""What the ledger shows of a git tree: the last test run and the last scan of exactly that tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger, Row
from crew.records.rows import Intent, Outcome
from tools.result import ToolResult


class Evidence(ToolResult, frozen=True):
    """The result of an action, and which action it was."""

    action: str


def last(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tool: str, visit: tuple[str, int] | None = None
) -> Evidence | None:
    """Return the last outcome of a tool in a delivery, of whatever tree, or None; of one visit of a role only, if that
    is given: what another model did in a visit before may have been taken back."""
    rows = _rows(ledger, delivery, tool, visit)
    return _evidence(rows[-1], artifacts) if rows else None


def outcomes(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tool: str, visit: tuple[str, int]
) -> list[Evidence]:
    """Return every outcome of a tool in one visit of a role, in order."""
    return [_evidence(row, artifacts) for row in _rows(ledger, delivery, tool, visit)]


def _rows(ledger: Ledger, delivery: str, tool: str, visit: tuple[str, int] | None) -> list[Row[Outcome]]:
    wanted = [row for row in ledger.rows(delivery, Intent) if row.body.tool == tool]
    keys = {row.key for row in wanted if visit is None or visit == (row.body.role, row.body.visit)}
    return [row for row in ledger.rows(delivery, Outcome) if row.key in keys]


def results(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tools: Collection[str]
) -> Iterator[tuple[Row[Outcome], str, ToolResult]]:
    """Yield the results of these tools in a delivery, in order: the row of the outcome, the tool and its result."""
    intents = {row.key: row.body.tool for row in ledger.rows(delivery, Intent)}
    for row in ledger.rows(delivery, Outcome):
        if (tool := intents.get(row.key, "")) in tools:
            yield row, tool, ToolResult.model_validate_json(artifacts.get(row.body.result))


def _evidence(row: Row[Outcome], artifacts: ArtifactStore) -> Evidence:
    result = ToolResult.model_validate_json(artifacts.get(row.body.result))
    return Evidence(**dict(result), action=row.key)


def written_by(ledger: Ledger, delivery: str, role: str) -> frozenset[str]:
    """Return the paths of the files that a role has written or edited in a delivery."""
    done = {row.key for row in ledger.rows(delivery, Outcome) if row.body.ok}
    calls = [row.body for row in ledger.rows(delivery, Intent) if row.key in done]
    return frozenset(
        Path(str(call.arguments["path"])).as_posix()
        for call in calls
        if call.role == role and call.tool in ("write_file", "edit_file")
    )
