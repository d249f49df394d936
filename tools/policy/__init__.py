"""Decisions on calls, made by policies written in Rego that two engines evaluate identically.

The input document and the rules are described in crew/policies/README.md. A call is denied if the
engine gives no answer.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from tools.errors import PolicyError
from tools.policy.answer import Decision, PolicyEngine
from tools.policy.source import load

__all__ = ["ENGINES", "Decision", "EngineName", "PolicyEngine", "choose"]

EngineName = Literal["auto", "regopy", "opa"]
ENGINES: tuple[EngineName, ...] = ("auto", "regopy", "opa")


def choose(policies: Path, extra: Path | None = None, engine: str = "auto") -> PolicyEngine:
    """Load the policies and return the engine that evaluates them; "auto" selects OPA if it is on PATH.

    `extra` is a folder of the user's own policies, in `package extra`, which can add denials and requests for approval
    but not remove any. Raises PolicyError if a policy is unreadable or rejected by the linter, or if the engine cannot
    start.
    """
    if engine not in ENGINES:
        raise PolicyError(f"Unknown policy engine {engine!r}; valid: {', '.join(ENGINES)}.")
    source = load(policies, extra)
    program = shutil.which("opa")
    if engine == "opa" and program is None:
        raise PolicyError("The program opa is not on PATH. Install it, or use the policy engine regopy.")
    # Each engine has its own heavy import: httpx, or a shared library of 7 MB.
    if program is not None and engine in ("auto", "opa"):
        from tools.policy.opa_engine import OpaEngine  # noqa: PLC0415

        return OpaEngine(source, program)
    from tools.policy.regopy_engine import RegopyEngine  # noqa: PLC0415

    return RegopyEngine(source)
