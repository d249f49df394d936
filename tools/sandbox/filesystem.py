"""Determines which parts of the file system a job can see, for all sandboxes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.errors import JobRefused
from tools.sandbox.git_folders import repositories
from tools.sandbox.model import Job

USER = 1000
"""User id of a job inside its user namespace, mapped to the crew's user; some programs refuse to run as root."""
_OWN = ("dev", "proc", "sys")
"""Top-level folders of the machine that no job may access; a job has its own instances of them, or none."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_SETTINGS = (
    "alternatives",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "protocols",
    "services",
    "ssl/openssl.cnf",
    "timezone",
)
_CERTIFICATES = ("ca-certificates", "pki/ca-trust/extracted", "pki/tls", "ssl/cert.pem", "ssl/certs")
_NAME_SERVICE = ("hosts", "resolv.conf")
_PACKAGES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class View:
    """What a job can see of the file system, as real paths with parents before their contents."""

    system: tuple[tuple[Path, Path], ...]
    """Read-only system files and folders, as pairs of real path and path in the sandbox."""
    links: tuple[tuple[Path, str], ...]
    """Symbolic links in the machine's root folder, such as /bin, with their targets."""
    packages: tuple[Path, ...]
    """Folders of installed Python packages within `system`, to be hidden."""
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    repositories: tuple[Path, ...]
    """Every `.git` in the folders that the job names, to be hidden."""
    listable: tuple[Path, ...] = ()
    """Folders whose entries can be listed but not read, in sandboxes that cannot hide them."""

    @property
    def mounts(self) -> list[tuple[str, str, bool]]:
        """All visible paths, parents first, as tuples of real path, path in the sandbox, and whether it is writable."""
        shown = {path: (real, False) for real, path in self.system}
        shown |= {path: (path, False) for path in self.readable}
        shown |= {path: (path, True) for path in self.writable}
        return [(str(real), str(path), writable) for path, (real, writable) in sorted(shown.items())]

    @property
    def hidden(self) -> list[str]:
        """All paths to hide inside the mounts: installed Python packages and git repositories."""
        return [str(path) for path in (*self.packages, *self.repositories)]


def view(job: Job) -> View:
    """Return what the job may see; raises JobRefused if it names paths that no sandbox allows."""
    if not job.argv or any("\0" in each for each in (*job.argv, *job.environment, *job.environment.values())):
        raise JobRefused(
            "A job needs a program and must not have NUL characters in its arguments or environment."
        )
    writable = _outermost([_checked(path, "writable") for path in job.writable])
    named = [_checked(path, "readable") for path in job.readable]
    readable = _outermost([path for path in named if not _within(path, writable)])
    for each in writable:
        if not each.is_dir():
            raise JobRefused(f"{each} cannot be writable: it is not a folder.")
    folder = Path(os.path.normpath(job.folder))
    if not _within(folder, (*readable, *writable)) or not folder.is_dir():
        raise JobRefused(f"The working folder {job.folder} is not a folder inside those that the job names.")
    return View(
        system=_shown(job.network),
        links=_system()[1],
        packages=_packages(),
        readable=readable,
        writable=writable,
        repositories=repositories((*readable, *writable)),
    )


def own_files(network: bool) -> dict[str, str]:
    """Return the contents of /etc/passwd, /etc/group and, without network, /etc/hosts in a namespace, by path."""
    users = (
        "root:x:0:0::/tmp:/bin/sh",
        f"sandbox:x:{USER}:{USER}::/tmp:/bin/sh",
        "nobody:x:65534:65534::/:/bin/false",
    )
    groups = ("root:x:0:", f"sandbox:x:{USER}:", "nogroup:x:65534:")
    hosts = () if network else ("127.0.0.1 localhost sandbox", "::1 localhost")
    texts = {"/etc/passwd": users, "/etc/group": groups, "/etc/hosts": hosts}
    return {path: "\n".join((*lines, "")) for path, lines in texts.items() if lines}


def base_python() -> Path:
    """Return the real path of the interpreter from which the crew's virtual environment was created."""
    executable: str = getattr(sys, "_base_executable", "") or sys.executable
    return Path(executable).resolve()


@cache
def base_environment() -> dict[str, str]:
    """Return the environment variables that the base interpreter needs to start: LD_LIBRARY_PATH, or none."""
    libraries = os.environ.get("LD_LIBRARY_PATH")
    if not libraries:
        return {}
    command = [str(base_python()), "-I", "-S", "-c", ""]
    bare = subprocess.run(command, env={}, capture_output=True, check=False)  # noqa: S603  our own interpreter
    return {"LD_LIBRARY_PATH": libraries} if bare.returncode else {}


def search_path() -> str:
    """Return the value of a job's PATH environment variable."""
    return os.pathsep.join(dict.fromkeys((str(base_python().parent), "/usr/local/bin", "/usr/bin", "/bin")))


def _checked(path: Path, purpose: str) -> Path:
    plain = Path(os.path.normpath(path))
    if not plain.is_absolute():
        raise JobRefused(f"The {purpose} path {path} is not absolute.")
    if not os.path.lexists(plain):
        raise JobRefused(f"The {purpose} path {path} does not exist.")
    real = plain.resolve()
    if real != plain:
        raise JobRefused(
            f"The {purpose} path {path} leads through a symbolic link to {real}: name the real path."
        )
    if ".git" in plain.parts:
        raise JobRefused(f"The {purpose} path {path} is in a .git folder, which no job may see.")
    if plain == Path("/") or plain.parts[1] in _OWN:
        raise JobRefused(f"No job may access {plain} of this machine.")
    return plain


def _within(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(each) for each in folders)


def _outermost(paths: list[Path]) -> tuple[Path, ...]:
    """Return the sorted paths, without those that lie inside another one."""
    kept: list[Path] = []
    for each in sorted(set(paths)):
        if not _within(each, kept):
            kept.append(each)
    return tuple(kept)


@cache
def _system() -> tuple[tuple[Path, ...], tuple[tuple[Path, str], ...]]:
    """Return the library folders of the system and the base interpreter, and the system's symbolic links."""
    folders = [Path(each) for each in _SYSTEM if Path(each).is_dir() and not Path(each).is_symlink()]
    links = tuple((Path(each), str(Path(each).readlink())) for each in _SYSTEM if Path(each).is_symlink())
    prefixes = [Path(prefix).resolve() for prefix in (sys.base_prefix, sys.base_exec_prefix)]
    prefixes.append(base_python().parent.parent)
    folders += [prefix / name for prefix in prefixes for name in ("bin", "lib", "lib64")]
    return _outermost([each for each in folders if each.is_dir() and not each.is_symlink()]), links


@cache
def _packages() -> tuple[Path, ...]:
    """Return all `site-packages` and `dist-packages` folders of the system and the base interpreter."""
    roots = [*_system()[0], *(Path(each) / "lib" for each in ("/usr", "/usr/local"))]
    patterns = [
        f"{middle}python3*/{name}" for middle in ("", "lib/", "lib64/", "local/lib/") for name in _PACKAGES
    ]
    found = {path for root in roots for pattern in patterns for path in root.glob(pattern)}
    return tuple(sorted(path for path in found if path.is_dir() and not path.is_symlink()))


@cache
def _shown(network: bool) -> tuple[tuple[Path, Path], ...]:
    """Return the system's folders and configuration files to show, including those for the network if requested."""
    names = (*_SETTINGS, *_CERTIFICATES, *_NAME_SERVICE) if network else _SETTINGS
    settings = [path for name in names if (path := Path("/etc", name)).exists()]
    return tuple((path.resolve(), path) for path in (*_system()[0], *settings))
