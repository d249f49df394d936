"""Ledger rows for tests, which name only the members that they are about."""

from __future__ import annotations

from typing import Any

from crew.records.ledger import Ledger, Row
from crew.records.rows import BODIES

_POLICY = {"outcome": "allow", "reasons": [], "rules": [], "engine": "regopy", "digest": "sha256:1"}
_CALL = {"tool": "write_file", "arguments": {}, "rationale": "It is the next step.", "evidence": []}
_MEMBERS: dict[str, dict[str, Any]] = {
    "opened": {
        "title": "", "service": "shop", "repository": "/", "stack": "fastapi", "origin": "person", "run": "run-1",
        "strict": False, "shape": "", "model": "offline", "story": "CHK-1",
    },
    "intent": _CALL | {"policy": _POLICY},
    "denied": _CALL,
    "concluded": _CALL,
    "outcome": {"tool": "write_file", "ok": True, "code": "ok", "summary": "It is done.", "result": ""},
}  # fmt: skip


def write(ledger: Ledger, delivery: str, kind: str, key: str, body: Any) -> Row[Any]:
    """Append a row of this kind with these members."""
    return ledger.append(delivery, key, BODIES[kind].model_validate(_MEMBERS.get(kind, {}) | body))
