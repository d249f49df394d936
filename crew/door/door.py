"""The single entry point for tool calls: every effect on the outside world goes through `Door.act`.

A call names a tool, its arguments, a rationale and the evidence for it. The door checks that the evidence
exists, asks policy, asks a person if policy requires it, writes the intent, runs the tool in its sandbox,
writes the outcome and publishes both. A call that was started before a crash is found by its key: its
outcome is replayed, or its tool's probe finds out whether the effect has already taken place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar, cast

from pydantic import BaseModel, JsonValue, ValidationError

from crew.door.call import Approval, ApprovalNeeded, Call
from crew.door.known_evidence import KnownEvidence
from crew.door.reasons import visible_letters
from crew.errors import LedgerDamaged, problems_in
from crew.records.artifacts import ArtifactStore
from crew.records.bus import Bus
from crew.records.canonical_json import digest_of
from crew.records.ledger import Ledger, Row
from crew.records.rows import (
    Answered,
    Arguments,
    Asked,
    CallBody,
    Concluded,
    Denied,
    Intent,
    Outcome,
    PolicyDecision,
    RowBody,
)
from tools.errors import ToolError, TryLater
from tools.policy import Decision
from tools.redaction import Redactor
from tools.result import Tool, ToolResult, Workbench

FAILED = "failed"
"""Result code of a tool that could not continue."""

C = TypeVar("C", bound=CallBody)


class Policy(Protocol):
    """The interface of a policy engine that the door uses."""

    def decide(self, document: dict[str, JsonValue], /) -> Decision:
        """Return the decision to allow, deny or ask; if the policies give no answer, it is to deny."""


Facts = Callable[[Call, Tool, BaseModel], dict[str, JsonValue]]
"""Function that returns the facts by which policy judges a call, so that the door need not trust the caller."""


class Door:
    """The door of one delivery, which checks, executes and records its tool calls."""

    def __init__(
        self,
        *,
        tools: Mapping[str, Tool],
        workbench: Workbench,
        ledger: Ledger,
        artifacts: ArtifactStore,
        policy: Policy,
        facts: Facts,
        redact: Redactor,
        bus: Bus,
        yes: bool = False,
    ) -> None:
        self._tools = tools
        self._bench = workbench
        self._ledger = ledger
        self._artifacts = artifacts
        self._policy = policy
        self._facts = facts
        self._redact = redact
        self._bus = bus
        self._yes = yes
        self._evidence = KnownEvidence(ledger)

    def act(self, call: Call) -> ToolResult:
        """Execute a call exactly once and return the result.

        A call that is refused by the door's checks or by policy has a result with `ok` false and code "denied".
        Raises ApprovalNeeded if a person has to decide first, and tools.errors.ToolError if the tool cannot continue,
        which is recorded before the error is raised."""
        if replayed := self._replay(call):
            return replayed
        begun = self._ledger.find(call.delivery, Intent, call.key)
        checked = self._checked(call)
        if isinstance(checked, str):
            return self._deny(call, (checked,), rules=("door",), decision=None)
        tool, arguments = checked
        if begun is None:
            try:
                decision, approval, denial = self._permit(call, tool, arguments)
            except TryLater:
                raise
            except ToolError as error:
                # Policy cannot decide without the facts, so the call is denied.
                return self._deny(call, (str(error),), ("facts",), None)
            if denial:
                return self._deny(call, *denial, decision)
            intent = self._body(
                Intent, call, effect=tool.effect, policy=_recorded(decision), approval=approval
            )
            self._write(call.delivery, call.key, intent)
        return self._run(call, tool, arguments, probe=begun is not None)

    def consult(self, call: Call) -> str:
        """Return why a call would be denied, or "" if it is allowed, without executing it.

        Raises ApprovalNeeded, like `act`, if a person has to decide first.
        """
        checked = self._checked(call)
        if isinstance(checked, str):
            return checked
        denial = self._permit(call, *checked)[2]
        return " ".join(denial[0]) if denial else ""

    def conclude(self, call: Call) -> ToolResult:
        """Record a role's answer, whose rationale and evidence are checked like those of any other call."""
        if self._ledger.find(call.delivery, Concluded, call.key) is None:
            if problem := self._evidence.objection(call):
                return self._deny(call, (problem,), ("door",), None)
            self._write(call.delivery, call.key, self._body(Concluded, call))
        return ToolResult(ok=True, code="ok", summary="The answer was recorded.")

    def refuse(self, call: Call, reason: str) -> ToolResult:
        """Record that the caller rejected a call for the given reason, and return the denial."""
        return self._deny(call, (reason,), ("bounds",), None)

    def store(self, result: ToolResult) -> str:
        """Store a result and return its digest; a result that is already stored is not stored again."""
        return self._artifacts.put(result.model_dump_json().encode())

    def answer(self, delivery: str, approval: str, approved: bool | None, who: str, text: str = "") -> None:
        """Record a person's decision on a requested approval; `approved` is None if it is no longer needed."""
        self._write(delivery, approval, Answered(approved=approved, by=who, text=text))

    def _replay(self, call: Call) -> ToolResult | None:
        done = self._ledger.find(call.delivery, Outcome, call.key)
        if done:
            try:
                result = ToolResult.model_validate_json(self._artifacts.get(done.body.result))
            except KeyError as error:
                raise LedgerDamaged(
                    f"The result of action {call.key} is gone from the artifact store ({error.args[0]}). "
                    f"Run `crew ledger verify {call.delivery}`."
                ) from error
            if result.code == FAILED:
                raise ToolError(result.summary)
            return result
        denied = self._ledger.find(call.delivery, Denied, call.key)
        return _denial(denied.body.reasons) if denied else None

    def _checked(self, call: Call) -> tuple[Tool, BaseModel] | str:
        """Return the tool and the validated arguments of a call, or why the call is invalid."""
        tool = self._tools.get(call.tool)
        if tool is None:
            return f"Unknown tool {call.tool!r}."
        try:
            arguments = tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            return f"The arguments of {tool.name} are invalid: {'; '.join(problems_in(error))}."
        return self._evidence.objection(call) or (tool, arguments)

    def _permit(
        self, call: Call, tool: Tool, arguments: BaseModel
    ) -> tuple[Decision, str, tuple[tuple[str, ...], tuple[str, ...]] | None]:
        """Return the decision, the approval's id or "", and a denial's reasons and rules or None."""
        document = self._document(call, tool, arguments)
        decision = self._policy.decide(document)
        if decision.outcome == "deny":
            return decision, "", (decision.reasons, decision.rules)
        if decision.outcome == "allow":
            return decision, "", None
        answered = self._approval(call, tool, document, decision)
        if answered.body.approved:
            return decision, answered.key, None
        said = f"{answered.body.by} rejected it. {answered.body.text}".strip()
        return decision, answered.key, ((said,), ("person",))

    def _approval(
        self, call: Call, tool: Tool, document: dict[str, JsonValue], decision: Decision
    ) -> Row[Answered]:
        facts = document["facts"]
        subject = facts.get("approves") if isinstance(facts, dict) else None
        approves = str(subject or digest_of([call.tool, call.arguments]))
        # The id depends on what is approved and why, not on the action, so the same tree is approved only once.
        name = digest_of([call.delivery, call.tool, approves, list(decision.rules)]).removeprefix("sha256:")
        approval = Approval(
            id=f"p-{name[:10]}",
            action=call.key,
            tool=tool.name,
            approves=approves,
            reasons=decision.reasons,
            answerable=decision.answerable,
        )
        answered = self._ledger.find(call.delivery, Answered, approval.id)
        if answered:
            return answered
        self._write(call.delivery, approval.id, Asked(**approval.model_dump()))
        if self._yes and decision.answerable:
            self.answer(call.delivery, approval.id, approved=True, who="--yes")
            return self._ledger.get(call.delivery, Answered, approval.id)
        raise ApprovalNeeded(approval)

    def _run(self, call: Call, tool: Tool, arguments: BaseModel, probe: bool) -> ToolResult:
        begun, probed = time.monotonic(), False
        bench = replace(self._bench, role=call.role, rationale=call.rationale, action=call.key)
        try:
            result = tool.probe(bench, arguments) if probe and tool.probe else None
            probed = result is not None
            result = result or tool.run(bench, arguments)
        except TryLater:
            # Nothing was done, so there is no outcome; the intent stays open until the call can be repeated.
            raise
        except ToolError as error:
            # A ToolError is an outcome and ends the delivery; any other exception leaves the intent open for a retry.
            failed = _strip(ToolResult(ok=False, code=FAILED, summary=str(error)), self._redact)
            self._outcome(call, failed, time.monotonic() - begun, probed)
            error.args = (failed.summary,)
            raise
        result = _strip(result, self._redact)
        self._outcome(call, result, time.monotonic() - begun, probed)
        return result

    def _outcome(self, call: Call, result: ToolResult, seconds: float, probed: bool) -> None:
        stored = self.store(result)
        outcome = Outcome(
            role=call.role,
            tool=call.tool,
            ok=result.ok,
            code=result.code,
            summary=result.summary,
            result=stored,
            artifacts=(stored, *result.artifacts.values()),
            seconds=round(seconds, 3),
            found_after_a_crash=probed,
        )
        self._write(call.delivery, call.key, outcome)

    def _deny(
        self, call: Call, reasons: tuple[str, ...], rules: tuple[str, ...], decision: Decision | None
    ) -> ToolResult:
        policy = _recorded(decision) if decision else None
        reasons = tuple(str(self._redact(each)) for each in reasons)
        denied = self._body(Denied, call, reasons=reasons, rules=rules, policy=policy)
        self._write(call.delivery, call.key, denied)
        return _denial(reasons)

    def _document(self, call: Call, tool: Tool, arguments: BaseModel) -> dict[str, JsonValue]:
        known = sorted(set(call.evidence) & self._evidence.known_to(call))
        return {
            "delivery": call.delivery,
            "role": call.role,
            "tool": call.tool,
            "effect": tool.effect,
            "arguments": call.arguments,
            "rationale": call.rationale,
            "evidence": list(call.evidence),
            "facts": self._facts(call, tool, arguments)
            | {"known_evidence": [*known], "rationale_letters": visible_letters(call.rationale)},
        }

    def _body(self, kind: type[C], call: Call, **more: object) -> C:
        """Return the body of a row about a call, with the call's secrets redacted."""
        members = self._redact(call.model_dump(mode="json", include=set(CallBody.model_fields)))
        return kind.model_validate({**cast(Arguments, members), **more})

    def _write(self, delivery: str, key: str, body: RowBody) -> None:
        row = self._ledger.append(delivery, key, body)
        self._evidence.remember(row)
        self._bus.publish(row)


def _denial(reasons: tuple[str, ...]) -> ToolResult:
    return ToolResult(ok=False, code="denied", summary=" ".join(reasons))


def _recorded(decision: Decision) -> PolicyDecision:
    return PolicyDecision(
        outcome=decision.outcome,
        reasons=decision.reasons,
        rules=decision.rules,
        engine=decision.engine,
        digest=decision.policy_digest,
    )


def _strip(result: ToolResult, redact: Redactor) -> ToolResult:
    return ToolResult.model_validate(redact(result.model_dump(mode="json")))
