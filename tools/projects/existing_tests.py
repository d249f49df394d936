"""Running the tests of an existing project with its own test command."""

from __future__ import annotations

import re

from pydantic import JsonValue

from tools.environments.install import Environment
from tools.errors import JobRefused
from tools.git import export
from tools.projects import pins
from tools.projects.dependencies import tests_environment, toolbox
from tools.projects.example_files import TEST_FILE
from tools.projects.trees import changes_of, repository
from tools.result import ToolResult, Workbench, failure
from tools.testing import SandboxRunner, TestReport
from tools.testing import run_tests as run_in_sandbox
from tools.testing.command_run import NO_PROGRAM, CommandReport, run_test_command
from tools.testing.results import LIMITS, not_installed, report_result, scratch_folder
from tools.testing.sandbox_environment import available_programs, uninstalled_project
from tools.testing.test_command import TestCommand, find_test_command, is_test
from tools.workspace.temporary import temporary_folder

_LAST_LINES = 15
_PLUGINS = {
    "--cov": "pytest-cov",
    "-n": "pytest-xdist",
    "--numprocesses": "pytest-xdist",
    "--dist": "pytest-xdist",
    "--timeout": "pytest-timeout",
    "--asyncio-mode": "pytest-asyncio",
    "--ds": "pytest-django",
    "--benchmark": "pytest-benchmark",
    "--reruns": "pytest-rerunfailures",
    "--randomly": "pytest-randomly",
    "--mypy": "pytest-mypy",
    "--snapshot": "syrupy",
    "--disable-socket": "pytest-socket",
    "--black": "pytest-black",
    "--flake8": "pytest-flake8",
}


def own_tests(bench: Workbench, tree: str) -> ToolResult:
    """Run the project's own tests and return the same data as for generated projects.

    For commands other than pytest, only the exit status is known. The workspace contains exactly the tree.
    """
    command = find_test_command(bench.workspace, bench.test_command)
    if command is None or not command.argv:
        said = (
            "No test command was found; tried pytest, tox, nox, make test, npm test and go test. Write tests "
            "that pytest collects, or ask a person for the command."
        )
        return failure("no_tests", said)
    python = tests_environment(bench)
    needed = command.needs_pytest(bench.workspace) or pins.stored_pins(bench) != ""
    if python is None and needed:
        return not_installed()
    if command.selection is not None and python is not None:
        return _by_pytest(bench, tree, command, command.selection, python)
    return _by_command(bench, tree, command, python)


def _by_pytest(
    bench: Workbench, tree: str, command: TestCommand, selection: tuple[str, ...], python: Environment
) -> ToolResult:
    added = [each.path for each in changes_of(bench, tree).files if each.status == "added"]
    new = [path for path in added if is_test(path) and TEST_FILE.fullmatch(path)]
    place = SandboxRunner(
        bench.sandbox,
        python,
        bench.workspace,
        scratch_folder(bench),
        limits=LIMITS,
        project=uninstalled_project(bench.workspace),
        coverage=toolbox(bench),
    )
    report = run_in_sandbox(place, selection, new=new, reruns=1)
    before = _failing_before(bench, python, report)
    return report_result(bench, tree, _explained(report), {"unit": "test", **_about(command)}, before)


def _failing_before(bench: Workbench, python: Environment, report: TestReport) -> set[str]:
    """Return the failed tests that also fail on the main branch, determined by running them there."""
    wrong = {each.id for each in report.tests if each.is_bad}
    if report.problem or not wrong:
        return set()
    held = repository(bench)
    main = held.base_commit()
    files = {each.partition("::")[0] for each in wrong} & set(held.files(main))
    if not files:
        return set()
    with temporary_folder(scratch_folder(bench)) as folder:
        workspace, scratch = folder / "main", folder / "out"
        export(held, main, workspace)
        scratch.mkdir()
        project = uninstalled_project(workspace)
        place = SandboxRunner(bench.sandbox, python, workspace, scratch, limits=LIMITS, project=project)
        earlier = run_in_sandbox(place, sorted(files), reruns=0)
    return wrong & {each.id for each in earlier.tests if each.is_bad}


def _explained(report: TestReport) -> TestReport:
    """Return the report with an explanation of why pytest did not start, such as a missing plugin, put first."""
    if report.problem is None:
        return report
    refused = re.search(r"unrecognized arguments: (.*)", report.problem)
    required = re.search(r"Missing required plugins: (.*)", report.problem)
    names = {
        name
        for option in (refused[1].split() if refused else [])
        for start, name in _PLUGINS.items()
        if option == start or option.startswith((f"{start}=", f"{start}-"))
    } | {each.strip(" ,") for each in (required[1].split() if required else [])}
    if names:
        said = (
            f"Its pytest settings need {', '.join(sorted(names))}, which is not installed: add it to the "
            "requirements of its tests, then install_dependencies."
        )
    elif refused:
        said = f"pytest does not recognise {refused[1][:200]} in its settings; a plugin is not installed."
    else:
        lines = [
            each for each in report.problem.splitlines() if each.startswith(("ERROR", "E  ", "ImportError"))
        ]
        said = _conftest_error(lines) or " ".join(
            [report.problem.splitlines()[0], *(each.strip() for each in lines[:2])]
        )
    return report.model_copy(update={"problem": f"{said}\n{report.problem}"})


def _conftest_error(lines: list[str]) -> str:
    """Return the error that a conftest.py raised, from the last lines of pytest's output; "" if none did."""
    place = next((each for each in lines if "while loading conftest" in each), "")
    errors = [each for each in lines if each.startswith("E  ")]
    return f"{place.rstrip('.')}: {errors[-1][1:].strip()[:300]}" if place and errors else ""


def _by_command(bench: Workbench, tree: str, command: TestCommand, python: Environment | None) -> ToolResult:
    try:
        report = run_test_command(
            bench.sandbox, command.argv, bench.workspace, scratch_folder(bench), python, LIMITS
        )
    except JobRefused as error:
        return failure("not_run", f"{' '.join(command.argv)} cannot be run: {error}")
    line = " ".join(command.argv)
    ending = "\n".join(report.output.splitlines()[-_LAST_LINES:])[-1_500:]
    return ToolResult(
        ok=report.ok,
        code="ok" if report.ok else "tests_failed",
        summary=_said(line, report, python),
        data={
            "tree": tree,
            "passed": int(report.ok),
            "failed": int(not report.ok),
            "errors": 0,
            "complete": True,
            "skipped": 0,
            "failures": [] if report.ok else [{"name": line, "message": ending, "traceback": ""}],
            "flaky": [],
            "seconds": round(report.seconds, 1),
            "unit": "command",
            **_about(command),
        },
        artifacts={"report": bench.artifacts.put(report.output.encode("utf-8", "replace"))},
    )


def _said(line: str, report: CommandReport, python: Environment | None) -> str:
    if report.ending == "timed_out":
        return f"`{line}` did not finish within {LIMITS.wall_seconds:.0f} s."
    if report.exit_code == NO_PROGRAM:
        return f"`{line}` names a program that the sandbox lacks. Available: {', '.join(available_programs(python))}."
    ended = "passed" if report.ok else f"failed with exit code {report.exit_code}"
    return f"`{line}` {ended}, in {report.seconds:.0f} s."


def _about(command: TestCommand) -> dict[str, JsonValue]:
    return {"command": " ".join(command.argv), "why": command.why}
