"""The tool that installs a service's dependencies, and where the environments are found again."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tools.environments import Environment, find, install
from tools.errors import EnvironmentFailed
from tools.repository import repository
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
    texts = requirements(bench, arguments.version)
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
    said = f"{len(packages)} packages of {names} are installed."
    return ToolResult(ok=True, code="ok", summary=said, data={"packages": len(packages)})


def requirements(bench: Workbench, version: str = "") -> dict[str, str]:
    """Return the requirement files of the workspace, or of a commit, by name."""
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


def environment_of(bench: Workbench, folder: Path, name: str = TESTS) -> Environment | None:
    """Return the environment of a folder's requirement file, or None if it is not installed."""
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
