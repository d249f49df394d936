"""The tool that checks formatting, lint rules and types, with the crew's own linters in a sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from pydantic import BaseModel, Field, JsonValue

from tools.counting import counted
from tools.environments.install import Environment
from tools.projects.dependencies import tests_environment, toolbox
from tools.projects.kind import is_existing_project
from tools.projects.trees import changes_of, checked_out, workspace_tree
from tools.result import Tool, ToolResult, Workbench, success
from tools.sandbox import Completed, Job, Limits
from tools.testing.test_command import ini_of, text_of, toml_of, within

MOST_PROBLEMS = 50
_LIMITS = Limits(wall_seconds=180, memory_mb=1500)
_ERRORS = "E9,F63,F7,F82"
"""Rules of ruff that report definite errors, such as undefined names, in projects of any style."""


class Problem(BaseModel, frozen=True):
    """A problem that a linter reports."""

    file: str
    """Path of the file; "" if the linter itself could not run."""
    line: int
    what: str


class RunLinters(BaseModel, extra="forbid"):
    """Check the formatting, the lint rules and the types of the workspace's code."""


class LintTree(BaseModel, extra="forbid"):
    """Run the linters on the tree that is to be merged, for the decision on the merge."""

    tree: str = Field(description="Git tree to check; the workspace must be at it.")


def run_linters(bench: Workbench, arguments: RunLinters) -> ToolResult:
    """Return every problem with file and line, according to the project's own settings.

    In an existing project, only changed lines are checked.
    """
    tree = workspace_tree(bench)
    with checked_out(bench, tree) as clean:
        return _lint(clean, tree, configured_only=False)


def _lint(bench: Workbench, tree: str, configured_only: bool) -> ToolResult:
    """Run the linters; the workspace contains exactly the tree.

    With `configured_only`, linters that an existing project does not use are not run.
    """
    box = toolbox(bench)
    python = tests_environment(bench)
    # Shared by all runs of one service: mypy's cache holds the libraries' types.
    scratch = bench.home / "scratch" / "types" / bench.service
    scratch.mkdir(parents=True, exist_ok=True)
    existing = is_existing_project(bench)
    changed = _changed_lines(bench, tree) if existing else {}
    ruff = (str(box.python), "-P", "-m", "ruff")
    mypy = (str(box.python), "-P", "-m", "mypy", f"--cache-dir={scratch}", "-O", "json")
    check = ("check", "--no-cache", "--output-format", "json")
    commands: dict[str, tuple[str, ...]] = {}
    if not existing:
        commands["ruff format"] = (*ruff, "format", "--no-cache", "--check", "--output-format", "json", ".")
        commands["ruff"] = (*ruff, *check, ".")
    elif changed and (not configured_only or _wants_ruff(bench.workspace)):
        own = () if _wants_ruff(bench.workspace) else ("--isolated", "--select", _ERRORS)
        commands["ruff"] = (*ruff, *check, *own, *changed)
    typed = python is not None and (not existing or (bool(changed) and _wants_types(bench.workspace)))
    if python is not None and typed:
        # The settings of a generated project list the folders to check; its CI uses them too.
        commands["mypy"] = (*mypy, f"--python-executable={python.python}", *changed)
    problems: list[Problem] = []
    for name, argv in commands.items():
        job = _job(bench, argv, (box, *((python,) if python else ())), scratch, existing)
        problems += _problems(name, bench.sandbox.run(job), bench.workspace)
    if existing:
        problems = [each for each in problems if _concerns(each, changed)]
    said = ", ".join(commands) or "No Python code is changed: the linters"
    if python is None and not existing:
        said += " (types were not checked: the dependencies are not installed)"
    # A run of the linters is a success even if they report problems: the agent fixes these in a further commit or
    # names them in a finding.
    return success(
        f"{said} {'reports' if len(commands) == 1 else 'report'} {_problem_count(len(problems), existing)}",
        code="objections" if problems else "ok",
        problems=[each.model_dump() for each in problems[:MOST_PROBLEMS]],
        count=len(problems),
    )


def lint_tree(bench: Workbench, arguments: LintTree) -> ToolResult:
    """Return the tree, the problems that the code agent can fix, and the others, which a person has to look at."""
    tree = workspace_tree(bench)
    with checked_out(bench, tree) as clean:
        result = _lint(clean, tree, configured_only=True)
    problems = [Problem.model_validate(each) for each in cast(list[JsonValue], result.data["problems"])]
    # The code agent may not change the testing agent's tests, nor need it fix problems in files it did not touch.
    touched = {each.path for each in changes_of(bench, tree).files} - bench.tests_written()
    fixable = [each for each in problems if each.file.removeprefix("./") in touched]
    unchecked = [
        f"{each.file}:{each.line}: {each.what}" if each.file else each.what
        for each in problems
        if each not in fixable
    ]
    if tests_environment(bench) is None and not is_existing_project(bench):
        unchecked.append("mypy did not check the code: the dependencies are not installed.")
    count = cast(int, result.data["count"]) - (len(problems) - len(fixable))
    data: dict[str, JsonValue] = {
        "tree": tree,
        "count": count,
        "problems": [each.model_dump() for each in fixable],
        "unchecked": [*unchecked],
    }
    return result.model_copy(update={"data": data})


def _problem_count(count: int, existing: bool) -> str:
    if not count:
        return "no problems."
    places = counted(count, "problem") + " on changed lines" * existing
    return f"{places}: fix {'it' if count == 1 else 'each'} before the last commit, or name it in a finding."


def _job(
    bench: Workbench, argv: tuple[str, ...], seen: tuple[Environment, ...], scratch: Path, existing: bool
) -> Job:
    source = bench.workspace / "src"
    return Job(
        argv=argv,
        folder=bench.workspace,
        readable=(bench.workspace, *(each.folder for each in seen)),
        writable=(scratch,),
        environment={"MYPYPATH": str(source)} if existing and source.is_dir() else {},
        limits=_LIMITS,
    )


def _changed_lines(bench: Workbench, tree: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the changed line ranges of the tree, by Python file."""
    changed = changes_of(bench, tree).files
    return {f"./{each.path}": each.lines for each in changed if each.path.endswith(".py") and each.lines}


def _concerns(problem: Problem, changed: dict[str, tuple[tuple[int, int], ...]]) -> bool:
    """Return whether a problem is on a changed line, or means that the linter itself could not run."""
    name = problem.file.removeprefix("./")
    return not name or any(first <= problem.line <= last for first, last in changed.get(f"./{name}", ()))


def _wants_ruff(folder: Path) -> bool:
    """Return whether a project has settings for ruff, or runs it before commits."""
    return (
        any(text_of(folder, name) for name in ("ruff.toml", ".ruff.toml"))
        or within(toml_of(text_of(folder, "pyproject.toml")), "tool", "ruff") is not None
        or "ruff" in text_of(folder, ".pre-commit-config.yaml")
    )


def _wants_types(folder: Path) -> bool:
    """Return whether a project has settings for mypy."""
    return (
        any(text_of(folder, name) for name in ("mypy.ini", ".mypy.ini"))
        or ini_of(text_of(folder, "setup.cfg")).has_section("mypy")
        or bool(within(toml_of(text_of(folder, "pyproject.toml")), "tool", "mypy"))
    )


def _problems(name: str, done: Completed, workspace: Path) -> list[Problem]:
    """Parse a linter's report; a report that cannot be parsed is itself returned as a problem."""
    if done.exit_code == 0:
        return []
    try:
        problems = _mypy(done.stdout) if name == "mypy" else _ruff(done.stdout, workspace)
    except (ValueError, KeyError, TypeError, AttributeError):
        problems = []
    if problems:
        return problems
    last = (done.stderr or done.stdout).strip().splitlines()[-1:] or [done.ending]
    return [Problem(file="", line=0, what=f"{name} could not check the code: {last[0][:300]}")]


def _ruff(report: str, workspace: Path) -> list[Problem]:
    return [
        Problem(
            file=str(each["filename"]).removeprefix(f"{workspace}/"),
            line=(each.get("location") or {}).get("row") or 1,
            what=f"{each.get('code') or 'format'}: {each['message']}",
        )
        for each in json.loads(report)
    ]


def _mypy(report: str) -> list[Problem]:
    lines = [json.loads(line) for line in report.splitlines() if line.startswith("{")]
    return [
        Problem(file=each["file"], line=each["line"], what=f"{each['code']}: {each['message']}")
        for each in lines
        if each["severity"] == "error"
    ]


TOOLS = (
    Tool("run_linters", "execute", RunLinters, run_linters, roles=("code",)),
    Tool("lint_tree", "execute", LintTree, lint_tree, roles=("crew",)),
)
