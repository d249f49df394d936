"""Which code a delivery's branch holds, and what the tests said of exactly that code."""

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
"""`failed`: also a test that changed its mind. `unseen`: skipped, or not run at all."""


class Step(BaseModel, frozen=True):
    """Something that was done to the branch and not taken back."""

    row: int
    """Number of the row that says so."""
    tool: str
    commit: str = ""
    """What the branch held then; "" where that is not changed."""
    tree: str = ""
    """The commit's git tree; "" if nobody noted it."""
    result: ToolResult


class Run(BaseModel, frozen=True):
    """A run of all tests on one git tree."""

    ok: bool
    summary: str
    report: TestReport | None
    """How each test went; None where a command tells only how all of them ended."""


class Branch(BaseModel, frozen=True):
    """The code of a delivery as it is now."""

    steps: tuple[Step, ...]

    @property
    def generated(self) -> bool:
        """Whether the repository is of the crew's own making; else people made it."""
        return not any(each.result.data.get("generated") is False for each in self.steps)

    @property
    def tree(self) -> str:
        """Git tree that the branch holds; "" if that is not known."""
        return next((each.tree for each in reversed(self.steps) if each.commit), "")

    @property
    def changes(self) -> bool:
        """Whether it holds anything else than the delivery began with."""
        return not self.steps or self.steps[0].tool != "open_repository" or self.tree != self.steps[0].tree

    @property
    def built(self) -> bool:
        """Whether there is code for the story: committed, or found to be there already by the generator."""
        return any(each.tool == "commit" for each in self.steps) and (self.generated or self.changes)

    @property
    def since(self) -> int:
        """Number of the row since which the branch holds its code as it is; 0 before there is any."""
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
    """Return what a delivery has done to its branch, without what was taken back."""
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
    """Return the last run of the tests on the code that the branch holds, or why there is none."""
    if not branch.built:
        return "not tested yet: it is designed, and nothing of it is built"
    ran = [result for _, _, result in results(ledger, artifacts, about.delivery, ("run_tests",))]
    if found := _of_tree(artifacts, ran, branch.tree):
        return found
    if not branch.changes:
        # What is proved of a tree holds for whoever has that tree.
        for other in reversed(ledger.deliveries()):
            if other != about.delivery and load_delivery(ledger, other).repository == about.repository:
                earlier = [result for _, _, result in results(ledger, artifacts, other, ("run_tests",))]
                if found := _of_tree(artifacts, earlier, branch.tree):
                    return found
        return "not tested: nothing had to be changed, and no run of the tests on this code is known"
    if ran and "tree" not in ran[-1].data:
        return f"not tested yet: {ran[-1].summary}"
    if ran:
        return "not tested yet: the code has changed since the tests ran"
    return "not tested yet: the tests have not run on its code"


def said_of_tests(ledger: Ledger, artifacts: ArtifactStore, about: Opened) -> str:
    """Return what the tools said of the tests of the code as it is now; "" where nothing is changed.

    The testing agent's own words are a comment: they are no evidence of what ran."""
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
    """Return how a test went in a run, and why it does not count unless it passed; `test` may stand for all of its
    parameters."""
    report = run.report
    if report is None:
        return "unseen", f"its test was not seen to run: {test}"
    if report.problem:
        first = report.problem.strip().partition("\n")[0]
        return "unseen", f"the tests could not be run to their end: {_line(first)}"
    told = [each for each in report.tests if _names(test, each.id)]
    if wrong := next((each for each in told if each.outcome in ("failed", "errored")), None):
        return "failed", f"its test failed: {wrong.id}{_message(wrong)}"
    if doubtful := next((each for each in report.flaky if _names(test, each.id)), None):
        return "failed", f"its test changed its mind when it was run again: {doubtful.id}"
    if any(each.outcome == "passed" for each in told):
        return "passed", ""
    if told:
        return "unseen", f"its test was skipped: {told[0].id}{_message(told[0])}"
    return "unseen", f"its test did not run: {test}"


def _names(test: str, ran: str) -> bool:
    # A file that cannot be imported stands for all of its tests.
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
    """Data of the tools that change what the branch holds."""

    start: str = ""
    base: str = ""
    base_tree: str = ""
    commit: str = ""
    tree: str = ""


def _held(tool: str, data: _TreeData) -> tuple[str, str]:
    """Return the commit that the branch is at after a tool, and its tree."""
    if tool == "open_repository":
        # A branch that held something before has a tree that nobody noted.
        return data.start, data.base_tree if data.start == data.base else ""
    return data.commit, data.tree


def _until(steps: list[Step], commit: str) -> list[Step]:
    places = [place for place, each in enumerate(steps) if each.commit == commit]
    return steps[: places[-1] + 1] if places else []
