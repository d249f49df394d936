"""Tests with known outcomes that are mixed into the tests of a run to detect falsified results.

Tests and the code under test share a process with pytest, so hostile code can make pytest report false results:
`_pytest.python.Function.runtest = lambda self: None` makes every test pass. To stay undetected, such code would have to
distinguish the tripwires from the other tests: one of them always fails, and the others always pass.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tools.testing.runner_reports import BrokenReport, RunEnd, RunReport
from tools.testing.sandbox_runner import Run, Tripwire

_PASSING = 2
_VERBS = (
    "accepts",
    "adds",
    "checks",
    "counts",
    "finds",
    "joins",
    "keeps",
    "lists",
    "reads",
    "returns",
    "sorts",
    "uses",
)
_WORDS = (
    "amounts", "dates", "empty_input", "entries", "groups", "items", "labels", "large_numbers", "limits", "names",
    "numbers", "order", "pairs", "parts", "prices", "records", "rows", "steps", "sums", "text", "times", "totals",
    "units", "values",
)  # fmt: skip
_BODIES = (
    ("sum(values)", sum),
    ("max(values) - min(values)", lambda values: max(values) - min(values)),
    ("sorted(values)[1]", lambda values: sorted(values)[1]),
)
_UNTRUE = (
    "so the tested code interferes with pytest, and its results cannot be trusted. Remove the interference."
)


def make_tripwires() -> tuple[Tripwire, ...]:
    """Return new tripwires with random names, in random order: one that fails, and others that pass."""
    chance = random.SystemRandom()
    names = chance.sample(list(_names()), _PASSING + 1)
    outcomes = [True] + [False] * _PASSING
    chance.shuffle(outcomes)
    return tuple(_tripwire(chance, name, fails) for name, fails in zip(names, outcomes, strict=True))


def without_tripwires(run: Run, end: RunEnd, said: RunReport) -> tuple[RunEnd, RunReport]:
    """Return the end and the report of a run as they would be without its tripwires.

    Raises BrokenReport if the outcome of a tripwire is wrong or missing, or does not match the exit code.
    """
    fails = {each.name: each.fails for each in run.tripwires}
    ours = [each for each in said.tests if _name(each.id) in fails]
    others = [each for each in said.tests if _name(each.id) not in fails]
    said = said.model_copy(
        update={
            "tests": tuple(others),
            "collected": tuple(each for each in said.collected if _name(each) not in fails),
        }
    )
    # A run that ends in any other way is not a success, regardless of the tripwires.
    if not fails or end.timed_out or said.exit != end.exit or end.exit not in (0, 1):
        return end, said
    bad = any(each.is_bad for each in others)
    outcomes = {_name(each.id): each.outcome for each in ours}
    for name, failing in fails.items():
        outcome = outcomes.get(name)
        if outcome is None and not bad:  # after a failure, a run may stop early
            raise BrokenReport(f"A test that was added to the others is missing from the report, {_UNTRUE}")
        if outcome not in (None, "failed" if failing else "passed"):
            what = "fails" if failing else "passes"
            raise BrokenReport(f"A test that always {what} was reported as {outcome}, {_UNTRUE}")
    if len(ours) != len(outcomes) or (end.exit == 0 and "failed" in outcomes.values()):
        raise BrokenReport(f"The run's report and exit code do not match its tests, {_UNTRUE}")
    if bad:
        return end, said
    return end.model_copy(update={"exit": 0}), said.model_copy(update={"exit": 0})


def _names() -> Iterator[str]:
    for verb in _VERBS:
        for word in _WORDS:
            for other in _WORDS:
                if word != other:
                    yield f"test_{verb}_{word}_and_{other}"


def _tripwire(chance: random.Random, name: str, fails: bool) -> Tripwire:
    values = chance.sample(range(2, 200), 4)
    body, result = chance.choice(_BODIES)
    expected = result(values) + (chance.randint(1, 9) if fails else 0)
    source = f"def {name}():\n    values = {values}\n    assert {body} == {expected}\n"
    return Tripwire(name=name, source=source, fails=fails)


def _name(test: str) -> str:
    return test.rpartition("::")[2]
