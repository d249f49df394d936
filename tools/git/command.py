"""The only module that runs git.

A repository's `.git/config`, hooks and attributes can name commands that git runs. Overriding each setting would
miss those added by new releases of git, so git never sees them. It is run on a *view* instead: a separate git folder
with the crew's own config, in which only objects, refs and reflogs are links into the repository. Hooks, filters,
drivers, aliases, fsmonitor, includes and remotes exist only as configuration, so the view has none.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import RepositoryError
from tools.workspace.atomic_write import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping


OLDEST = (2, 38)
"""The oldest supported version of git, the first with `merge-tree --write-tree`."""

LONGEST_SECONDS = 600
"""Time limit for a git command: one that reads a named pipe, for example, would never end."""
_TIMED_OUT = (124, 137)
"""Exit codes of timeout(1): the command was terminated, or killed."""

_LINKS = ("objects", "refs", "logs", "packed-refs", "shallow")

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\tattributesFile = /dev/null
\texcludesFile = /dev/null
\tlogAllRefUpdates = true
\tprotectHFS = true
\tprotectNTFS = true
\tquotePath = false
\tsafecrlf = false
{kept}[protocol]
\tallow = never
[submodule]
\trecurse = false
[diff]
\tignoreSubmodules = all
\tmnemonicPrefix = false
\tnoprefix = false
[merge]
\tconflictStyle = merge
\tdirectoryRenames = false
[advice]
\tgraftFileDeprecated = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[commit]
\tgpgSign = false
{extensions}"""

_KEPT = {
    "core.filemode": {"true", "false"},
    "core.ignorecase": {"true", "false"},
    "core.precomposeunicode": {"true", "false"},
    "core.symlinks": {"true", "false"},
    "core.autocrlf": {"true", "false", "input"},
    "core.eol": {"lf", "crlf", "native"},
}
"""Settings that determine how files are stored on disk; without them, a clean working tree could look dirty."""


@dataclass(frozen=True)
class Output:
    """The result of a git command."""

    status: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True)
class Command:
    """The git command line for one repository, run through a view."""

    folder: Path
    """The repository's working tree."""
    view: Path
    """The separate git folder that git uses instead of `.git`, outside the repository and inaccessible to sandboxes."""

    @property
    def git_folder(self) -> Path:
        """The repository's own `.git`."""
        return self.folder / ".git"

    @property
    def own_index(self) -> Path:
        """The index of the person's working tree."""
        return self.git_folder / "index"

    def prepare(self, settings: Mapping[str, str]) -> None:
        """Create or update the view; most of `settings`, the configuration of the repository, is ignored."""
        for name in ("empty", "home", "info"):
            (self.view / name).mkdir(parents=True, exist_ok=True)
        (self.git_folder / "logs").mkdir(exist_ok=True)
        for name in _LINKS:
            _link(self.git_folder / name, self.view / name)
        _link(self.git_folder / "info" / "exclude", self.view / "info" / "exclude")
        kept = "".join(
            f"\t{key.removeprefix('core.')} = {value}\n"
            for key, allowed in _KEPT.items()
            if (value := settings.get(key, "").lower()) in allowed
        )
        sha256 = settings.get("extensions.objectformat", "").lower() == "sha256"
        extensions = "[extensions]\n\tobjectFormat = sha256\n" if sha256 else ""
        _write(self.view / "config", _CONFIG.format(version=int(sha256), kept=kept, extensions=extensions))
        self.point_head("refs/heads/main")

    def point_head(self, branch: str) -> None:
        """Point the view's HEAD at a branch; only status and reflogs use it."""
        _write(self.view / "HEAD", f"ref: {branch}\n")

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        index: Path | None = None,
        work_tree: Path | None = None,
        identities: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run git and return its output. Raises RepositoryError if the exit code is not zero."""
        done = self.attempt(*arguments, stdin=stdin, index=index, work_tree=work_tree, identities=identities)
        if done.status != 0:
            raise RepositoryError(f"git {arguments[0]} failed in {self.folder}: {done.stderr or done.status}")
        return done.stdout

    def text(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> str:
        """Run git and return its output as text, stripped of surrounding whitespace."""
        return self.run(*arguments, stdin=stdin, index=index).decode("utf-8", "replace").strip()

    def attempt(
        self,
        *arguments: str,
        stdin: bytes = b"",
        index: Path | None = None,
        work_tree: Path | None = None,
        identities: Mapping[str, str] | None = None,
    ) -> Output:
        """Run git in the view and return the result, whatever the exit code.

        `index` defaults to a file that does not exist and `work_tree` to an empty folder, so that no attributes of
        a working tree apply.
        """
        work_tree = work_tree or self.view / "empty"
        environment = {
            **plain_environment(self.view / "home"),
            "GIT_DIR": str(self.view),
            "GIT_WORK_TREE": str(work_tree),
            "GIT_INDEX_FILE": str(index or self.view / "no-index"),
            **(identities or {}),
        }
        return execute(arguments, environment, folder=work_tree, stdin=stdin)


def execute(
    arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path, stdin: bytes = b""
) -> Output:
    """Run git with this environment only, plus a minimal PATH. Raises RepositoryError if it does not end.

    GitPython can only extend the inherited environment, hence `env -i`.
    """
    git = shutil.which("git")
    cleaner, limiter = shutil.which("env"), shutil.which("timeout")
    if git is None or cleaner is None or limiter is None:
        raise RepositoryError("git is not installed. Install git 2.38 or newer.")
    try:
        from git.cmd import Git  # noqa: PLC0415  importing GitPython runs git
    except ImportError as error:
        raise RepositoryError(f"git does not start: {error}. Install git 2.38 or newer.") from error
    assignments = [f"{name}={value}" for name, value in {"PATH": _path(git), **environment}.items()]
    with tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        status, stdout, stderr = Git(folder).execute(
            [cleaner, "-i", *assignments, limiter, "-k", "5", str(LONGEST_SECONDS), git, *arguments],
            istream=source,
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            shell=False,
        )
    if status in _TIMED_OUT:
        raise RepositoryError(
            f"git {arguments[0]} did not end within {LONGEST_SECONDS} s. Check whether the repository contains a named "
            "pipe or is on a file system that does not respond."
        )
    return Output(status=status, stdout=stdout, stderr=stderr.strip())


def require_version(printed: str) -> None:
    """Raise RepositoryError if git is too old according to `printed`, the output of `git version`."""
    numbers = printed.split()[2].split(".") if printed.startswith("git version ") else []
    version = tuple(int(number) for number in numbers[:2] if number.isdigit())
    if version < OLDEST:
        raise RepositoryError(
            f"This is {printed.strip() or 'not git'}: git 2.38 or newer is required to merge without a working "
            "tree. Install a newer git."
        )


def plain_environment(home: Path) -> dict[str, str]:
    """Return the environment for running git outside any repository, without user or system settings."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": "/dev/null",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_DEFAULT_HASH": "sha1",
        "GIT_DEFAULT_REF_FORMAT": "files",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "SSH_ASKPASS": "false",
        "GIT_SSH_COMMAND": "false",
        "GIT_EDITOR": "false",
        "GIT_SEQUENCE_EDITOR": "false",
        "GIT_PAGER": "cat",
    }


def _path(git: str) -> str:
    return os.pathsep.join(dict.fromkeys([str(Path(git).parent), "/usr/bin", "/bin"]))


def _link(target: Path, link: Path) -> None:
    if link.is_symlink() and os.readlink(link) == str(target):  # noqa: PTH115  compares the link itself
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        write_atomically(path, text)
