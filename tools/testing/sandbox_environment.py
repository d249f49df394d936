"""The environment of commands in the sandbox: their variables, paths and programs, with downloads disabled."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.environments.install import Environment
from tools.git import remove
from tools.sandbox.filesystem import search_path
from tools.testing.sandbox_runner import Project
from tools.testing.test_command import text_of, toml_of, within

_LOOKED_FOR = ("go", "node", "npm", "npx", "make", "cc", "cargo", "java", "ruby", "sh", "bash", "sed", "awk")
_SHOWN = ("/usr/", "/bin/", "/nix/store/")
"""Locations of programs that are visible in every sandbox."""


@dataclass(frozen=True)
class SandboxEnvironment:
    """Variables and paths that a sandboxed command needs."""

    variables: dict[str, str]
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]


def sandbox_environment(folder: Path, scratch: Path, python: Environment | None) -> SandboxEnvironment:
    """Return the environment for a program started in a folder; `scratch` holds the caches of compilers.

    The environment's Python comes first on the search path, the folder and its `src` are importable, and downloads
    are disabled.
    """
    build = scratch / "build"
    build.mkdir(parents=True, exist_ok=True)
    paths = [str(each) for each in (*import_roots(folder), _about(folder, build))]
    places = [str(python.folder / "bin")] if python else []
    places += [search_path(), *_elsewhere()]
    variables = {
        "PATH": os.pathsep.join(places),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "",
        "GOCACHE": str(build / "go"),
        "npm_config_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "NO_COLOR": "1",
        "CI": "1",
    }
    readable = (folder, python.folder) if python else (folder,)
    return SandboxEnvironment(variables=variables, readable=readable, writable=(build,))


def uninstalled_project(workspace: Path) -> Project:
    """Return the import roots, name and version of a project that is tested without being installed."""
    project = within(toml_of(text_of(workspace, "pyproject.toml")), "project")
    name, version = within(project, "name"), within(project, "version")
    plain = isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name)
    return Project(
        roots=tuple(each.relative_to(workspace).as_posix() for each in import_roots(workspace)),
        name=str(name) if plain else "",
        version=version if isinstance(version, str) and re.fullmatch(r"[0-9][\w.+!]{0,50}", version) else "0",
    )


def import_roots(folder: Path) -> tuple[Path, ...]:
    """Return the folders from which a repository's own packages are imported."""
    source = folder / "src"
    return (source, folder) if source.is_dir() and not source.is_symlink() else (folder,)


def available_programs(python: Environment | None) -> list[str]:
    """Return the names of the programs that a command can use, those of the environment first."""
    own = sorted(each.name for each in (python.folder / "bin").iterdir()) if python else ["python3"]
    own = [each for each in own if each.startswith("py") and not each.startswith("pydoc")]
    places = os.pathsep.join([search_path(), *_elsewhere()])
    return [*own, *(each for each in _LOOKED_FOR if shutil.which(each, path=places))]


def strip_paths(text: str, *folders: Path) -> str:
    """Return a text with paths made relative to the given folders, whose locations vary between runs."""
    for each in folders:
        text = text.replace(f"{each}/", "").replace(str(each), ".")
    return text


def _about(folder: Path, build: Path) -> Path:
    """Create and return a folder with the metadata of a project that is not installed, such as its version."""
    place = build / "about"
    remove(place)
    place.mkdir()
    project = uninstalled_project(folder)
    if project.name:
        about = place / f"{project.name.replace('-', '_')}-{project.version}.dist-info"
        about.mkdir()
        text = f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n"
        (about / "METADATA").write_text(text)
    return place


def _elsewhere() -> list[str]:
    """Return other folders of this machine that contain programs and are visible in every sandbox."""
    found = (shutil.which(name) for name in ("go", "node", "npm"))
    return list(dict.fromkeys(str(Path(each).parent) for each in found if each and each.startswith(_SHOWN)))
