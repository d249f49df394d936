"""Read the reports of sandboxed code as untrusted data: limited in size, and validated."""

from __future__ import annotations

import json
import os
import re
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from tools.sandbox import Completed
from tools.testing.outcomes import Outcome, TestOutcome

_LARGEST = 64_000_000
"""Maximum size of a report in bytes; larger ones are rejected."""
NO_TESTS = 5
"""pytest's exit code if it collected no tests."""

_ENDINGS = {"timed_out": "took too long", "out_of_memory": "ran out of memory", "killed": "was killed"}
_GRAVITY: tuple[Outcome, ...] = ("skipped", "passed", "failed", "errored")


class BrokenReport(ValueError):  # noqa: N818  names what was found
    """Raised for a report that is missing, too large or malformed."""


class RunEnd(BaseModel, frozen=True, extra="forbid", strict=True):
    """How one run of pytest ended, as observed by the runner."""

    exit: int
    seconds: float
    timed_out: bool


class _Record(BaseModel, frozen=True, extra="forbid"):
    kind: Literal["collected", "test", "lines", "modules", "finished"]
    id: str = ""
    outcome: Outcome = "errored"
    message: str = ""
    traceback: str = ""
    seconds: float = 0.0
    file: str = ""
    lines: dict[int, tuple[str, ...]] = {}
    names: tuple[str, ...] = ()
    exit: int = -1


class RunReport(BaseModel, frozen=True):
    """What one run of pytest reported about itself."""

    collected: tuple[str, ...] = ()
    tests: tuple[TestOutcome, ...] = ()
    lines: dict[str, dict[int, tuple[str, ...]]] = {}
    modules: tuple[str, ...] = ()
    exit: int | None = None
    """pytest's exit code; None if the run did not finish."""

    def contradiction(self, end: RunEnd) -> str | None:
        """Return what is wrong with the run or its report, given how the run ended; None if nothing is."""
        bad = [each.id for each in self.tests if each.is_bad]
        told = [each.id for each in self.tests]
        silent = sorted(set(self.collected).difference(told))
        if end.timed_out:
            return f"The tests did not finish within {end.seconds:.0f} s."
        if self.exit is None:
            return f"The run broke off (exit code {end.exit}) before it could report the results."
        if self.exit != end.exit:
            return f"The report says exit {self.exit}, but the run ended with {end.exit}."
        if len(told) != len(set(told)):
            return "The report lists a test more than once."
        if end.exit == 0 and (bad or silent):
            return f"The run ended successfully, but {(bad or silent)[0]} did not pass."
        if end.exit == 1 and not bad:
            return "The run ended with a failure, but the report lists none."
        if end.exit == NO_TESTS or not told:
            return "No tests ran."
        if end.exit not in (0, 1) and not bad:
            return f"pytest could not run the tests (exit {end.exit})."
        if not any(each.outcome != "skipped" for each in self.tests):
            return "Every test was skipped."
        return None


def read_ends(folder: Path, done: Completed) -> dict[str, RunEnd]:
    """Return how each run of a job ended, by name. Raises BrokenReport if that is unreadable or the job failed."""
    if done.ending != "exited" or done.exit_code != 0:
        what = _ENDINGS.get(done.ending, f"ended with exit {done.exit_code}")
        raise BrokenReport(f"The tests' job {what}. {done.stderr[-1_000:]}".strip())
    try:
        return TypeAdapter(dict[str, RunEnd]).validate_json(_read(folder / "runs.json"))
    except ValidationError as error:
        raise BrokenReport("The runner's report is not readable.") from error


def read_run(folder: Path, name: str) -> RunReport:
    """Return what a run reported about itself. Raises BrokenReport if the report is missing or malformed."""
    collected: list[str] = []
    tests: list[TestOutcome] = []
    lines: dict[str, dict[int, tuple[str, ...]]] = {}
    modules: tuple[str, ...] = ()
    end: int | None = None
    for record in _records(_read(folder / f"{name}.jsonl")):
        if record.kind == "collected":
            collected.append(record.id)
        elif record.kind == "test":
            facts = record.model_dump(include={"id", "outcome", "message", "traceback", "seconds"})
            tests.append(TestOutcome(**facts))
        elif record.kind == "lines":
            lines[record.file] = record.lines
        elif record.kind == "modules":
            modules = record.names
        else:
            end = record.exit
    return RunReport(
        collected=tuple(collected),
        tests=_one_each(tests, Counter(collected)),
        lines=lines,
        modules=modules,
        exit=end,
    )


def join_reports(parts: Sequence[RunReport]) -> RunReport:
    """Combine the reports of the shares into one; tests with the same id are merged, keeping the worst outcome."""
    lines: dict[str, dict[int, tuple[str, ...]]] = {}
    for part in parts:
        for file, found in part.lines.items():
            for line, tests in found.items():
                known = lines.setdefault(file, {}).get(line, tests)
                # An empty list means all tests.
                lines[file][line] = tuple(sorted({*known, *tests})) if known and tests else ()
    return RunReport(
        collected=tuple(name for part in parts for name in part.collected),
        tests=tuple(
            _worst(group) for group in _by_id(each for part in parts for each in part.tests).values()
        ),
        lines=lines,
        modules=tuple(dict.fromkeys(name for part in parts for name in part.modules)),
        exit=max((part.exit for part in parts if part.exit is not None), default=None),
    )


def _worst(group: Sequence[TestOutcome]) -> TestOutcome:
    worst = max(group, key=lambda each: _GRAVITY.index(each.outcome))
    return worst.model_copy(update={"seconds": sum(each.seconds for each in group)})


def _by_id(tests: Iterable[TestOutcome]) -> dict[str, list[TestOutcome]]:
    groups: dict[str, list[TestOutcome]] = {}
    for each in tests:
        groups.setdefault(each.id, []).append(each)
    return groups


def _one_each(tests: Sequence[TestOutcome], collected: Mapping[str, int]) -> tuple[TestOutcome, ...]:
    """Merge tests that share an id, as some plugins produce them, into one test with the worst outcome.

    Ids reported less often than collected get an errored outcome; those reported more often stay duplicates.
    """
    found: list[TestOutcome] = []
    for name, group in _by_id(tests).items():
        if len(group) == collected.get(name, 0):
            found.append(_worst(group))
        else:
            found += group
            if len(group) < collected.get(name, 0):
                said = f"It was collected {collected[name]} times but reported {len(group)} times."
                found[-1] = TestOutcome(id=name, outcome="errored", message=said)
    return tuple(found)


def read_log(folder: Path, name: str, hidden: Collection[str] = ()) -> str:
    """Return the end of a run's output without the `hidden` tests, long lines truncated; "" if it cannot be read."""
    try:
        text = _read(folder / f"{name}.log").decode("utf-8", "replace")
    except BrokenReport:
        return ""
    for test in hidden:
        text = re.sub(rf"^_+ {test} _+\n(?:(?!_+ |=+ ).*\n)*", "", text, flags=re.MULTILINE)
    lines = [each for each in text.splitlines() if not any(test in each for test in hidden)]
    # The summary line counts the hidden tests too.
    lines = [each for each in lines if not (hidden and re.match(r"\d+ (failed|passed)\b.* in [\d.]+s", each))]
    return "\n".join(each[:500] for each in lines)[-2_000:].strip()


def _records(content: bytes) -> Iterator[_Record]:
    for line in content.decode("utf-8", "replace").splitlines():
        try:
            yield _Record.model_validate(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise BrokenReport("The tests' report is not readable.") from error


def _read(path: Path) -> bytes:
    """Read a regular file, without following links or blocking on a pipe. Raises BrokenReport if that fails."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BrokenReport("The test run wrote no report.") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
        os.close(descriptor)
        raise BrokenReport(f"The tests' report is not a plain file of at most {_LARGEST:,} bytes.")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_LARGEST)
