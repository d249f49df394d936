"""Run the tests against mutants, to find out whether they notice changes to the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.sandbox import Completed
from tools.testing.mutation.mutants import find_mutants
from tools.testing.outcomes import Coverage, Mutant, MutationReport, Verdict
from tools.testing.runner_reports import BrokenReport, RunEnd, read_ends, read_log, read_run
from tools.testing.sandbox_runner import Run, SandboxRunner
from tools.testing.tripwires import make_tripwires, without_tripwires

MOST_ASKED = 100
"""Maximum number of tests run per mutant; further tests that cover its line are counted as left out."""
_CONTROL = "unchanged"


@dataclass(frozen=True)
class _Trial:
    name: str
    mutant: Mutant
    tests: tuple[str, ...]
    left_out: int


def mutate(
    runner: SandboxRunner,
    changed: Mapping[str, Sequence[tuple[int, int]]],
    coverage: Coverage,
    seed: str,
    *,
    limit: int = 20,
    seconds_each: float = 20.0,
    seconds: float = 180.0,
) -> MutationReport:
    """Run mutants of the changed lines against the tests that cover those lines.

    `changed` maps files to inclusive line ranges, `coverage` comes from `run_tests`, and `seed` is the id of
    the tree. `seconds_each` limits the tests of one mutant, `seconds` all of them together. As many mutants run
    in parallel as there are cores. The workspace is not changed.
    """
    if not coverage.tests:
        return MutationReport(problem="No test passes, so there is nothing to judge.")
    sources = runner.sources(changed)
    mutants, candidates = find_mutants(sources, changed, seed, limit)
    trials = [_trial(number, mutant, coverage) for number, mutant in enumerate(mutants)]
    runs = [_run(trial, sources, coverage, seconds_each) for trial in trials if trial.tests]
    if not runs:
        return MutationReport(verdicts=tuple(_uncovered(each) for each in trials), candidates=candidates)
    together = tuple(dict.fromkeys(test for run in runs for test in run.select))
    control = Run(name=_CONTROL, select=together, brief=True, tripwires=make_tripwires(), seconds=seconds)
    runs = [control, *runs]
    out, done = runner.run_all("mutants", tuple(runs), seconds, warm=coverage.modules)
    try:
        ends = _ends(out, done, control)
        by_name = {run.name: run for run in runs}
        verdicts = tuple(_verdict(out, ends, each, by_name.get(each.name)) for each in trials)
    except BrokenReport as error:
        return MutationReport(candidates=candidates, problem=str(error), seconds=done.seconds)
    return MutationReport(verdicts=verdicts, candidates=candidates, seconds=done.seconds)


def _trial(number: int, mutant: Mutant, coverage: Coverage) -> _Trial:
    """Return the trial of a mutant, with the covering tests that run the fewest lines.

    The fastest tests are not preferred, since durations vary between runs.
    """
    covering = coverage.covering(mutant.file, mutant.line)
    asked = covering[:MOST_ASKED]
    return _Trial(f"mutant{number}", mutant, asked, len(covering) - len(asked))


def _run(trial: _Trial, sources: Mapping[str, str], coverage: Coverage, seconds_each: float) -> Run:
    expected = sum(coverage.took(test) for test in trial.tests)
    return Run(
        name=trial.name,
        select=trial.tests,
        patch={trial.mutant.file: trial.mutant.apply(sources[trial.mutant.file])},
        brief=True,
        tripwires=make_tripwires(),
        seconds=max(seconds_each, 3 * expected),
    )


def _ends(out: Path, done: Completed, control: Run) -> dict[str, RunEnd]:
    """Return how each run ended. Raises BrokenReport unless the tests pass on the unchanged code."""
    ends = read_ends(out, done)
    if _CONTROL not in ends:
        raise BrokenReport("Without any change, the tests did not finish in time.")
    hidden = [each.name for each in control.tripwires]
    try:
        end, said = without_tripwires(control, ends[_CONTROL], read_run(out, _CONTROL))
        reason = said.contradiction(end) or ("A test fails." if end.exit != 0 else "")
    except BrokenReport as error:
        reason = str(error)
    if reason:
        raise BrokenReport(f"Without any change: {reason}\n{read_log(out, _CONTROL, hidden)}".strip())
    return ends


def _uncovered(trial: _Trial) -> Verdict:
    return Verdict(mutant=trial.mutant, result="survived", reason="No test runs this line.")


def _verdict(out: Path, ends: Mapping[str, RunEnd], trial: _Trial, run: Run | None) -> Verdict:
    if run is None:
        return _uncovered(trial)
    about = Verdict(mutant=trial.mutant, result="not_run", tests=trial.tests, left_out=trial.left_out)
    end = ends.get(trial.name)
    if end is None:
        return about.model_copy(update={"reason": "There was no time left."})
    if end.timed_out:
        return about.model_copy(update={"result": "timed_out"})
    try:
        end, said = without_tripwires(run, end, read_run(out, trial.name))
    except BrokenReport as error:
        return about.model_copy(update={"reason": str(error)})
    bad = next((each.id for each in said.tests if each.is_bad), "")
    if end.exit == 0 and said.contradiction(end) is None:
        return about.model_copy(update={"result": "survived"})
    # A crash or a failed import also counts as noticed, although no single test can be named.
    if bad or end.exit not in (0, 5):
        return about.model_copy(update={"result": "killed", "killed_by": bad})
    return about.model_copy(update={"reason": said.contradiction(end) or "The tests were not run."})
