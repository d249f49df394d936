"""Tools that find out whether the change does what it should, and whether its tests would notice if not."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tools.dependencies import environment_of, toolbox
from tools.git import Changes, diff
from tools.repository import repository, workspace_tree
from tools.result import Tool, ToolResult, Workbench
from tools.sandbox import Limits
from tools.testing import Coverage, Flaky, TestOutcome, TestReport, Verdict, cores, mutate
from tools.testing import run_tests as run_in_sandbox

MOST_FAILURES = 20
"""Failing tests that a result describes; the count is of all."""
MOST_MUTANTS = 12
LIMITS = Limits(wall_seconds=300, memory_mb=2048, processes=256)
NOT_MUTATED = ("tests/", "migrations/")


class RunTests(BaseModel):
    """Run the service's whole test suite in a sandbox; new and failing tests are run again."""

    __test__ = False

    model_config = ConfigDict(extra="forbid")


class RunMutants(BaseModel):
    """Alter the changed lines one at a time, and see whether a test that covers them notices."""

    model_config = ConfigDict(extra="forbid")

    coverage: str = Field(description="Digest of the coverage that run_tests returned.")


def run_tests(bench: Workbench, arguments: RunTests) -> ToolResult:
    """Return the counts, what failed and why, for the tree that the workspace holds."""
    service = environment_of(bench, bench.workspace)
    if service is None:
        return _not_installed()
    tree = workspace_tree(bench)
    new = _new_tests(_changes(bench, tree))
    report = run_in_sandbox(
        bench.sandbox,
        service,
        bench.workspace,
        _scratch(bench),
        new=new,
        reruns=1,
        shares=1 if _all_tests(bench.workspace) <= set(new) else cores(),
        coverage=toolbox(bench),
        limits=LIMITS,
    )
    return _tested(bench, tree, report)


def run_mutants(bench: Workbench, arguments: RunMutants) -> ToolResult:
    """Return how many mutants the tests noticed, and where the ones are that they did not."""
    service = environment_of(bench, bench.workspace)
    if service is None:
        return _not_installed()
    try:
        coverage = Coverage.model_validate_json(bench.artifacts.get(arguments.coverage))
    except (KeyError, ValidationError):
        return ToolResult(
            ok=False, code="not_found", summary=f"{arguments.coverage} is no coverage of this delivery."
        )
    tree = workspace_tree(bench)
    changed = {
        each.path: each.lines
        for each in _changes(bench, tree).files
        if each.path.endswith(".py") and each.lines and not each.path.startswith(NOT_MUTATED)
    }
    report = mutate(
        bench.sandbox,
        service,
        bench.workspace,
        _scratch(bench),
        changed,
        coverage,
        seed=tree,
        limit=MOST_MUTANTS,
        limits=LIMITS,
    )
    if report.problem:
        return ToolResult(
            ok=False, code="not_judged", summary=f"The mutants could not be judged: {report.problem}"
        )
    # Where a covering test was too slow to be asked, nobody knows whether it would have noticed.
    survivors: list[JsonValue] = [_survivor(each) for each in report.survivors if not each.left_out]
    judged = [each for each in report.verdicts if each.result == "killed" or not each.left_out]
    judged = [each for each in judged if each.result != "not_run"]
    said = (
        f"{len(judged) - len(survivors)} of {len(judged)} mutants of the changed lines were noticed "
        f"({report.candidates} were possible)."
    )
    data: dict[str, JsonValue] = {"tree": tree, "mutants": len(judged), "survivors": survivors}
    return ToolResult(ok=True, code="ok", summary=said, data=data)


def _tested(bench: Workbench, tree: str, report: TestReport) -> ToolResult:
    wrong = (*report.failed, *report.errored)
    data: dict[str, JsonValue] = {
        "tree": tree,
        "passed": len(report.passed),
        "failed": len(report.failed),
        "errors": len(report.errored) + (1 if report.problem else 0),
        "complete": True,
        "skipped": len(report.skipped),
        "failures": [_failure(each) for each in wrong[:MOST_FAILURES]],
        "flaky": [_flaky(each) for each in report.flaky],
        "seconds": round(report.seconds, 1),
    }
    artifacts = {"report": bench.artifacts.put(report.model_dump_json(exclude={"coverage"}).encode())}
    if report.coverage:
        artifacts["coverage"] = bench.artifacts.put(report.coverage.model_dump_json().encode())
    return ToolResult(
        ok=report.ok,
        code="ok" if report.ok else "tests_failed",
        summary=_said(report, len(wrong)),
        data=data,
        artifacts=artifacts,
    )


def _said(report: TestReport, wrong: int) -> str:
    if report.problem:
        return f"The tests could not be run to their end: {report.problem.splitlines()[0][:300]}"
    said = f"{len(report.passed)} tests passed, {wrong} failed, in {report.seconds:.0f} s."
    return f"{said} {len(report.flaky)} changed their mind when run again." if report.flaky else said


def _failure(test: TestOutcome) -> JsonValue:
    return {"name": test.id, "message": test.message[:500], "traceback": test.traceback[-1_500:]}


def _flaky(test: Flaky) -> JsonValue:
    return f"{test.id} ({', '.join(test.outcomes)})"


def _survivor(verdict: Verdict) -> JsonValue:
    mutant = verdict.mutant
    return {"file": mutant.file, "line": mutant.line, "change": " ".join(mutant.diff.split())}


def _changes(bench: Workbench, tree: str) -> Changes:
    held = repository(bench)
    return diff(held, held.required(held.base_ref), tree)


def _new_tests(changes: Changes) -> list[str]:
    return [each.path for each in changes.files if each.path.startswith("tests/") and each.status == "added"]


def _all_tests(workspace: Path) -> set[str]:
    return {path.relative_to(workspace).as_posix() for path in workspace.glob("tests/**/test_*.py")}


def _scratch(bench: Workbench) -> Path:
    scratch = bench.home / "scratch" / bench.delivery
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def _not_installed() -> ToolResult:
    said = "The dependencies of the tests are not installed; install_dependencies first."
    return ToolResult(ok=False, code="not_installed", summary=said)


TOOLS = (
    # Both only look: what they write lies in the delivery's own scratch folder.
    Tool(name="run_tests", effect="execute", arguments=RunTests, run=run_tests),
    Tool(name="run_mutants", effect="execute", arguments=RunMutants, run=run_mutants),
)
