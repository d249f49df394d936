"""Facts that policies use to judge calls, obtained from the repository, the workspace and the scanners."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, JsonValue

from tools.projects.dependencies import environment_of, required_before, requirements
from tools.projects.trees import branch_of
from tools.result import Fact, FactSources, Workbench
from tools.scanners import dependencies, secrets
from tools.test_integrity.protected_tests import is_protected


def file_paths(argument: str) -> tuple[Fact, Fact]:
    """Return two facts: the workspace, and the path in an argument with its resolved form ("" if unresolvable)."""

    def paths(sources: FactSources, arguments: BaseModel) -> JsonValue:
        name = getattr(arguments, argument)
        try:
            resolved = str((sources.bench.workspace.resolve() / name).resolve())
        except (OSError, ValueError, RuntimeError):
            resolved = ""
        return [{"text": name, "resolved": resolved}]

    return (
        Fact("workspace", "string", lambda sources, arguments: str(sources.bench.workspace.resolve())),
        Fact("paths", "array", paths),
    )


def secrets_in(texts: Callable[..., dict[str, str]]) -> Fact:
    """Return a fact with the secrets that a call would publish; `texts(bench, arguments)` gives each text by name."""

    def records(sources: FactSources, arguments: BaseModel) -> JsonValue:
        found = secrets(texts(sources.bench, arguments))
        return [{"kind": secret.kind, "file": secret.file, "line": secret.line} for secret in found]

    return Fact("secrets", "array", records)


def new_dependencies(version: Callable[..., str]) -> Fact:
    """Return a fact with the dependencies that a version adds; `version(bench, arguments)` is "" for the workspace."""

    def compared(sources: FactSources, arguments: BaseModel) -> JsonValue:
        commit = version(sources.bench, arguments)
        return dependency_facts(sources.bench, requirements(sources.bench, commit, fetch=True))

    return Fact("dependencies", "object", compared, enables="adds_dependencies")


def dependency_facts(bench: Workbench, texts: dict[str, str]) -> dict[str, JsonValue]:
    """Return the dependencies that requirement files add relative to main, with their licences."""
    before = {name: required_before(bench, name) for name in texts}
    installed = [environment_of(bench, bench.workspace, name) for name in texts]
    packages = [package for each in installed if each for package in each.packages]
    # An empty line separates the files, so that a backslash at the end of one does not continue into the next.
    return dependencies("\n\n".join(texts.values()), "\n\n".join(before.values()), packages)


BRANCH = Fact(
    "branch",
    "string",
    lambda sources, arguments: branch_of(sources.bench).removeprefix("refs/heads/"),
    enables="writes_branch",
)
"""The branch that a call writes to or merges."""

PROTECTED = Fact(
    "protected", "boolean", lambda sources, arguments: is_protected(sources.bench, arguments.path)
)
"""Whether the argument `path` is a test that the code agent may not change."""
