"""Run a service's tests with pytest in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.sandbox import Completed
from tools.testing.outcomes import Coverage, Flaky, TestOutcome, TestReport
from tools.testing.runner_reports import (
    NO_TESTS,
    BrokenReport,
    RunEnd,
    RunReport,
    join_reports,
    read_ends,
    read_log,
    read_run,
)
from tools.testing.sandbox_runner import Run, SandboxRunner, cores
from tools.testing.tripwires import make_tripwires, without_tripwires


def run_tests(
    runner: SandboxRunner,
    select: Sequence[str] = (),
    *,
    new: Sequence[str] = (),
    reruns: int = 2,
    shares: int = 1,
) -> TestReport:
    """Run pytest on a copy of the workspace and report the results. The workspace itself is not changed.

    `select` contains node ids, files or folders; if it is empty, all tests run. Failing tests, and those that `new`
    names in the same way, run `reruns` more times. The first run is divided among `shares` processes; more than one
    requires independent tests, and is worthwhile only if few tests are new, since new tests are rerun at the same
    time. If the runner has coverage.py, the report records which tests run which lines. A run without tests counts as
    a failure, and so does a report that is missing, unreadable or inconsistent with the exit code.
    """
    options = [each for each in select if each.startswith("-") or not each]
    if options:
        return TestReport(problem=f"{options[0]!r} is not the name of a test.")
    seconds = runner.limits.wall_seconds or 600
    there = tuple(each for each in new if _exists(runner.workspace, each))
    first = tuple(
        Run(
            name=f"first{number}",
            select=tuple(select),
            share=(number, shares),
            lines=runner.coverage is not None,
            tripwires=make_tripwires(),
            seconds=seconds,
        )
        for number in range(shares)
    )
    # New tests are known in advance, so their reruns need not wait for the first run.
    early = _reruns("new", there, reruns, seconds)
    out, done = runner.run_all("first", (*first, *early), _together(seconds, len(first) + len(early)))
    report, said = _reported(out, done, first)
    if said is None or report.problem is not None:
        return report
    fresh = [each.id for each in report.tests if _is_new(each.id, there)]
    flaky = _flaky(report, fresh, [_outcomes(out, run, done) for run in early])
    again = tuple(each.id for each in report.tests if each.is_bad and each.id not in fresh)
    if late := _reruns("failing", again, reruns, seconds):
        out, done = runner.run_all("again", late, _together(seconds, len(late)))
        flaky += _flaky(report, again, [_outcomes(out, run, done) for run in late])
        report = report.model_copy(update={"seconds": report.seconds + done.seconds})
    steady = [each for each in report.passed if each.id not in {one.id for one in flaky}]
    coverage = _coverage(said, steady) if runner.coverage is not None else None
    return report.model_copy(update={"flaky": flaky, "coverage": coverage})


def _together(seconds: float, runs: int) -> float:
    """Return the time limit for runs of up to `seconds` each, as many in parallel as there are cores."""
    return seconds * -(-runs // cores()) + 5


def _reruns(name: str, select: tuple[str, ...], count: int, seconds: float) -> tuple[Run, ...]:
    return tuple(
        Run(
            name=f"{name}{number}",
            select=select,
            seed=number,
            tripwires=make_tripwires(),
            seconds=seconds,
        )
        for number in range(1, count + 1 if select else 1)
    )


def _reported(out: Path, done: Completed, runs: Sequence[Run]) -> tuple[TestReport, RunReport | None]:
    """Combine the reports of the shares into one; a problem in any share is a problem with the whole run."""
    parts: list[RunReport] = []
    ends: list[RunEnd] = []
    problem = None
    for run in runs:
        hidden = [each.name for each in run.tripwires]
        try:
            end, said = _read(out, run, done)
        except BrokenReport as error:
            problem = f"{error} {read_log(out, run.name, hidden)}".strip()
            return TestReport(
                problem=problem, ending=done.ending, exit_code=done.exit_code, seconds=done.seconds
            ), None
        if end.exit == NO_TESTS and not said.collected and len(runs) > 1:
            continue  # fewer tests than shares; a problem only if every share is empty
        doubt = said.contradiction(end)
        problem = problem or (f"{doubt}\n{read_log(out, run.name, hidden)}".strip() if doubt else None)
        parts.append(said)
        ends.append(end)
    together = join_reports(parts)
    report = TestReport(
        tests=together.tests,
        problem=problem if parts else "No tests ran.",
        ending=done.ending,
        exit_code=max((end.exit for end in ends), default=NO_TESTS),
        seconds=done.seconds,
    )
    return report, together


def _read(out: Path, run: Run, done: Completed) -> tuple[RunEnd, RunReport]:
    end = read_ends(out, done).get(run.name)
    if end is None:
        raise BrokenReport("The tests were not run.")
    return without_tripwires(run, end, read_run(out, run.name))


def _outcomes(out: Path, run: Run, done: Completed) -> dict[str, TestOutcome]:
    try:
        _, said = _read(out, run, done)
    except BrokenReport:
        return {}
    return {each.id: each for each in said.tests}


def _flaky(
    report: TestReport, again: Sequence[str], runs: Sequence[Mapping[str, TestOutcome]]
) -> tuple[Flaky, ...]:
    """Return the tests whose outcomes differ; one that is missing from a rerun counts as errored there."""
    first = {each.id: each.outcome for each in report.tests}
    found = []
    for test in again:
        outcomes = (first[test], *(run[test].outcome if test in run else "errored" for run in runs))
        if len(set(outcomes)) > 1:
            found.append(Flaky(id=test, outcomes=outcomes))
    return tuple(found)


def _exists(workspace: Path, name: str) -> bool:
    return bool(name) and not name.startswith("-") and (workspace / name.partition("::")[0]).exists()


def _is_new(test: str, new: Sequence[str]) -> bool:
    starts = [start for each in new for start in (f"{each}::", f"{each.rstrip('/')}/", f"{each}[")]
    return test in new or test.startswith(tuple(starts))


def _coverage(said: RunReport, passed: Sequence[TestOutcome]) -> Coverage:
    places = {each.id: place for place, each in enumerate(passed)}
    lines = {
        file: {
            line: tuple(sorted(places[test] for test in tests if test in places))
            for line, tests in by_line.items()
            # Lines run only by failing tests are not covered; lines run at import are covered by all tests.
            if not tests or any(test in places for test in tests)
        }
        for file, by_line in said.lines.items()
    }
    return Coverage(
        tests=tuple(places), seconds=tuple(each.seconds for each in passed), lines=lines, modules=said.modules
    )
