"""The code on a delivery's branch, and the test results for exactly that code."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from crew.evidence.evidence import results
from crew.records.artifacts import ArtifactStore
from crew.records.deliveries import Opened, load_delivery
from crew.records.ledger import Ledger
from tools.result import ToolResult
from tools.testing import TestOutcome, TestReport
from tools.testing.results import strip_volatile

_CHANGING = (
    "open_repository",
    "write_examples",
    "generate_service",
    "commit",
    "keep_examples",
    "reset_workspace",
)

NOT_RUN = "They did not run on the last change."
Verdict = Literal["passed", "failed", "unseen"]
"""Result of a test; "failed" includes flaky tests, and "unseen" means skipped or not run at all."""


class Step(BaseModel, frozen=True):
    """A tool call that affected the branch and was not reverted."""

    row: int
    """Number of the ledger row that records it."""
    tool: str
    commit: str = ""
    """Commit of the branch after the call; "" if the call did not change it."""
    tree: str = ""
    """Git tree of the commit; "" if it was not recorded."""
    result: ToolResult


class Run(BaseModel, frozen=True):
    """A run of all tests on one git tree."""

    ok: bool
    summary: str
    report: TestReport | None
    """The result of each test; None for a test command that reports only an overall result."""


class Branch(BaseModel, frozen=True):
    """The current state of a delivery's branch."""

    steps: tuple[Step, ...]

    @property
    def generated(self) -> bool:
        """Whether the repository is a generated project rather than an existing one."""
        return not any(each.result.data.get("generated") is False for each in self.steps)

    @property
    def tree(self) -> str:
        """Current git tree of the branch; "" if it is not known."""
        return next((each.tree for each in reversed(self.steps) if each.commit), "")

    @property
    def changes(self) -> bool:
        """Whether the branch differs from the code that the delivery started from."""
        return not self.steps or self.steps[0].tool != "open_repository" or self.tree != self.steps[0].tree

    @property
    def built(self) -> bool:
        """Whether code for the story has been committed; in an existing project, it must differ from the start."""
        return any(each.tool == "commit" for each in self.steps) and (self.generated or self.changes)

    @property
    def since(self) -> int:
        """Number of the row that established the current code of the branch; 0 if nothing is built yet."""
        if not self.built:
            return 0
        first = next(each.row for each in self.steps if each.tool == "commit")
        held = [each for each in self.steps if each.commit]
        other = max((place for place, each in enumerate(held) if each.tree != self.tree), default=-1)
        return max(first, held[other + 1].row)

    def last(self, tool: str) -> ToolResult | None:
        """Return the result of a tool's last call, or None."""
        return next((each.result for each in reversed(self.steps) if each.tool == tool), None)


def branch_now(ledger: Ledger, artifacts: ArtifactStore, delivery: str) -> Branch:
    """Return the current branch of a delivery, without steps that were reverted."""
    steps: list[Step] = []
    for row, tool, result in results(ledger, artifacts, delivery, _CHANGING):
        if not result.ok:
            continue
        if tool == "reset_workspace":
            steps = _until(steps, str(result.data["commit"]))
            continue
        commit, tree = _held(tool, _TreeData.model_validate(result.data))
        steps.append(Step(row=row.number, tool=tool, commit=commit, tree=tree, result=result))
    return Branch(steps=tuple(steps))


def last_run(ledger: Ledger, artifacts: ArtifactStore, about: Opened, branch: Branch) -> Run | str:
    """Return the last test run on the current code of the branch, or a sentence on why there is none."""
    if not branch.built:
        return "not tested yet: it is designed, but no part of it is built"
    ran = [result for _, _, result in results(ledger, artifacts, about.delivery, ("run_tests",))]
    if found := _of_tree(artifacts, ran, branch.tree):
        return found
    if not branch.changes:
        # The results for a tree are valid in every delivery with the same tree.
        for other in reversed(ledger.deliveries()):
            if other != about.delivery and load_delivery(ledger, other).repository == about.repository:
                earlier = [result for _, _, result in results(ledger, artifacts, other, ("run_tests",))]
                if found := _of_tree(artifacts, earlier, branch.tree):
                    return found
        return "not tested: nothing had to be changed, and no test run on this code is on record"
    if ran and "tree" not in ran[-1].data:
        return f"not tested yet: {ran[-1].summary}"
    if ran:
        return "not tested yet: the code has changed since the tests ran"
    return "not tested yet: the tests have not run on its code"


def said_of_tests(ledger: Ledger, artifacts: ArtifactStore, about: Opened) -> str:
    """Return the tools' summary of the tests on the current code, or "" if nothing was changed.

    The testing agent's own summary is only a comment, not evidence of what ran."""
    branch = branch_now(ledger, artifacts, about.delivery)
    if not (branch.built and branch.changes):
        return ""
    run = last_run(ledger, artifacts, about, branch)
    if isinstance(run, str):
        return NOT_RUN
    judged = [result for _, _, result in results(ledger, artifacts, about.delivery, ("run_mutants",))]
    of_tree = [each.summary for each in judged if each.ok and each.data.get("tree") == branch.tree]
    return " ".join([run.summary, *of_tree[-1:]])


def verdict(run: Run, test: str) -> tuple[Verdict, str]:
    """Return the verdict on a test in a run, and the reason unless it passed.

    The name `test` stands for all parametrized cases of that test."""
    report = run.report
    if report is None:
        return "unseen", f"its test was not observed to run: {test}"
    if report.problem:
        first = report.problem.strip().partition("\n")[0]
        return "unseen", f"the test run could not be completed: {_line(first)}"
    told = [each for each in report.tests if _names(test, each.id)]
    if wrong := next((each for each in told if each.outcome in ("failed", "errored")), None):
        return "failed", f"its test failed: {wrong.id}{_message(wrong)}"
    if doubtful := next((each for each in report.flaky if _names(test, each.id)), None):
        return "failed", f"its test gave a different result when it was run again: {doubtful.id}"
    if any(each.outcome == "passed" for each in told):
        return "passed", ""
    if told:
        return "unseen", f"its test was skipped: {told[0].id}{_message(told[0])}"
    return "unseen", f"its test did not run: {test}"


def _names(test: str, ran: str) -> bool:
    # A file that cannot be imported is reported in place of all of its tests.
    return ran == test or ran.startswith(f"{test}[") or ran == test.partition("::")[0]


def _message(test: TestOutcome) -> str:
    return f": {_line(test.message)}" if test.message.strip() else ""


def _line(text: str) -> str:
    return " ".join(strip_volatile(text).split())[:200]


def _of_tree(artifacts: ArtifactStore, ran: list[ToolResult], tree: str) -> Run | None:
    found = next((each for each in reversed(ran) if tree and each.data.get("tree") == tree), None)
    if found is None:
        return None
    by_test = found.data.get("unit") != "command" and "report" in found.artifacts
    report = TestReport.model_validate_json(artifacts.get(found.artifacts["report"])) if by_test else None
    return Run(ok=found.ok, summary=found.summary, report=report)


class _TreeData(BaseModel):
    """The result data of tools that change the branch."""

    start: str = ""
    base: str = ""
    base_tree: str = ""
    commit: str = ""
    tree: str = ""


def _held(tool: str, data: _TreeData) -> tuple[str, str]:
    """Return the commit and tree of the branch after a call of the tool."""
    if tool == "open_repository":
        # If the branch already had commits, its tree was not recorded.
        return data.start, data.base_tree if data.start == data.base else ""
    return data.commit, data.tree


def _until(steps: list[Step], commit: str) -> list[Step]:
    places = [place for place, each in enumerate(steps) if each.commit == commit]
    return steps[: places[-1] + 1] if places else []
