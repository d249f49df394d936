"""A project's requirements, and the environments that hold them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from tools.environments.install import Environment, find, install
from tools.projects import pins
from tools.projects.kind import is_existing_project
from tools.projects.trees import repository, text_on_main
from tools.result import Workbench

SERVICE = "requirements.txt"
TESTS = "requirements-dev.txt"


def requirements(bench: Workbench, version: str = "", *, fetch: bool = False) -> dict[str, str]:
    """Return the requirement files of the workspace, or of a commit, by name.

    For an existing project, the only text consists of the pins that its requirements resolve to. If these are not known
    yet, `fetch` resolves them, which may raise EnvironmentFailed; without `fetch`, {} is returned.
    """
    if is_existing_project(bench):
        known = pins.resolve_pins(bench, version) if fetch else pins.stored_pins(bench, version)
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
    """Return the text that a file returned by `requirements` has on main; "" if it does not exist there."""
    if name == pins.NAME:
        held = repository(bench)
        return pins.stored_pins(bench, held.base_commit()) or ""
    return text_on_main(bench, name) or ""


def tests_environment(bench: Workbench) -> Environment | None:
    """Return the environment in which the workspace's tests run, or None if it is not installed."""
    if not is_existing_project(bench):
        return environment_of(bench, bench.workspace)
    known = pins.stored_pins(bench)
    return find(known, bench.cache) if known else None


def environment_of(bench: Workbench, folder: Path, name: str = TESTS) -> Environment | None:
    """Return the environment installed for a folder's requirement file, or None if it is not installed."""
    if name == pins.NAME:
        return tests_environment(bench)
    path = folder / name
    if not path.is_file() or path.is_symlink():
        return None
    return find(path.read_bytes().decode("utf-8", "replace"), bench.cache)


def toolbox(bench: Workbench) -> Environment:
    """Return the environment of the crew's pinned linters and scanners, installing it if needed."""
    pins = resources.files("tools").joinpath("toolbox.txt").read_text()
    return install(bench.sandbox, pins, bench.cache)
