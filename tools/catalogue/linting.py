"""The tool that looks the code over: formatting, lint rules and types, read in a sandbox by our own tools."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from tools.counting import counted
from tools.environments.install import Environment
from tools.projects.dependencies import tests_environment, toolbox
from tools.projects.kind import is_existing_project
from tools.projects.trees import changes_of, workspace_tree
from tools.result import Tool, ToolResult, Workbench
from tools.sandbox import Completed, Job, Limits
from tools.testing.test_command import ini_of, text_of, toml_of, within

MOST_PROBLEMS = 50
_LIMITS = Limits(wall_seconds=180, memory_mb=1500)


class RunLinters(BaseModel):
    """Check the formatting, the lint rules and the types of the workspace's code."""

    model_config = ConfigDict(extra="forbid")


def run_linters(bench: Workbench, arguments: RunLinters) -> ToolResult:
    """Return every problem with file and line; the code is read in a sandbox, by our tools, with its own
    settings. Of a repository that the crew did not make, only the changed lines are judged."""
    box = toolbox(bench)
    python = tests_environment(bench)
    # One service's own: what its earlier runs have learnt of the libraries' types is used again.
    scratch = bench.home / "scratch" / "types" / bench.service
    scratch.mkdir(parents=True, exist_ok=True)
    existing = is_existing_project(bench)
    changed = _changed_lines(bench) if existing else {}
    ruff = (str(box.python), "-P", "-m", "ruff")
    mypy = (str(box.python), "-P", "-m", "mypy", f"--cache-dir={scratch}", "-O", "json")
    check = ("check", "--no-cache", "--output-format", "json")
    commands: dict[str, tuple[str, ...]] = {}
    if not existing:
        commands["ruff format"] = (*ruff, "format", "--no-cache", "--check", "--output-format", "json", ".")
        commands["ruff"] = (*ruff, *check, ".")
    elif changed:
        commands["ruff"] = (*ruff, *check, *changed)
    typed = python is not None and (not existing or (bool(changed) and _wants_types(bench.workspace)))
    if python is not None and typed:
        commands["mypy"] = (*mypy, f"--python-executable={python.python}", *(changed or (".",)))
    problems: list[dict[str, JsonValue]] = []
    for name, argv in commands.items():
        job = _job(bench, argv, (box, *((python,) if python else ())), scratch, existing)
        problems += _problems(name, bench.sandbox.run(job), bench.workspace)
    if existing:
        problems = [each for each in problems if _concerns(each, changed)]
    said = ", ".join(commands) or "There is no changed Python code, so the linters"
    if python is None and not existing:
        said += " (types were not checked: the dependencies are not installed)"
    shown: list[JsonValue] = [*problems[:MOST_PROBLEMS]]
    return ToolResult(
        # They ran, so it is ok: objections are answered by a further commit or a finding, not by stopping here.
        ok=True,
        code="objections" if problems else "ok",
        summary=f"{said} object to {_places(len(problems), existing)}",
        data={"problems": shown, "count": len(problems)},
    )


def _places(count: int, existing: bool) -> str:
    if not count:
        return "nothing."
    places = counted(count, "place") + " on changed lines" * existing
    stand = f"{counted(count, 'objection stands, to', 'objections stand, each to')} be"
    return f"{places}: {stand} mended before the last commit, or else named in a finding."


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


def _changed_lines(bench: Workbench) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the lines that the workspace changes, by Python file."""
    changed = changes_of(bench, workspace_tree(bench)).files
    return {f"./{each.path}": each.lines for each in changed if each.path.endswith(".py") and each.lines}


def _concerns(problem: dict[str, JsonValue], changed: dict[str, tuple[tuple[int, int], ...]]) -> bool:
    """Whether a problem lies on a changed line; one of no file is the linter's own, and is told."""
    name, line = str(problem["file"]).removeprefix("./"), problem["line"]
    return not name or any(
        isinstance(line, int) and first <= line <= last for first, last in changed.get(f"./{name}", ())
    )


def _wants_types(folder: Path) -> bool:
    """Whether a repository has settings for mypy."""
    named = any(text_of(folder, name) for name in ("mypy.ini", ".mypy.ini"))
    document = toml_of(text_of(folder, "pyproject.toml"))
    return (
        named
        or ini_of(text_of(folder, "setup.cfg")).has_section("mypy")
        or bool(within(document, "tool", "mypy"))
    )


def _problems(name: str, done: Completed, workspace: Path) -> list[dict[str, JsonValue]]:
    """Read a linter's report; one that cannot be read is a problem, not a clean bill."""
    if done.exit_code == 0:
        return []
    try:
        found = _mypy(done.stdout) if name == "mypy" else _ruff(done.stdout, workspace)
    except (ValueError, KeyError, TypeError, AttributeError):
        found = []
    if found:
        return found
    last = (done.stderr or done.stdout).strip().splitlines()[-1:] or [done.ending]
    return [{"file": "", "line": 0, "what": f"{name} could not check the code: {last[0][:300]}"}]


def _ruff(report: str, workspace: Path) -> list[dict[str, JsonValue]]:
    return [
        {
            "file": str(each["filename"]).removeprefix(f"{workspace}/"),
            "line": (each.get("location") or {}).get("row") or 1,
            "what": f"{each.get('code') or 'format'}: {each['message']}",
        }
        for each in json.loads(report)
    ]


def _mypy(report: str) -> list[dict[str, JsonValue]]:
    lines = [json.loads(line) for line in report.splitlines() if line.startswith("{")]
    return [
        {"file": each["file"], "line": each["line"], "what": f"{each['code']}: {each['message']}"}
        for each in lines
        if each["severity"] == "error"
    ]


TOOLS = (Tool(name="run_linters", effect="execute", arguments=RunLinters, run=run_linters, roles=("code",)),)
