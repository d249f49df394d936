"""Tools that make the service's code and look it over."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tools.blueprint.files import from_yaml
from tools.blueprint.model import Blueprint
from tools.dependencies import environment_of, toolbox
from tools.git import Repository, agent, checkout, commit_generation, diff, last_generation, merge_generation
from tools.repository import branch_of, note_generation, repository
from tools.result import Tool, ToolResult, Workbench
from tools.sandbox import Completed, Job, Limits
from tools.stacks import Previous
from tools.stacks.named import stack_named

MOST_PROBLEMS = 50


class GenerateService(BaseModel):
    """Write the whole service from a blueprint, merged with what people changed by hand."""

    model_config = ConfigDict(extra="forbid")

    blueprint: str = Field(description="Digest of the blueprint that was settled.")
    contract: str = Field(description="Digest of its contract.")


class RunLinters(BaseModel):
    """Check the formatting, the lint rules and the types of the workspace's code."""

    model_config = ConfigDict(extra="forbid")


def generate_service(bench: Workbench, arguments: GenerateService) -> ToolResult:
    """Return what changed, or every conflict with its file and line; with conflicts nothing is written."""
    try:
        blueprint = Blueprint.model_validate_json(bench.artifacts.get(arguments.blueprint))
        contract = bench.artifacts.get(arguments.contract).decode()
    except (KeyError, ValidationError, UnicodeDecodeError) as error:
        return ToolResult(
            ok=False, code="not_found", summary=f"That is no blueprint of this delivery: {error}."
        )
    held = repository(bench)
    base, tip = held.required(held.base_ref), held.required(branch_of(bench))
    parent = last_generation(held, base)
    made = stack_named(blueprint.stack).generate(blueprint, contract, _previous(held, parent))
    author = agent(bench.role)
    generation = commit_generation(held, made.files, parent, f"Generate {bench.service}", author, bench.when)
    merged = merge_generation(held, tip, generation)
    if merged.conflicts:
        places = ", ".join(f"{each.file}:{each.line}" for each in merged.conflicts)
        conflicts: list[JsonValue] = [each.model_dump(mode="json") for each in merged.conflicts]
        said = f"The story and a hand edit change the same lines: {places}. Nothing was written."
        return ToolResult(ok=False, code="conflict", summary=said, data={"conflicts": conflicts})
    checkout(held, merged.tree, bench.workspace)
    note_generation(bench, generation)
    files = [each.path for each in diff(held, base, merged.tree).files]
    tests = bench.artifacts.put(json.dumps(made.tests, sort_keys=True).encode())
    return ToolResult(
        ok=True,
        code="ok",
        summary=f"{len(files)} files follow from the blueprint."
        if files
        else "Every file is already as it should be.",
        data={"files": list(files)},
        artifacts={"tests": tests},
    )


def run_linters(bench: Workbench, arguments: RunLinters) -> ToolResult:
    """Return every problem with file and line; the code is read in a sandbox, by our tools, with its own
    settings."""
    box = toolbox(bench)
    service = environment_of(bench, bench.workspace)
    # One service's own: what its earlier runs have learnt of the libraries' types is used again.
    scratch = bench.home / "scratch" / "types" / bench.service
    scratch.mkdir(parents=True, exist_ok=True)
    python = str(box.python)
    commands = {
        "ruff format": (
            python,
            "-m",
            "ruff",
            "format",
            "--no-cache",
            "--check",
            "--output-format",
            "json",
            ".",
        ),
        "ruff": (python, "-m", "ruff", "check", "--no-cache", "--output-format", "json", "."),
    }
    readable: tuple[Path, ...] = (bench.workspace, box.folder)
    if service is not None:
        cache = f"--cache-dir={scratch}"
        commands["mypy"] = (
            python,
            "-m",
            "mypy",
            f"--python-executable={service.python}",
            cache,
            "-O",
            "json",
            ".",
        )
        readable += (service.folder,)
    problems: list[dict[str, JsonValue]] = []
    for name, argv in commands.items():
        job = Job(argv=argv, folder=bench.workspace, readable=readable, writable=(scratch,), limits=_LIMITS)
        problems += _problems(name, bench.sandbox.run(job), bench.workspace)
    said = ", ".join(commands)
    if service is None:
        said += " (types were not checked: the dependencies are not installed)"
    summary = f"{said} object to {len(problems)} places." if problems else f"{said} object to nothing."
    shown: list[JsonValue] = [*problems[:MOST_PROBLEMS]]
    return ToolResult(ok=True, code="ok", summary=summary, data={"problems": shown, "count": len(problems)})


_LIMITS = Limits(wall_seconds=180, memory_mb=1500)


def _previous(held: Repository, generation: str | None) -> Previous | None:
    if generation is None:
        return None
    paths = held.files(generation)
    files = {path: (held.show(generation, path) or b"").decode() for path in paths}
    return Previous(blueprint=from_yaml(files["blueprint.yaml"]), files=files)


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


TOOLS = (
    # The same blueprint on the same branch gives the same generation, so doing it again is harmless.
    Tool(name="generate_service", effect="write", arguments=GenerateService, run=generate_service),
    Tool(name="run_linters", effect="execute", arguments=RunLinters, run=run_linters),
)
