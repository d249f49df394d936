"""The tool that installs a service's dependencies, and where the environments are found again."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tools import pins
from tools.counting import counted
from tools.environments import Environment, find, install
from tools.errors import EnvironmentFailed
from tools.foreign import is_foreign
from tools.repository import repository, shown
from tools.result import Tool, ToolResult, Workbench

SERVICE = "requirements.txt"
TESTS = "requirements-dev.txt"


class InstallDependencies(BaseModel):
    """Install the pinned dependencies of the service and of its tests: wheels only, nothing of theirs
    runs."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(default="", description='Commit to install for; "" means the workspace.')


def install_dependencies(bench: Workbench, arguments: InstallDependencies) -> ToolResult:
    """Return how many packages are there now; a place that lacks one, or the network, is a result."""
    if is_foreign(bench) and pins.kept(bench, arguments.version) is None:
        said = "It is not known yet which packages the repository needs; call install_dependencies again."
        return ToolResult(ok=False, code="not_installed", summary=said)
    texts = requirements(bench, arguments.version)
    if not texts and is_foreign(bench):
        said = "The repository asks for no Python package, so nothing is installed; go on with run_tests."
        return ToolResult(ok=True, code="nothing_to_install", summary=said, data={"packages": 0})
    if not texts:
        said = f"There is no {SERVICE}, so there is nothing to install."
        return ToolResult(ok=False, code="not_found", summary=said)
    packages: set[str] = set()
    for text in texts.values():
        try:
            made = install(bench.sandbox, text, bench.cache)
        except EnvironmentFailed as error:
            return ToolResult(ok=False, code="not_installed", summary=str(error))
        packages |= {f"{each.name}=={each.version}" for each in made.packages}
    names = " and ".join(texts)
    said = (
        f"{counted(len(packages), 'package')} of {names} {'is' if len(packages) == 1 else 'are'} installed."
    )
    return ToolResult(ok=True, code="ok", summary=said, data={"packages": len(packages)})


def requirements(bench: Workbench, version: str = "", *, fetch: bool = False) -> dict[str, str]:
    """Return the requirement files of the workspace, or of a commit, by name.

    For a repository that the crew did not make, the one text is the pins that its requirements resolve to. With
    `fetch` they are resolved if they are not known yet, which may raise EnvironmentFailed; without, none are
    returned then.
    """
    if is_foreign(bench):
        known = pins.resolved(bench, version) if fetch else pins.kept(bench, version)
        return {pins.NAME: known} if known else {}
    held = repository(bench) if version else None
    found: dict[str, str] = {}
    for name in (SERVICE, TESTS):
        if held is not None:
            content = held.show(version, name)
        else:
            path = bench.workspace / name
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        if content is not None:
            found[name] = content.decode("utf-8", "replace")
    return found


def required_before(bench: Workbench, name: str) -> str:
    """Return what a text of `requirements` says on the main branch; "" where there is none."""
    if name == pins.NAME:
        held = repository(bench)
        return pins.kept(bench, held.required(held.base_ref)) or ""
    return shown(bench, name) or ""


def tests_environment(bench: Workbench) -> Environment | None:
    """Return the environment in which the workspace's tests run, or None if it is not installed."""
    if not is_foreign(bench):
        return environment_of(bench, bench.workspace)
    known = pins.kept(bench)
    return find(known, bench.cache) if known else None


def environment_of(bench: Workbench, folder: Path, name: str = TESTS) -> Environment | None:
    """Return the environment of a folder's requirement file, or None if it is not installed."""
    if name == pins.NAME:
        return tests_environment(bench)
    path = folder / name
    return find(path.read_text(), bench.cache) if path.is_file() and not path.is_symlink() else None


def toolbox(bench: Workbench) -> Environment:
    """Return the environment of the tools that judge code, from the crew's own pins, installing it if need
    be."""
    pins = resources.files("tools").joinpath("toolbox.txt").read_text()
    return install(bench.sandbox, pins, bench.cache)


TOOLS = (
    # Environments are keyed by the digest of what is in them: installing again finds them.
    Tool(
        name="install_dependencies",
        effect="network",
        arguments=InstallDependencies,
        run=install_dependencies,
    ),
)
