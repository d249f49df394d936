"""Models of test results: outcomes, coverage, mutants and verdicts."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel

from tools.sandbox import Ending

Outcome = Literal["passed", "failed", "errored", "skipped"]
"""`errored`: setup, teardown or import failed. `skipped` includes expected failures."""


class Interpreter(Protocol):
    """A Python environment: the service's, or the one that contains Shipcrew's own tools."""

    @property
    def python(self) -> Path:
        """Path of the interpreter."""

    @property
    def folder(self) -> Path:
        """Root folder of the environment."""


class TestOutcome(BaseModel, frozen=True):
    """The result of one test."""

    __test__ = False

    id: str
    """pytest's node id, "tests/test_orders.py::test_total[1]"."""
    outcome: Outcome
    message: str = ""
    """Why the test failed or was skipped, in one paragraph."""
    traceback: str = ""
    """The end of the traceback."""
    seconds: float = 0.0

    @property
    def is_bad(self) -> bool:
        """Whether the test failed or had an error."""
        return self.outcome in ("failed", "errored")


class Flaky(BaseModel, frozen=True):
    """A test whose outcome differs between runs of the same code."""

    id: str
    outcomes: tuple[Outcome, ...]
    """Outcomes of the first run and of each rerun."""


class Coverage(BaseModel, frozen=True):
    """Which tests run which lines."""

    tree: str = ""
    """Git tree that the tests ran on; "" if unknown."""
    tests: tuple[str, ...] = ()
    """Node ids of the tests that passed."""
    seconds: tuple[float, ...] = ()
    """Durations of those tests, in the same order."""
    lines: dict[str, dict[int, tuple[int, ...]]] = {}
    """Indices into `tests` by file and line; empty for lines that ran at import or in shared setup."""
    modules: tuple[str, ...] = ()
    """Installed modules that the tests imported, in import order."""

    @cached_property
    def _reach(self) -> Counter[int]:
        """Number of lines that each test runs, by its index in `tests`."""
        return Counter(place for lines in self.lines.values() for tests in lines.values() for place in tests)

    def covering(self, file: str, line: int) -> tuple[str, ...]:
        """Return the tests that run a line, starting with those that run the fewest lines.

        Code that runs at import (a default, a column's length) may affect any test, so all tests are returned for it.
        """
        found = self.lines.get(file, {}).get(line)
        if found is None:
            return ()
        places = found or range(len(self.tests))
        return tuple(
            self.tests[place] for place in sorted(places, key=lambda place: (self._reach[place], place))
        )

    def took(self, test: str) -> float:
        """Return the duration of a test, in seconds."""
        return self.seconds[self.tests.index(test)]


class TestReport(BaseModel, frozen=True):
    """The result of a test run."""

    __test__ = False

    tests: tuple[TestOutcome, ...] = ()
    flaky: tuple[Flaky, ...] = ()
    """Flaky tests, whose entries in `tests` hold the outcome of the first run."""
    problem: str | None = None
    """Why the run as a whole failed or its report cannot be trusted; None if there is no such problem."""
    ending: Ending = "exited"
    exit_code: int = 0
    """pytest's exit code."""
    seconds: float = 0.0
    coverage: Coverage | None = None

    @property
    def ok(self) -> bool:
        """Whether at least one test passed, and none failed, errored or was flaky."""
        return self.problem is None and bool(self.passed) and not (self.failed or self.errored or self.flaky)

    @property
    def passed(self) -> tuple[TestOutcome, ...]:
        """The tests that passed."""
        return self._of("passed")

    @property
    def failed(self) -> tuple[TestOutcome, ...]:
        """The tests that failed."""
        return self._of("failed")

    @property
    def errored(self) -> tuple[TestOutcome, ...]:
        """The tests, and test files, that could not be run."""
        return self._of("errored")

    @property
    def skipped(self) -> tuple[TestOutcome, ...]:
        """The tests that were skipped, or failed as expected."""
        return self._of("skipped")

    def _of(self, outcome: Outcome) -> tuple[TestOutcome, ...]:
        return tuple(each for each in self.tests if each.outcome == outcome)


class Mutant(BaseModel, frozen=True):
    """One small change to the service's code, which its tests should notice."""

    file: str
    line: int
    """Number of the line on which the change starts, counted from 1."""
    function: str
    """Dotted name of the enclosing function or class; "" at module level."""
    operator: str
    """"comparison", "boolean", "arithmetic", "constant", "return", "condition" or "removal"."""
    start: int
    """Byte offset in the file where the old text starts."""
    end: int
    new: str
    """The replacement text."""
    diff: str
    """The change as shown to a reader: `- if total > 0:` and `+ if total >= 0:` on two lines."""

    def apply(self, source: str) -> str:
        """Return the source with the change applied."""
        content = source.encode()
        return (content[: self.start] + self.new.encode() + content[self.end :]).decode()


class Verdict(BaseModel, frozen=True):
    """The result of running the tests against a mutant."""

    mutant: Mutant
    result: Literal["killed", "survived", "timed_out", "not_run"]
    """`survived` without `tests`: no test covers the line. `not_run`: see `reason`."""
    tests: tuple[str, ...] = ()
    """Covering tests, starting with those that run the fewest lines; the run stops at the first failure."""
    left_out: int = 0
    """Number of covering tests beyond the limit, which were not run."""
    killed_by: str = ""
    reason: str = ""


class MutationReport(BaseModel, frozen=True):
    """The result of mutation testing."""

    verdicts: tuple[Verdict, ...] = ()
    candidates: int = 0
    """Number of possible mutants that the tried ones were chosen from."""
    problem: str | None = None
    """Why no mutant was judged, for example because tests fail on the unchanged code; None if they were judged."""
    seconds: float = 0.0

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        """The mutants that no test noticed."""
        return tuple(each for each in self.verdicts if each.result == "survived")
