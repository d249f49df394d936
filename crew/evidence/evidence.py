"""The results of tools, and the files that a role has written, as recorded in the ledger of a delivery."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger, Row
from crew.records.rows import Intent, Outcome
from tools.result import ToolResult


class Evidence(ToolResult, frozen=True):
    """The result of an action, with the action's id."""

    action: str


def last(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tool: str, visit: tuple[str, int] | None = None
) -> Evidence | None:
    """Return the last result of a tool in a delivery, or None.

    If `visit`, a role and the number of its attempt, is given, only results of that attempt count, since the changes
    of an earlier one may have been reverted."""
    rows = _rows(ledger, delivery, tool, visit)
    return _evidence(rows[-1], artifacts) if rows else None


def outcomes(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tool: str, visit: tuple[str, int]
) -> list[Evidence]:
    """Return all results of a tool in one attempt of a role, in order."""
    return [_evidence(row, artifacts) for row in _rows(ledger, delivery, tool, visit)]


def _rows(ledger: Ledger, delivery: str, tool: str, visit: tuple[str, int] | None) -> list[Row[Outcome]]:
    wanted = [row for row in ledger.rows(delivery, Intent) if row.body.tool == tool]
    keys = {row.key for row in wanted if visit is None or visit == (row.body.role, row.body.visit)}
    return [row for row in ledger.rows(delivery, Outcome) if row.key in keys]


def results(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, tools: Collection[str]
) -> Iterator[tuple[Row[Outcome], str, ToolResult]]:
    """Yield the outcome row, tool name and result of each call of the given tools in a delivery, in order."""
    intents = {row.key: row.body.tool for row in ledger.rows(delivery, Intent)}
    for row in ledger.rows(delivery, Outcome):
        if (tool := intents.get(row.key, "")) in tools:
            yield row, tool, ToolResult.model_validate_json(artifacts.get(row.body.result))


def _evidence(row: Row[Outcome], artifacts: ArtifactStore) -> Evidence:
    result = ToolResult.model_validate_json(artifacts.get(row.body.result))
    return Evidence(**dict(result), action=row.key)


def written_by(ledger: Ledger, delivery: str, role: str) -> frozenset[str]:
    """Return the POSIX paths of the files that a role has written or edited in a delivery."""
    done = {row.key for row in ledger.rows(delivery, Outcome) if row.body.ok}
    calls = [row.body for row in ledger.rows(delivery, Intent) if row.key in done]
    return frozenset(
        Path(str(call.arguments["path"])).as_posix()
        for call in calls
        if call.role == role and call.tool in ("write_file", "edit_file")
    )
