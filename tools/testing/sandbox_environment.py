"""What programs that a workspace brings find around them in the sandbox: interpreters, paths, no way out."""

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
"""Where programs lie that every sandbox shows."""


@dataclass(frozen=True)
class SandboxEnvironment:
    """What a job needs besides its program."""

    variables: dict[str, str]
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]


def sandbox_environment(folder: Path, scratch: Path, python: Environment | None) -> SandboxEnvironment:
    """Return what a program started in a folder needs; `scratch` keeps what compilers may use again.

    The environment's Python comes first, the folder and its `src` can be imported, and what would download is
    told not to.
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
    """Return what a repository that is not installed offers its tests."""
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
    """Return the programs that a command can be, those of the environment first."""
    own = sorted(each.name for each in (python.folder / "bin").iterdir()) if python else ["python3"]
    own = [each for each in own if each.startswith("py") and not each.startswith("pydoc")]
    places = os.pathsep.join([search_path(), *_elsewhere()])
    return [*own, *(each for each in _LOOKED_FOR if shutil.which(each, path=places))]


def strip_paths(text: str, *folders: Path) -> str:
    """Return a text in which paths are relative to the folders that they lie in: those differ from run to run."""
    for each in folders:
        text = text.replace(f"{each}/", "").replace(str(each), ".")
    return text


def _about(folder: Path, build: Path) -> Path:
    """Return a folder in which Python finds the version of a project that is not installed."""
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
    """Return the folders beyond the usual ones in which this machine keeps programs that sandboxes show."""
    found = (shutil.which(name) for name in ("go", "node", "npm"))
    return list(dict.fromkeys(str(Path(each).parent) for each in found if each and each.startswith(_SHOWN)))
