"""The state of each criterion: whether the design covers it, and whether its tests pass on the current code."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, JsonValue, TypeAdapter

from crew.agents.answers import Design, DesignedCriterion
from crew.evidence.comparison import Claim, differences
from crew.evidence.named import named_in
from crew.evidence.tests import Branch, Run, Verdict, branch_now, last_run, verdict
from crew.records.artifacts import ArtifactStore
from crew.records.deliveries import load_delivery, story_of
from crew.records.graph_shapes import UNCOMPARED
from crew.records.ledger import Ledger
from tools.errors import RepositoryError
from tools.git import attach_repository
from tools.testing.test_command import is_test
from tools.testing.test_content import content_of

_Tests = dict[str, list[str]]
"""Maps each criterion's id to the names of its tests."""
_MOST_FILES = 300
"""Maximum number of test files that are read to compare what a criterion names."""
_LARGEST = 1_000_000


class CriterionReport(BaseModel, frozen=True):
    """The state of one criterion."""

    id: str
    text: str
    covered: bool
    """Whether the design covers it and its tests passed on the current code."""
    understood: bool = False
    """Whether the design covers it, regardless of its tests."""
    why: str
    """Why it is not covered; "" if it is."""
    readings: tuple[str, ...]
    operations: tuple[str, ...]
    tests: tuple[str, ...]
    """Names of its tests that passed, as the test runner reports them; empty if an existing project's own tests, which
    are not assigned to criteria, passed as a whole."""

    @property
    def tested_by(self) -> str:
        """The name of its first test and the number of further ones; "" if there are none."""
        more = f" and {len(self.tests) - 1} more" if len(self.tests) > 1 else ""
        return f"{self.tests[0]}{more}" if self.tests else ""

    def unmerged(self) -> CriterionReport:
        """Return the report as not covered, since the delivery ended without merging its branch."""
        if not self.covered:
            return self
        why = "its tests passed on the story's branch, which was not merged"
        return self.model_copy(update={"covered": False, "why": why, "tests": ()})


def criteria_of(
    ledger: Ledger, artifacts: ArtifactStore, delivery: str, design: Design
) -> tuple[CriterionReport, ...]:
    """Return a report on each criterion of a delivery's story; before the design answer, `design` is empty."""
    about, branch = load_delivery(ledger, delivery), branch_now(ledger, artifacts, delivery)
    judge = _Judge(artifacts, branch, last_run(ledger, artifacts, about, branch))
    comparison = _Comparison(artifacts, about.repository, branch, design)
    outcomes = {each.id: each for each in design.criteria}
    found = []
    for criterion in story_of(artifacts, about).criteria:
        outcome = outcomes.get(criterion.id) or DesignedCriterion(
            id=criterion.id, outcome="not_covered", why="the design did not get that far"
        )
        if outcome.covered:
            tests, why = judge(criterion.id)
            if about.shape not in UNCOMPARED:
                why = why or comparison(outcome, criterion.text, tests)
            tests = () if why else tests
        else:
            tests, why = (), outcome.why
        found.append(
            CriterionReport(
                id=criterion.id,
                text=" ".join(criterion.text.split()),  # reports have one line for it
                covered=outcome.covered and not why,
                understood=outcome.covered,
                why=why,
                readings=outcome.readings,
                operations=outcome.operations,
                tests=tests,
            )
        )
    return tuple(found)


class _Judge:
    """A judge of the criteria that the design covers, by the results of their tests on the current code."""

    def __init__(self, artifacts: ArtifactStore, branch: Branch, run: Run | str) -> None:
        self._run = run
        self._generated = _generated(artifacts, branch)
        self._examples = _examples(branch)
        self._dropped = _dropped(branch)
        self._kept = _kept(branch)

    def __call__(self, criterion: str) -> tuple[tuple[str, ...], str]:
        """Return the passed tests of a criterion and "", or no tests and why it does not count as covered."""
        written = self._examples.get(criterion, [])
        examples = [each for each in written if each not in self._dropped]
        # Tests written for this criterion come first: they say more than those that every operation gets.
        named = [*examples, *self._generated.get(criterion, ())]
        if written and not named:
            reasons = [f"{each}, because {self._dropped[each]}" for each in written]
            return (), f"its tests were not kept: {'; '.join(reasons)}"
        if isinstance(self._run, str):
            return (), self._run
        if not named:
            return (), self._unnamed(self._run)
        went = {each: self._went(self._run, each) for each in named}
        passed = tuple(name for name, (how, _) in went.items() if how == "passed")
        wrong = [why for how, why in went.values() if how == "failed" or not passed]
        return ((), wrong[0]) if wrong else (passed, "")

    def _unnamed(self, run: Run) -> str:
        # Only generated projects have a test for each criterion; an existing project's tests are judged as a whole.
        if self._generated:
            return "it was understood and built, but no test could be written that reaches it"
        return "" if run.ok else f"the repository's tests did not pass: {run.summary}"

    def _went(self, run: Run, test: str) -> tuple[Verdict, str]:
        # A test command reports no individual tests, but this one was seen to pass on the same code.
        seen = run.report is None and run.ok and test in self._kept
        return ("passed", "") if seen else verdict(run, test)


class _Comparison:
    """The comparison of what criteria name with the operations and tests that cover them."""

    def __init__(self, artifacts: ArtifactStore, repository: Path, branch: Branch, design: Design) -> None:
        self._artifacts = artifacts
        self._repository = repository
        self._branch = branch
        self._design = design

    def __call__(self, outcome: DesignedCriterion, text: str, tests: Collection[str]) -> str:
        """Return what a criterion names but nothing provides, or "" if everything is provided."""
        named = named_in(text)
        if not named:
            return ""
        claim = Claim(
            generated=bool(self._design.blueprint),
            operations=outcome.operations,
            readings=outcome.readings,
            contract=self._contract,
        )
        if not differences(named, claim):
            return ""
        try:
            content = content_of(self._sources, tests)
        except RepositoryError as error:
            return f"what it names cannot be compared, as its tests cannot be read: {error}"
        return "; ".join(differences(named, claim.model_copy(update={"tests": content})))

    @cached_property
    def _contract(self) -> dict[str, JsonValue]:
        text = self._artifacts.get(self._design.contract).decode() if self._design.contract else ""
        found = yaml.safe_load(text)
        return found if isinstance(found, dict) else {}

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The test files of the branch; in an existing project only those that the branch changes, if there are any."""
        held = attach_repository(self._repository, self._artifacts.home, reads=True)
        files = [each for each in held.entries(self._branch.tree) if is_test(each.path)]
        if not self._design.blueprint and (base := self._branch.steps[0].tree):
            before = {(each.path, each.id) for each in held.entries(base)}
            files = [each for each in files if (each.path, each.id) not in before] or files
        return {
            each.path: _text(held.blob(each.id))
            for each in files[:_MOST_FILES]
            if each.mode.startswith("100")
        }


def _text(content: bytes) -> str:
    return content[:_LARGEST].decode("utf-8", "replace")


class _ExampleTests(BaseModel):
    """The result data of `write_examples` and `keep_examples`."""

    tests: _Tests = {}
    kept: tuple[_JudgedTest, ...] = ()
    dropped: tuple[_JudgedTest, ...] = ()


class _JudgedTest(BaseModel):
    test: str
    why: str = ""


def _generated(artifacts: ArtifactStore, branch: Branch) -> _Tests:
    made = branch.last("generate_service")
    if made is None or "tests" not in made.artifacts:
        return {}
    return TypeAdapter(_Tests).validate_json(artifacts.get(made.artifacts["tests"]))


def _examples(branch: Branch) -> _Tests:
    """Return the example tests that were originally written for each criterion."""
    written = branch.last("write_examples")
    return _ExampleTests.model_validate(written.data).tests if written else {}


def _dropped(branch: Branch) -> dict[str, str]:
    """Return the names of the example tests that were dropped, each with the reason."""
    judged = [each.result for each in branch.steps if each.tool == "keep_examples"]
    dropped = [each for result in judged for each in _ExampleTests.model_validate(result.data).dropped]
    return {each.test: each.why for each in dropped}


def _kept(branch: Branch) -> set[str]:
    """Return the names of the example tests that were kept when they were judged on the current code."""
    judged = branch.last("keep_examples")
    if judged is None or judged.data.get("tree") != branch.tree:
        return set()
    return {each.test for each in _ExampleTests.model_validate(judged.data).kept}
