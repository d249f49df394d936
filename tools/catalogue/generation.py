"""The tool that generates the service's code."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from tools.blueprint.blueprint_yaml import from_yaml
from tools.blueprint.model import Blueprint
from tools.catalogue.policy_facts import BRANCH
from tools.counting import counted
from tools.git import Repository, agent, checkout, commit_generation, diff, last_generation, merge_generation
from tools.projects.trees import branch_of, note_generation, repository
from tools.result import Tool, ToolResult, Workbench, failure, success
from tools.stacks import Previous
from tools.stacks.registry import stack_named


class GenerateService(BaseModel, extra="forbid"):
    """Generate the whole service from a blueprint, merged with hand-written changes."""

    blueprint: str = Field(description="Digest of the accepted blueprint.")
    contract: str = Field(description="Digest of its contract.")


def generate_service(bench: Workbench, arguments: GenerateService) -> ToolResult:
    """Generate the service and return what changed; on conflicts, write nothing and return each with file and line."""
    try:
        blueprint = Blueprint.model_validate_json(bench.artifacts.get(arguments.blueprint))
        contract = bench.artifacts.get(arguments.contract).decode()
    except (KeyError, ValidationError, UnicodeDecodeError) as error:
        return failure("not_found", f"This delivery has no such blueprint: {error}.")
    held = repository(bench)
    base, tip = held.base_commit(), held.required(branch_of(bench))
    parent = last_generation(held, base)
    made = stack_named(blueprint.stack).generate(blueprint, contract, _previous(held, parent))
    message = f"Generate {bench.service}"
    generation = commit_generation(
        held, made.files, parent, message, agent(bench.role), bench.when, bench.redact
    )
    merged = merge_generation(held, tip, generation)
    if merged.conflicts:
        places = ", ".join(f"{each.file}:{each.line}" for each in merged.conflicts)
        said = f"The story and a hand-written change touch the same lines: {places}. Nothing was written."
        conflicts = [each.model_dump(mode="json") for each in merged.conflicts]
        return failure("conflict", said, conflicts=[*conflicts])
    checkout(held, merged.tree, bench.workspace)
    note_generation(bench, generation)
    files = [each.path for each in diff(held, base, merged.tree).files]
    tests = bench.artifacts.put(json.dumps(made.tests, sort_keys=True).encode())
    said = f"{counted(len(files), 'file was', 'files were')} updated from the blueprint."
    if not files:
        said = "Every file is already up to date."
    unwritten = _unwritten(bench.workspace)
    if unwritten:
        said += (
            f" Still to be written, as its docstring says: the function in each of {', '.join(unwritten)}."
        )
    return success(said, artifacts={"tests": tests}, to_write=[*unwritten])


def _unwritten(workspace: Path) -> list[str]:
    """Return the paths of the files whose custom operations are not implemented yet."""
    return [
        path.relative_to(workspace).as_posix()
        for path in sorted(workspace.glob("app/custom/*.py"))
        if "raise NotImplementedError" in path.read_text()
    ]


def _previous(held: Repository, generation: str | None) -> Previous | None:
    if generation is None:
        return None
    paths = held.files(generation)
    files = {path: (held.show(generation, path) or b"").decode() for path in paths}
    return Previous(blueprint=from_yaml(files["blueprint.yaml"]), files=files)


TOOLS = (
    # The same blueprint on the same branch gives the same generation, so repeating the call is harmless.
    Tool("generate_service", "write", GenerateService, generate_service, roles=("code",), facts=(BRANCH,)),
)
