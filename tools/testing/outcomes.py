"""What is said of tests: how they went, what they run, and what they notice."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel

from tools.sandbox import Ending

Outcome = Literal["passed", "failed", "errored", "skipped"]
"""`errored`: setting up, tearing down or importing failed. `skipped`: also a failure that was expected."""


class Interpreter(Protocol):
    """A Python environment: the service's, or the one that holds the crew's own tools."""

    @property
    def python(self) -> Path:
        """Its interpreter."""

    @property
    def folder(self) -> Path:
        """All of it."""


class TestOutcome(BaseModel, frozen=True):
    """How one test went."""

    __test__ = False

    id: str
    """pytest's node id, "tests/test_orders.py::test_total[1]"."""
    outcome: Outcome
    message: str = ""
    """What failed, or why it was skipped, in one paragraph."""
    traceback: str = ""
    """The end of it."""
    seconds: float = 0.0

    @property
    def is_bad(self) -> bool:
        """Whether it failed or errored."""
        return self.outcome in ("failed", "errored")


class Flaky(BaseModel, frozen=True):
    """A test that changed its mind."""

    id: str
    outcomes: tuple[Outcome, ...]
    """Of the first run and of each rerun."""


class Coverage(BaseModel, frozen=True):
    """Which test runs which line."""

    tests: tuple[str, ...] = ()
    """Node ids of the tests that passed."""
    seconds: tuple[float, ...] = ()
    """How long each of them took."""
    lines: dict[str, dict[int, tuple[int, ...]]] = {}
    """File to line to places in `tests`. A line that only ran while modules were imported has none."""
    modules: tuple[str, ...] = ()
    """Installed modules that the tests imported, in their order."""

    @cached_property
    def _reach(self) -> Counter[int]:
        """How many lines each test runs, by its place."""
        return Counter(place for lines in self.lines.values() for tests in lines.values() for place in tests)

    def covering(self, file: str, line: int) -> tuple[str, ...]:
        """Return the tests that run a line, first those that run the fewest lines besides.

        What runs at import (a default, a column's length) may matter to any test, so there it is all of them.
        """
        found = self.lines.get(file, {}).get(line)
        if found is None:
            return ()
        places = found or range(len(self.tests))
        return tuple(
            self.tests[place] for place in sorted(places, key=lambda place: (self._reach[place], place))
        )

    def took(self, test: str) -> float:
        """Return the seconds that a test took."""
        return self.seconds[self.tests.index(test)]


class TestReport(BaseModel, frozen=True):
    """How a run of tests went."""

    __test__ = False

    tests: tuple[TestOutcome, ...] = ()
    flaky: tuple[Flaky, ...] = ()
    """Their entry in `tests` is that of the first run."""
    problem: str | None = None
    """Why the run as a whole failed or cannot be believed; None if it can."""
    ending: Ending = "exited"
    exit_code: int = 0
    """pytest's own."""
    seconds: float = 0.0
    coverage: Coverage | None = None

    @property
    def ok(self) -> bool:
        """Whether tests ran, and none failed, errored or changed its mind."""
        return self.problem is None and bool(self.passed) and not (self.failed or self.errored or self.flaky)

    @property
    def passed(self) -> tuple[TestOutcome, ...]:
        """The tests that passed."""
        return self._of("passed")

    @property
    def failed(self) -> tuple[TestOutcome, ...]:
        """The tests that found something wrong."""
        return self._of("failed")

    @property
    def errored(self) -> tuple[TestOutcome, ...]:
        """The tests, or test files, that could not be run."""
        return self._of("errored")

    @property
    def skipped(self) -> tuple[TestOutcome, ...]:
        """The tests that were skipped, or failed as expected."""
        return self._of("skipped")

    def _of(self, outcome: Outcome) -> tuple[TestOutcome, ...]:
        return tuple(each for each in self.tests if each.outcome == outcome)


class Mutant(BaseModel, frozen=True):
    """One small change of the service's code, which its tests should notice."""

    file: str
    line: int
    """Where the change starts, from 1."""
    function: str
    """Dotted name of what it is in; "" at the top of a module."""
    operator: str
    """"comparison", "boolean", "arithmetic", "constant", "return", "condition" or "removal"."""
    start: int
    """Byte offset in the file where the old text starts."""
    end: int
    new: str
    """What stands there instead."""
    diff: str
    """The change for a reader: `- if total > 0:` and `+ if total >= 0:` on two lines."""

    def apply(self, source: str) -> str:
        """Return the changed source."""
        content = source.encode()
        return (content[: self.start] + self.new.encode() + content[self.end :]).decode()


class Verdict(BaseModel, frozen=True):
    """What the tests made of a mutant."""

    mutant: Mutant
    result: Literal["killed", "survived", "timed_out", "not_run"]
    """`survived` without any test: no test runs the line. `not_run`: see `reason`."""
    tests: tuple[str, ...] = ()
    """Covering tests that it was put before, the one that runs the fewest lines first; the first to fail ends it."""
    left_out: int = 0
    """Covering tests that were too slow to be asked."""
    killed_by: str = ""
    reason: str = ""


class MutationReport(BaseModel, frozen=True):
    """What the tests notice."""

    verdicts: tuple[Verdict, ...] = ()
    candidates: int = 0
    """Changes that there were to choose from."""
    problem: str | None = None
    """Why nothing was judged, such as tests that fail without any change."""
    seconds: float = 0.0

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        """The changes that no test noticed."""
        return tuple(each for each in self.verdicts if each.result == "survived")
