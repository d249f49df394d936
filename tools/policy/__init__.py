"""What may be done: one question, asked of policies in Rego, answered in the same way by two engines.

The input document and the rules are described in crew/policies/README.md. No answer is a no.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, JsonValue

from tools.errors import PolicyError
from tools.policy.source import load

EngineName = Literal["auto", "regopy", "opa"]
ENGINES: tuple[EngineName, ...] = ("auto", "regopy", "opa")


class Decision(BaseModel):
    """What the policies say to one call."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["allow", "deny", "ask"]
    """`ask` means that a person must agree; whoever calls keeps the approvals and asks every time."""
    reasons: tuple[str, ...]
    """Plain sentences: what is wrong and what mends it. Empty for `allow`."""
    rules: tuple[str, ...]
    """Ids of the rules that led to the outcome, in the order of the reasons; empty without an answer."""
    answerable: bool
    """Whether `--yes` may agree in the person's place. False unless the outcome is `ask`."""
    engine: str
    policy_digest: str
    """Of all policies and data, "sha256:..."."""
    seconds: float


class PolicyEngine(Protocol):
    """One way of asking the policies."""

    name: str
    """"regopy" or "opa"."""
    digest: str
    """Of all policy and data files, in order of their names: "sha256:..."."""

    def decide(self, document: dict[str, JsonValue]) -> Decision:
        """Answer one call. Never raises: what cannot be answered is denied. Safe to call from threads."""

    def close(self) -> None:
        """Let go of what it holds. A closed engine denies everything."""


def choose(policies: Path, extra: Path | None = None, engine: str = "auto") -> PolicyEngine:
    """Load the policies and return the engine that asks them; "auto" takes OPA where it is on PATH.

    `extra` is a folder of the user's own policies, in `package extra`: they can add denials and questions,
    and take nothing away.
    Raises PolicyError if a policy is unreadable, is refused by the linter, or if the engine cannot start.
    """
    if engine not in ENGINES:
        raise PolicyError(f"There is no policy engine called {engine!r}. Take one of: {', '.join(ENGINES)}.")
    source = load(policies, extra)
    program = shutil.which("opa")
    if engine == "opa" and program is None:
        raise PolicyError("The program opa is not on PATH. Install it, or use the policy engine regopy.")
    # Each engine imports what it alone needs: httpx, or a shared library of 7 MB.
    if program is not None and engine in ("auto", "opa"):
        from tools.policy.opa_engine import OpaEngine  # noqa: PLC0415

        return OpaEngine(source, program)
    from tools.policy.regopy_engine import RegopyEngine  # noqa: PLC0415

    return RegopyEngine(source)
