"""The testing playbook, which runs all tests and then mutation tests of the changed lines."""

from __future__ import annotations

from pydantic import BaseModel

from crew.agents.answers import Finding, Review
from crew.agents.examples import ExamplesAnswer
from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script, Seen, blocking


def testing(brief: Brief) -> Script:
    """Install the dependencies, run all tests, and check with mutants whether they would detect a mistake."""
    if brief.facts.get("task") == "examples":
        yield _no_examples(brief)
        return
    start = brief.evidence["commit"]
    installed = yield Act(
        "install_dependencies",
        {},
        "The tests need the service's own dependencies, of exactly the tree that was committed, and none of ours. "
        "They are pinned, so those that are already installed are reused.",
        (start,),
    )
    if not installed.ok:
        yield _conclude(installed, [blocking(installed.summary)])
        return
    ran = yield Act(
        "run_tests",
        {},
        f"{installed.summary} I run the whole suite: a part of it could not show that earlier stories still hold.",
        (start, installed.action),
    )
    seen = ran.read(_TestData)
    if not ran.ok:
        failures = [blocking(f"The test {each.name} failed: {each.message}") for each in seen.failures]
        findings = failures or [blocking(ran.summary)]
        yield _conclude(ran, findings)
        return
    mutated = yield Act(
        "run_mutants",
        {"coverage": ran.artifacts.get("coverage", "")},
        f"{ran.summary} Passing tests say little if they would also pass on wrong code, so the changed lines are "
        "altered one at a time, and the tests that cover them should go red.",
        (ran.action,),
    )
    yield _conclude(ran, [_survivor(each) for each in mutated.read(_TestData).survivors], mutated)


def _no_examples(brief: Brief) -> Conclude:
    why = "Without a language model, prose cannot be read, so no example can be derived from it."
    return Conclude(ExamplesAnswer(summary="No example tests.", none=why), why, (brief.evidence["story"],))


def _conclude(ran: Seen, findings: list[Finding], mutated: Seen | None = None) -> Conclude:
    flaky = ran.read(_TestData).flaky
    findings += [
        Finding(severity="warning", what=f"{name} gave a different result when it was run again.")
        for name in flaky
    ]
    seen = [ran] + ([mutated] if mutated else [])
    return Conclude(
        Review(summary=" ".join(each.summary for each in seen), findings=findings),
        "These are the counts that the tools gave, for this tree alone.",
        tuple(each.action for each in seen),
    )


class _Failure(BaseModel):
    name: str
    message: str


class _Survivor(BaseModel):
    change: str
    file: str
    line: int


class _TestData(BaseModel):
    """The result data of `run_tests` and `run_mutants`."""

    flaky: tuple[str, ...] = ()
    failures: tuple[_Failure, ...] = ()
    survivors: tuple[_Survivor, ...] = ()


def _survivor(mutant: _Survivor) -> Finding:
    what = f"No test noticed `{mutant.change}`; another test should."
    return Finding(severity="note", what=what, file=mutant.file, line=mutant.line)
