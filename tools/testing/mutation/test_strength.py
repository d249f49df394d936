"""What each single test is worth: does it say the same every time, and does a change of the code make it fail?"""

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
"""How often a test has to say the same of the code as it is."""
MOST_EACH = 8
"""Mutants that a test is put before, unless it notices one of them."""
_AT_ONCE = 4
_CHOICE = 400
"""Mutants to choose from: a test gets those of lines that it runs."""


class Strength(BaseModel, frozen=True):
    """What one test function is worth."""

    test: str
    """pytest's node id without parameters: "tests/test_orders.py::test_total"."""
    result: Literal["kept", "fails", "flaky", "proves_nothing"]
    """`fails`: every time. `proves_nothing`: it passes every time, on whatever its lines are changed to."""
    why: str = ""
    """A clause: the change that it notices, what it says when it fails, why it is worth nothing."""


class StrengthReport(BaseModel, frozen=True):
    """What the tests of some files are worth."""

    tests: tuple[Strength, ...] = ()
    mutants: int = 0
    """Changes that were tried."""
    problem: str | None = None
    """Why nothing was judged, such as tests that do not end; None if it was."""
    seconds: float = 0.0

    def of(self, *results: str) -> tuple[Strength, ...]:
        """Return the tests of these results."""
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
    """Run the tests of some files five times, then put mutants of the lines that each runs before it.

    `changed` gives files and inclusive ranges of lines to mutate, `seed` what the choice depends on. `before` gives the
    text that changed files had: taking the change back is the one mutant for tests whose lines have no other. `seconds`
    bounds a round of mutants. The workspace is not changed.
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
    """Return what the five runs settle, and the functions that passed in all of them with their cases."""
    groups: dict[str, list[TestOutcome]] = {}
    for each in report.tests:
        groups.setdefault(_function(each.id), []).append(each)
    flaky = {_function(each.id) for each in report.flaky}
    found: dict[str, Strength] = {}
    for test, group in groups.items():
        bad = next((each for each in group if each.is_bad), None)
        if test in flaky:
            found[test] = Strength(test=test, result="flaky", why="it changes its mind when it is run again")
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
    """Mutants put before tests, a round at a time, until each has noticed one or seen enough."""

    runner: SandboxRunner
    coverage: Coverage
    cases: dict[str, tuple[str, ...]]
    """Test to its node ids."""
    limit: float
    noticed: dict[str, str] = field(default_factory=dict)
    """Test to the change that it noticed first."""
    queues: dict[str, list[Mutant]] = field(default_factory=dict)
    tried: int = 0
    seconds: float = 0.0

    def judge(self, mutants: Sequence[Mutant], sources: Mapping[str, str], before: Mapping[str, str]) -> None:
        """Find out which tests notice something."""
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
            self._round([(dict(before), "the change is taken back")], [left])

    def worth(self, test: str) -> Strength:
        """Return what a test that passes every time is worth."""
        if test in self.noticed:
            return Strength(test=test, result="kept", why=f"it notices `{self.noticed[test]}`")
        count = len(self.queues[test][:MOST_EACH])
        why = (
            f"it passes on all {count} mutants of lines that it runs"
            if count
            else "it runs no line to judge it by"
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
    """Return the tests that failed in a run; a file that no longer imports says nothing of the tests in it."""
    try:
        said = read_run(out, name)
    except BrokenReport:
        return frozenset()
    return frozenset(each.id for each in said.tests if each.is_bad)


def _function(test: str) -> str:
    return test.partition("[")[0]
