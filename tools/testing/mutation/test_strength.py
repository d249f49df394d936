"""Measure the strength of individual tests: whether they are stable, and whether they fail when the code changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from tools.testing.mutation.mutants import find_mutants
from tools.testing.outcomes import Coverage, Mutant, TestOutcome, TestReport
from tools.testing.pytest_run import run_tests
from tools.testing.runner_reports import BrokenReport, read_run
from tools.testing.sandbox_runner import Run, SandboxRunner

RUNS = 5
"""Number of runs in which a test must give the same result on the unchanged code."""
MOST_EACH = 8
"""Maximum number of mutants tried on a test that notices none of them."""
_AT_ONCE = 4
_CHOICE = 400
"""Maximum number of candidate mutants; each test is tried on those whose lines it covers."""


class Strength(BaseModel, frozen=True):
    """The strength of one test function."""

    test: str
    """pytest's node id without parameters: "tests/test_orders.py::test_total"."""
    result: Literal["kept", "fails", "flaky", "proves_nothing"]
    """`fails`: in every run. `proves_nothing`: it is always skipped, or passes on every mutant of its lines."""
    why: str = ""
    """The reason, as a clause: the change that it notices, its failure message, or why it proves nothing."""


class StrengthReport(BaseModel, frozen=True):
    """The strength of each test in some files."""

    tests: tuple[Strength, ...] = ()
    mutants: int = 0
    """Number of changes that were tried."""
    problem: str | None = None
    """Why no test was judged, for example because the tests did not finish; None if they were judged."""
    seconds: float = 0.0

    def of(self, *results: str) -> tuple[Strength, ...]:
        """Return the tests with one of the given results."""
        return tuple(each for each in self.tests if each.result in results)


def measure_strength(
    runner: SandboxRunner,
    files: Sequence[str],
    changed: Mapping[str, Sequence[tuple[int, int]]],
    seed: str,
    *,
    before: Mapping[str, str] | None = None,
    seconds: float = 300.0,
) -> StrengthReport:
    """Run the tests of some files five times, then run each test against mutants of the lines that it covers.

    `changed` maps files to inclusive line ranges to mutate, and `seed` makes the choice reproducible. `before` gives
    the previous text of changed files: reverting them is the only mutant for tests whose lines have no other. `seconds`
    limits each round of mutants. The workspace is not changed.
    """
    report = run_tests(runner, files, new=files, reruns=RUNS - 1)
    if report.problem is not None or report.coverage is None:
        return StrengthReport(problem=report.problem or "No tests ran.", seconds=report.seconds)
    found, steady = _said(report)
    trial = _Trial(runner, report.coverage, steady, seconds)
    sources = runner.sources(changed)
    trial.judge(find_mutants(sources, changed, seed, _CHOICE)[0], sources, before or {})
    found |= {test: trial.worth(test) for test in steady}
    order = dict.fromkeys(_function(each.id) for each in report.tests)
    return StrengthReport(
        tests=tuple(found[test] for test in order),
        mutants=trial.tried,
        seconds=report.seconds + trial.seconds,
    )


def _said(report: TestReport) -> tuple[dict[str, Strength], dict[str, tuple[str, ...]]]:
    """Return the results that follow from the five runs alone, and the cases of the functions that always passed."""
    groups: dict[str, list[TestOutcome]] = {}
    for each in report.tests:
        groups.setdefault(_function(each.id), []).append(each)
    flaky = {_function(each.id) for each in report.flaky}
    found: dict[str, Strength] = {}
    for test, group in groups.items():
        bad = next((each for each in group if each.is_bad), None)
        if test in flaky:
            found[test] = Strength(test=test, result="flaky", why="its result changes when it is run again")
        elif bad is not None:
            found[test] = Strength(test=test, result="fails", why=" ".join(bad.message.split())[:300])
        elif all(each.outcome == "skipped" for each in group):
            found[test] = Strength(test=test, result="proves_nothing", why="it is skipped")
    steady = {
        test: tuple(each.id for each in group if each.outcome == "passed")
        for test, group in groups.items()
        if test not in found
    }
    return found, steady


@dataclass
class _Trial:
    """Runs mutants against tests in rounds, until each test has noticed one or has passed on enough of them."""

    runner: SandboxRunner
    coverage: Coverage
    cases: dict[str, tuple[str, ...]]
    """Maps each test to the node ids of its cases."""
    limit: float
    noticed: dict[str, str] = field(default_factory=dict)
    """Maps each test to the first change that it noticed."""
    queues: dict[str, list[Mutant]] = field(default_factory=dict)
    tried: int = 0
    seconds: float = 0.0

    def judge(self, mutants: Sequence[Mutant], sources: Mapping[str, str], before: Mapping[str, str]) -> None:
        """Find out which tests notice a change."""
        self.queues = {test: self._of(test, mutants) for test in self.cases}
        for start in range(0, MOST_EACH, _AT_ONCE):
            turn = {
                mutant: None
                for test, queue in self.queues.items()
                if test not in self.noticed
                for mutant in queue[start : start + _AT_ONCE]
            }
            patches = [({m.file: m.apply(sources[m.file])}, " ".join(m.diff.split())) for m in turn]
            asked = [self._asked(mutant) for mutant in turn]
            self._round(patches, asked)
        left = [test for test, queue in self.queues.items() if not queue]
        if before and left:
            self._round([(dict(before), "the change is reverted")], [left])

    def worth(self, test: str) -> Strength:
        """Return the strength of a test that passes in every run."""
        if test in self.noticed:
            return Strength(test=test, result="kept", why=f"it notices `{self.noticed[test]}`")
        count = len(self.queues[test][:MOST_EACH])
        why = (
            f"it passes on all {count} mutants of lines that it runs"
            if count
            else "it runs no line for which there is a mutant"
        )
        return Strength(test=test, result="proves_nothing", why=why)

    def _of(self, test: str, mutants: Iterable[Mutant]) -> list[Mutant]:
        own = set(self.cases[test])
        return [m for m in mutants if own.intersection(self.coverage.covering(m.file, m.line))][:MOST_EACH]

    def _asked(self, mutant: Mutant) -> list[str]:
        covering = set(self.coverage.covering(mutant.file, mutant.line))
        return [
            test
            for test, cases in self.cases.items()
            if test not in self.noticed and covering.intersection(cases)
        ]

    def _round(self, patches: Sequence[tuple[dict[str, str], str]], asked: Sequence[Sequence[str]]) -> None:
        runs = []
        for number, ((patch, _), tests) in enumerate(zip(patches, asked, strict=True)):
            select = tuple(case for test in tests for case in self.cases[test])
            took = sum(self.coverage.took(case) for case in select)
            runs.append(Run(name=f"change{number}", select=select, patch=patch, seconds=max(20.0, 4 * took)))
        if not runs:
            return
        out, done = self.runner.run_all("worth", tuple(runs), self.limit, warm=self.coverage.modules)
        self.tried += len(runs)
        self.seconds += done.seconds
        for run, (_, change), tests in zip(runs, patches, asked, strict=True):
            failed = _failed(out, run.name)
            for test in tests:
                if failed.intersection(self.cases[test]):
                    self.noticed.setdefault(test, change)


def _failed(out: Path, name: str) -> frozenset[str]:
    """Return the node ids of the tests that failed; a failed import is not a failure of the file's tests."""
    try:
        said = read_run(out, name)
    except BrokenReport:
        return frozenset()
    return frozenset(each.id for each in said.tests if each.is_bad)


def _function(test: str) -> str:
    return test.partition("[")[0]
