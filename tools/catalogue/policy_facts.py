"""Facts that policies judge calls by, found in the repository, the workspace and by scanners."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from tools.projects.dependencies import environment_of, required_before, requirements
from tools.projects.trees import branch_of
from tools.result import Fact, Workbench
from tools.scanners import dependencies, secrets
from tools.test_integrity.protected_tests import is_protected


def file_paths(argument: str) -> tuple[Fact, Fact]:
    """Return the workspace, and where the path in an argument leads; "" if that cannot be resolved."""

    def resolved(bench: Workbench, name: str) -> str:
        try:
            return str((bench.workspace.resolve() / name).resolve())
        except (OSError, ValueError, RuntimeError):
            return ""

    def paths(bench: Workbench, name: str) -> JsonValue:
        return [{"text": name, "resolved": resolved(bench, name)}]

    return (
        Fact("workspace", "string", lambda sources, arguments: str(sources.bench.workspace.resolve())),
        Fact("paths", "array", lambda sources, arguments: paths(sources.bench, getattr(arguments, argument))),
    )


def secrets_in(texts: Callable[..., dict[str, str]]) -> Fact:
    """Return the secrets in what a call would publish; `texts(bench, arguments)` names each text."""

    def records(published: dict[str, str]) -> JsonValue:
        return [{"kind": each.kind, "file": each.file, "line": each.line} for each in secrets(published)]

    return Fact("secrets", "array", lambda sources, arguments: records(texts(sources.bench, arguments)))


def new_dependencies(version: Callable[..., str]) -> Fact:
    """Return what a version requires that main does not; `version(bench, arguments)` is "" for the workspace."""

    def compared(bench: Workbench, commit: str) -> JsonValue:
        return dependency_facts(bench, requirements(bench, commit, fetch=True))

    return Fact(
        "dependencies",
        "object",
        lambda sources, arguments: compared(sources.bench, version(sources.bench, arguments)),
        enables="adds_dependencies",
    )


def dependency_facts(bench: Workbench, texts: dict[str, str]) -> dict[str, JsonValue]:
    """Return what requirement files add relative to main, and under which licences."""
    before = {name: required_before(bench, name) for name in texts}
    installed = [environment_of(bench, bench.workspace, name) for name in texts]
    packages = [package for each in installed if each for package in each.packages]
    return dependencies("\n".join(texts.values()), "\n".join(before.values()), packages)


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
"""Whether `path` is a test that the code agent may not change."""
