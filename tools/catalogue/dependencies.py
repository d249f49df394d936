"""The tool that installs a service's dependencies."""

from __future__ import annotations

from pydantic import BaseModel, Field

from tools.catalogue.policy_facts import new_dependencies
from tools.counting import counted
from tools.environments.install import install
from tools.errors import EnvironmentFailed, TryLater
from tools.projects import pins
from tools.projects.dependencies import SERVICE, requirements
from tools.projects.kind import is_existing_project
from tools.result import Tool, ToolResult, Workbench, failure, success


class InstallDependencies(BaseModel, extra="forbid"):
    """Install the pinned dependencies of the service and its tests, from wheels only; none of their code runs."""

    version: str = Field(default="", description='Commit to install for; "" means the workspace.')


def install_dependencies(bench: Workbench, arguments: InstallDependencies) -> ToolResult:
    """Install the requirements and return the number of packages; a missing package is a failure.

    Raises IndexUnreachable, upon which the delivery waits for the package index.
    """
    if is_existing_project(bench) and pins.stored_pins(bench, arguments.version) is None:
        return failure(
            "not_installed", "The requirements have not been resolved yet; call install_dependencies again."
        )
    texts = requirements(bench, arguments.version)
    if not texts and is_existing_project(bench):
        said = "The repository requires no Python package, so nothing is installed; continue with run_tests."
        return success(said, code="nothing_to_install", packages=0)
    if not texts:
        return failure("not_found", f"The repository has no {SERVICE}, so there is nothing to install.")
    packages: set[str] = set()
    for text in texts.values():
        try:
            made = install(bench.sandbox, text, bench.cache)
        except TryLater:
            raise
        except EnvironmentFailed as error:
            return failure("not_installed", str(error))
        packages |= {f"{each.name}=={each.version}" for each in made.packages}
    names = " and ".join(texts)
    number = counted(len(packages), f"package of {names} is", f"packages of {names} are")
    return success(f"{number} installed.", packages=len(packages))


TOOLS = (
    # Environments are keyed by the digest of their contents, so installing again reuses them.
    Tool(
        "install_dependencies",
        "network",
        InstallDependencies,
        install_dependencies,
        roles=("crew", "code", "testing", "deployment"),
        facts=(new_dependencies(lambda bench, arguments: arguments.version),),
    ),
)
