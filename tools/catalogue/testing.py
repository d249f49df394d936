"""Tools that run the tests, and measure by mutation whether they would catch a defect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, Field, JsonValue, ValidationError

from tools.counting import counted
from tools.projects.dependencies import tests_environment, toolbox
from tools.projects.existing_tests import own_tests
from tools.projects.kind import is_existing_project
from tools.projects.trees import changes_of, checked_out, workspace_tree, written_lines
from tools.result import Tool, ToolResult, Workbench, failure, success
from tools.testing import Coverage, MutationReport, SandboxRunner, Verdict, cores, mutate
from tools.testing import run_tests as run_in_sandbox
from tools.testing.results import LIMITS, last_coverage_file, not_installed, report_result, scratch_folder
from tools.testing.sandbox_environment import uninstalled_project
from tools.testing.test_command import is_test

MOST_MUTANTS = 12
NOT_MUTATED = ("tests/", "migrations/")


class RunTests(BaseModel, extra="forbid"):
    """Run the whole test suite in a sandbox; new and failing tests are repeated."""

    __test__ = False


class RunMutants(BaseModel, extra="forbid"):
    """Mutate the changed lines one at a time, and check whether a covering test fails."""

    coverage: str = Field(
        default="", description="Digest of the coverage from run_tests; default: the latest."
    )


def run_tests(bench: Workbench, arguments: RunTests) -> ToolResult:
    """Run the tests of the workspace's tree; return the counts, and the failures with their causes."""
    tree = workspace_tree(bench)
    with checked_out(bench, tree) as clean:
        return own_tests(clean, tree) if is_existing_project(bench) else _service_tests(clean, tree)


def _service_tests(bench: Workbench, tree: str) -> ToolResult:
    """Run the tests of a generated service; the workspace contains exactly the tree."""
    service = tests_environment(bench)
    if service is None:
        return not_installed()
    added = [each.path for each in changes_of(bench, tree).files if each.status == "added"]
    new = [path for path in added if path.startswith("tests/")]
    scratch = scratch_folder(bench)
    place = SandboxRunner(
        bench.sandbox, service, bench.workspace, scratch, limits=LIMITS, coverage=toolbox(bench)
    )
    shares = 1 if _all_tests(bench.workspace) <= set(new) else cores()
    report = run_in_sandbox(place, new=new, reruns=1, shares=shares)
    return report_result(bench, tree, report)


def run_mutants(bench: Workbench, arguments: RunMutants) -> ToolResult:
    """Return the number of mutants that the tests killed, and the locations of the survivors."""
    tree = workspace_tree(bench)
    if not any(each.path.endswith(".py") for each in changes_of(bench, tree).files):
        return _no_mutant(tree, "No mutants: the change has no Python code.")
    with checked_out(bench, tree) as clean:
        return _mutants_of(clean, tree, arguments)


def _mutants_of(bench: Workbench, tree: str, arguments: RunMutants) -> ToolResult:
    """Run the tests against mutants; the workspace contains exactly the tree."""
    existing = is_existing_project(bench)
    service = tests_environment(bench)
    if service is None:
        return not_installed()
    note = last_coverage_file(bench)
    digest = arguments.coverage or (note.read_text() if note.is_file() else "")
    try:
        coverage = Coverage.model_validate_json(bench.artifacts.get(digest))
    except (KeyError, ValueError, ValidationError):
        coverage = Coverage()
    if coverage.tree != tree:
        return failure(
            "not_found",
            "No coverage is stored under that digest: call run_tests first, until all tests pass.",
        )
    # The number of mutants is limited, so hand-written code takes precedence; the generator has its own tests.
    changed: Mapping[str, Sequence[tuple[int, int]]] = written_lines(bench, tree) or {
        each.path: each.lines
        for each in changes_of(bench, tree).files
        if each.path.endswith(".py") and each.lines and not _serves_tests(each.path, existing)
    }
    place = SandboxRunner(
        sandbox=bench.sandbox,
        environment=service,
        workspace=bench.workspace,
        scratch=scratch_folder(bench),
        limits=LIMITS,
        project=uninstalled_project(bench.workspace) if existing else None,
    )
    return _mutation_result(tree, mutate(place, changed, coverage, seed=tree, limit=MOST_MUTANTS))


def _mutation_result(tree: str, report: MutationReport) -> ToolResult:
    """Return the tool result for a mutation report on a tree."""
    if report.problem:
        return failure("not_judged", f"The mutants could not be judged: {report.problem}")
    if not report.candidates:
        return _no_mutant(tree, "No mutant can be made from the changed lines.")
    # A mutant is not a survivor if some of its covering tests did not run, as one of them might have killed it.
    survivors: list[JsonValue] = [_survivor(each) for each in report.survivors if not each.left_out]
    judged = [each for each in report.verdicts if each.result == "killed" or not each.left_out]
    judged = [each for each in judged if each.result != "not_run"]
    said = (
        f"{len(judged) - len(survivors)} of {counted(len(judged), 'mutant')} of the changed lines "
        f"{'was' if len(judged) == 1 else 'were'} killed ({report.candidates} possible)."
    )
    return success(said, tree=tree, mutants=len(judged), survivors=survivors)


def _no_mutant(tree: str, said: str) -> ToolResult:
    return success(said, tree=tree, mutants=0, survivors=[])


def _survivor(verdict: Verdict) -> JsonValue:
    mutant = verdict.mutant
    return {"file": mutant.file, "line": mutant.line, "change": " ".join(mutant.diff.split())}


def _serves_tests(path: str, existing: bool) -> bool:
    return path.startswith(NOT_MUTATED) or (existing and is_test(path))


def _all_tests(workspace: Path) -> set[str]:
    return {path.relative_to(workspace).as_posix() for path in workspace.glob("tests/**/test_*.py")}


TOOLS = (
    # Both only read the workspace: they write to the delivery's own scratch folder.
    Tool("run_tests", "execute", RunTests, run_tests, roles=("code", "testing")),
    Tool("run_mutants", "execute", RunMutants, run_mutants, roles=("testing",)),
)
