"""A deterministic check of whether a drafted policy is sound.

A policy may only deny more calls or require more approvals. Its form ensures that (tools/policy/additions.py), and
this module also compares the decisions of every available engine with the policy and without it.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources

from crew.policy_drafts.draft import DraftRule, PolicyCase, PolicyDraft
from crew.policy_drafts.sample_calls import (
    Document,
    PolicySettings,
    example_call,
    example_calls,
    odd_calls,
    overlaid,
)
from tools.errors import PolicyError
from tools.policy import Decision, PolicyEngine
from tools.policy.additions import additions, names_of
from tools.policy.answer import NO_ANSWER
from tools.policy.regopy_engine import RegopyEngine
from tools.policy.source import Source, load

SHORTEST_QUOTE = 20
"""Minimum length, in characters, of a quote that identifies a sentence."""
MOST_COMPLAINTS = 40
ENOUGH = 5
"""Number of different complaints about calls after which no more calls are tried."""
SLOW = "loop over less"
LONGEST_DECISION = 0.5
"""Maximum time for a decision in seconds, since every tool call waits for one."""
_STRENGTH = {"allow": 0, "ask": 1, "deny": 2}


@dataclass(frozen=True)
class Verdict:
    """The result of checking a policy."""

    complaints: tuple[str, ...]
    """The errors in the policy; empty for a sound one."""
    engines: tuple[str, ...] = ()
    """Names of the engines that agreed on every call."""
    objects_to: tuple[str, ...] = ()
    """Tools for which the policy denies or asks about an ordinary, otherwise allowed call, as "tool: outcome"."""


def tool_facts(source: Source | None = None) -> dict[str, list[str]]:
    """Return the names of the facts by which policies judge each tool, by tool name."""
    settings = PolicySettings.model_validate((source or own_policies()).data["settings"])
    return {name: list(tool.facts) for name, tool in settings.tools.items()}


def own_policies() -> Source:
    """Return the built-in policies, which apply to every run."""
    with resources.as_file(resources.files("crew").joinpath("policies")) as folder:
        return load(folder)


def judge(draft: PolicyDraft, regulation: str, name: str, beside: Source | None = None) -> Verdict:
    """Check a draft as the file `name`.rego next to the policies in `beside`, by default the built-in ones."""
    base = beside or own_policies()
    module = f"extra/{name}.rego"
    added = additions(module, draft.rego, names_of(base.modules))
    complaints = [*map(str, added.findings), *_quotes(draft.rules, regulation)]
    kinds = {each.rule: each.kind for each in added.rules}
    complaints += _names(draft, set(kinds))
    complaints += _unproved(draft, kinds)
    if complaints:
        return Verdict(tuple(complaints[:MOST_COMPLAINTS]))
    policed = dataclasses.replace(base, modules=base.modules | {module: draft.rego})
    try:
        # For the policies without the draft, one engine is enough: tests ensure that all engines agree on them.
        with _panel(base, alone=True) as (plain,), _panel(policed) as stricter:
            trial = _Trial(base, plain, stricter, draft)
            complaints = trial.complaints()
            objects_to = trial.objects_to() if not complaints else ()
            engines = tuple(each.name for each in stricter)
    except PolicyError as error:
        return Verdict((f"an engine cannot read it: {error}",))
    complaints = list(dict.fromkeys(complaints))
    return Verdict(tuple(complaints[:MOST_COMPLAINTS]), engines, objects_to)


def stands_in(quote: str, text: str) -> bool:
    """Return whether a text contains a quote verbatim, apart from whitespace and line breaks."""
    return " ".join(quote.split()) in " ".join(text.split())


def _quotes(rules: tuple[DraftRule, ...], regulation: str) -> Iterator[str]:
    for rule in rules:
        if len(rule.why.strip()) < SHORTEST_QUOTE:
            yield f"rule {rule.name}: the quote {rule.why!r} is too short; quote the whole sentence"
        elif not stands_in(rule.why, regulation):
            yield f"rule {rule.name}: {rule.why[:80]!r} is not in the regulation; quote it verbatim"


def _names(draft: PolicyDraft, written: set[str]) -> Iterator[str]:
    listed = [rule.name for rule in draft.rules]
    for name in sorted(set(listed) ^ written):
        where = "rego" if name in written else "rules"
        yield f"rule {name} is only in `{where}`; `rules` and `rego` must have the same ids"
    for name in sorted({each for each in listed if listed.count(each) > 1}):
        yield f"rule {name} is listed twice in `rules`"
    cases = [case.name for case in draft.cases]
    for name in sorted({each for each in cases if cases.count(each) > 1}):
        yield f"two cases are called {name!r}"
    for case in draft.cases:
        if case.rule not in written:
            yield f"case {case.name!r} is about {case.rule!r}, which is not a rule of this policy"


def _unproved(draft: PolicyDraft, kinds: Mapping[str, str]) -> Iterator[str]:
    for name, kind in sorted(kinds.items()):
        expected = {case.expect for case in draft.cases if case.rule == name}
        if kind not in expected:
            yield f"rule {name}: no case expects {kind} from it; write one that makes it fire"
        if "allow" not in expected:
            yield f"rule {name}: no case expects allow; write one that comes close and does not make it fire"
        for odd in sorted(expected - {kind, "allow"}):
            yield f"rule {name}: it can {kind}, and a case expects {odd}"


@contextmanager
def _panel(source: Source, alone: bool = False) -> Iterator[list[PolicyEngine]]:
    """Open an engine of each available kind, or only regopy if `alone`; raises PolicyError for invalid policies."""
    engines: list[PolicyEngine] = []
    try:
        engines.append(RegopyEngine(source))
        if not alone and (program := shutil.which("opa")):
            from tools.policy.opa_engine import OpaEngine  # noqa: PLC0415  imports httpx; only needed with OPA

            engines.append(OpaEngine(source, program))
        yield engines
    finally:
        for each in engines:
            each.close()


class _Trial:
    """A trial of a draft, which compares the engines' decisions with and without it."""

    def __init__(
        self, base: Source, plain: PolicyEngine, stricter: list[PolicyEngine], draft: PolicyDraft
    ) -> None:
        self._data = base.data
        self._plain = plain
        self._stricter = stricter
        self._draft = draft

    def complaints(self) -> list[str]:
        found = [each for case in self._draft.cases for each in self._case(case)]
        for call in () if found else self._calls():
            found += self._no_less(call)
            # These are enough to fix at once, and a slow policy must not be tried on hundreds of calls.
            if len(set(found)) >= ENOUGH or any(SLOW in each for each in found):
                break
        return found

    def objects_to(self) -> tuple[str, ...]:
        calls = list(example_calls(self._data))
        return tuple(
            f"{call['tool']}: {said.outcome}"
            for call in calls
            if (said := self._stricter[0].decide(call)).outcome != "allow"
        )

    def _case(self, case: PolicyCase) -> Iterator[str]:
        try:
            call = overlaid(example_call(self._data, str(case.input.get("tool"))), case.input)
        except KeyError:
            yield f"case {case.name!r}: unknown tool {case.input.get('tool')!r}; name an existing one in `input`"
            return
        without = self._plain.decide(call)
        if without.outcome != "allow":
            rules = ", ".join(dict.fromkeys(without.rules))
            yield (
                f"case {case.name!r}: without this policy it is not allowed, since {rules} already objects "
                f"({'; '.join(without.reasons)[:200]}); leave the sentence out if that covers it"
            )
            return
        for engine in self._stricter:
            said = engine.decide(call)
            fired = case.rule in said.rules
            if said.reasons[:1] == (NO_ANSWER,):
                yield f"case {case.name!r}: {engine.name} gives no answer; {' '.join(said.reasons[1:])[:200]}"
            elif said.outcome != case.expect or fired is (case.expect == "allow"):
                wanted = f"{case.expect} by {case.rule}" if case.expect != "allow" else "allow"
                yield f"case {case.name!r}: {engine.name} says {_told(said)}, not {wanted}"

    def _calls(self) -> Iterator[Document]:
        """Yield the calls of all cases, ordinary calls of all tools, and malformed variants of the cases' calls."""
        for case in self._draft.cases:
            yield overlaid(example_call(self._data, str(case.input.get("tool"))), case.input)
        yield from example_calls(self._data)
        tools = sorted({str(case.input.get("tool")) for case in self._draft.cases})
        for call in (example_call(self._data, tool) for tool in tools):
            yield from odd_calls(call)
        for case in self._draft.cases:
            call = example_call(self._data, str(case.input.get("tool")))
            yield from (overlaid(call, odd) for odd in odd_calls(case.input))

    def _no_less(self, call: Document) -> Iterator[str]:
        before, said = self._plain.decide(call), [_at_leisure(engine, call) for engine in self._stricter]
        for after in said:
            if not no_less(before, after):
                change = f"{_told(before)} becomes {_told(after)}"
                yield f"{change} for a call of {call.get('tool')!r}: a policy may only be stricter"
            if after.seconds > LONGEST_DECISION:
                yield f"{after.engine} took {after.seconds:.1f} s for a call of {call.get('tool')!r}; {SLOW}"
            if after.reasons[:1] == (NO_ANSWER,) and before.reasons[:1] != (NO_ANSWER,):
                yield (
                    f"{after.engine} has no answer for a call of {call.get('tool')!r} with an odd value: a helper has "
                    "two values, or a built-in gets one of the wrong type; check is_string(x), is_number(x) first"
                )
        if len({(each.outcome, each.rules, each.reasons[:1] == (NO_ANSWER,)) for each in said}) > 1:
            answers = "; ".join(f"{each.engine}: {_told(each)}" for each in said)
            yield f"the engines differ on a call of {call.get('tool')!r} ({answers}); write it more plainly"


def _at_leisure(engine: PolicyEngine, call: Document) -> Decision:
    """Return a decision, repeating a slow one up to twice since the machine may have been busy."""
    said = engine.decide(call)
    for _ in range(2):
        if said.seconds <= LONGEST_DECISION:
            break
        said = engine.decide(call)
    return said


def no_less(before: Decision, after: Decision) -> bool:
    """Return whether the decision `after` adding a policy is at least as strict as the one `before`."""
    if _STRENGTH[after.outcome] != _STRENGTH[before.outcome]:
        return _STRENGTH[after.outcome] > _STRENGTH[before.outcome]
    careful = before.answerable or not after.answerable or before.outcome == "allow"
    unanswered = after.reasons[:1] == (NO_ANSWER,)
    return careful and (unanswered or set(before.rules) <= set(after.rules))


def _told(decision: Decision) -> str:
    named = ", ".join(dict.fromkeys(decision.rules))
    return f"{decision.outcome} by {named}" if named else decision.outcome


def slug(stem: str) -> str:
    """Return a name for a policy's file, derived from the stem of the regulation's file name."""
    return re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:40] or "policy"
