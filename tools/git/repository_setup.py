"""Opening or creating a repository, and rejecting any whose state would make later operations fail."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tools.errors import RepositoryError
from tools.git.command import Command, execute, plain_environment, require_version
from tools.git.identity import agent, read_person
from tools.git.merge_to_main import finish_landing
from tools.git.repository import Repository
from tools.git.working_tree import dirty_files
from tools.redaction import Redactor
from tools.workspace.atomic_write import write_atomically
from tools.workspace.walk import walk

_NEW_BASE = "main"
"""Name of the first branch of a new repository."""
_BASE = "base"
"""Name of the file in the view that holds the branch that stories are merged into."""
_UNFINISHED = {
    "MERGE_HEAD": ("merge", "git merge --continue, or git merge --abort"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    "REVERT_HEAD": ("revert", "git revert --continue, or git revert --abort"),
    "rebase-merge": ("rebase", "git rebase --continue, or git rebase --abort"),
    "rebase-apply": ("rebase", "git rebase --continue, or git rebase --abort"),
    "BISECT_LOG": ("bisect", "git bisect reset"),
}


def open_repository(
    folder: Path, private: Path, base: str | None = None, when: datetime | None = None
) -> Repository:
    """Open the repository in a folder, or create one if the folder is missing or empty.

    `private` is a folder of the crew that sandboxes cannot access. A new repository gets an empty initial commit by
    the person, dated `when` (None: now). `base` is the branch that stories are merged into; None means the one that is
    checked out when the crew first opens the repository. Raises RepositoryError with the reason and how to fix it.
    """
    repository = attach_repository(folder, private, base, make=True)
    _refuse_unfinished(repository)
    _start_history(repository, when or datetime.now(UTC))
    finish_landing(repository)
    _refuse_dirty(repository)
    write_atomically(repository.git.view / _BASE, repository.base)
    return repository


def attach_repository(
    folder: Path, private: Path, base: str | None = None, make: bool = False, reads: bool = False
) -> Repository:
    """Open a repository without checking the state of the person's files.

    With `make`, it is created if the folder is missing or empty; with `reads`, the person's name need not be
    configured in git. Raises RepositoryError if the folder is not a usable repository.
    """
    folder = folder.resolve()
    view = private.resolve() / "git" / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    for name in ("empty", "home"):
        (view / name).mkdir(parents=True, exist_ok=True)
    environment = plain_environment(view / "home")
    require_version(
        execute(("version",), environment, folder=view / "empty").stdout.decode("utf-8", "replace")
    )
    git = Command(folder=folder, view=view)
    person = None
    if make and _is_fresh(folder):
        person = read_person({}, git.git_folder, view)
        _initialise(folder, base or _NEW_BASE, environment, view)
    else:
        _refuse_other_kinds(folder)
    settings = _read_settings(git.git_folder / "config", environment, view)
    _refuse_special_files(git.git_folder)
    _refuse_settings(folder, settings)
    opened = (view / "config").exists()
    git.prepare(settings)
    if person is None:
        person = agent("reader") if reads else read_person(settings, git.git_folder, view)
    repository = Repository(folder=folder, base=base or _NEW_BASE, person=person, git=git)
    return repository if base else replace(repository, base=_find_base(repository, make and not opened))


def _find_base(repository: Repository, first: bool) -> str:
    """Return the branch that stories are merged into: the one that was used before, or else that of HEAD.

    Unless the repository is opened for the first time, `main` takes precedence, since the person may meanwhile have
    checked out another branch.
    """
    note, head = repository.git.view / _BASE, repository.head_branch()
    known = [note.read_text()] if note.is_file() else [] if first else [_NEW_BASE]
    names = (*known, *([head.removeprefix("refs/heads/")] if head else []))
    return next(
        (each for each in names if repository.ref(f"refs/heads/{each}")), names[-1] if head else _NEW_BASE
    )


def _is_fresh(folder: Path) -> bool:
    if not folder.exists():
        return True
    if not folder.is_dir():
        raise RepositoryError(f"{folder} is a file. Name a folder for the service's repository.")
    names = {each.name for each in folder.iterdir()}
    outer = _outer_repository(folder)
    if not names and outer is not None:
        raise RepositoryError(
            f"{folder} is an empty folder inside the repository in {outer}, where a new repository would be nested. "
            "Name that repository, a folder outside it, or remove the empty folder if a nested repository is wanted."
        )
    # A `.git` folder without HEAD is left by an interrupted `git init`.
    return not names or (
        names == {".git"} and (folder / ".git").is_dir() and not (folder / ".git/HEAD").exists()
    )


def _initialise(folder: Path, base: str, environment: dict[str, str], view: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    arguments = ("init", "--quiet", "--template=", f"--initial-branch={base}", str(folder))
    done = execute(arguments, environment, folder=view / "empty")
    if done.status != 0:
        raise RepositoryError(f"git could not create a repository in {folder}: {done.stderr}")


def _refuse_other_kinds(folder: Path) -> None:
    if (folder / ".git").is_file():
        raise RepositoryError(
            f"{folder} is a linked worktree or a submodule: its .git is a file. Name the folder of the main "
            f"repository."
        )
    if (folder / ".git" / "HEAD").exists():
        return
    if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
        raise RepositoryError(f"{folder} is a bare repository, without files. Clone it and name the clone.")
    outer = _outer_repository(folder)
    if outer is not None:
        raise RepositoryError(
            f"{folder} is not a repository, but a folder inside the one in {outer}. Name that one, or a "
            f"missing folder, in which a new repository is created."
        )
    raise RepositoryError(
        f"{folder} contains files but is not a git repository. Initialise it (git -C {folder} init -b main, git "
        f"add -A, git commit), or name an empty or missing folder."
    )


def _refuse_special_files(git_folder: Path) -> None:
    """Raise RepositoryError if a git folder contains named pipes or devices: git would wait for them indefinitely."""
    for place, _, others in walk(git_folder):
        for entry in others:
            if entry.is_file(follow_symlinks=False):
                continue
            try:
                mode = entry.stat().st_mode  # of the target, if it is a link
            except OSError:
                continue
            if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                raise RepositoryError(
                    f"{place / entry.name} is a named pipe or a device, not a file of git. Remove it, or clone the "
                    "repository again."
                )


def _outer_repository(folder: Path) -> Path | None:
    return next((each for each in folder.parents if (each / ".git").exists()), None)


def _read_settings(config: Path, environment: dict[str, str], view: Path) -> dict[str, str]:
    """Return the repository's own configuration, which git parses without applying it or following includes."""
    if not config.is_file() or config.stat().st_size > 1_000_000:
        raise RepositoryError(
            f"{config} is not a git configuration file. Restore it, or clone the repository again."
        )
    arguments = ("config", "--file", str(config), "--no-includes", "--null", "--list")
    done = execute(arguments, {**environment, "GIT_DIR": str(view)}, folder=view / "empty")
    if done.status != 0:
        raise RepositoryError(f"git cannot read {config}: {done.stderr}. Fix the line it names.")
    records = (record.partition("\n") for record in done.stdout.decode("utf-8", "replace").split("\0")[:-1])
    # A key without a value means true.
    return {key: value if newline else "true" for key, newline, value in records}


def _refuse_settings(folder: Path, settings: dict[str, str]) -> None:
    if settings.get("core.bare", "").lower() in ("true", "yes", "on", "1"):
        raise RepositoryError(f"{folder} is a bare repository, without files. Clone it and name the clone.")
    if settings.get("extensions.refstorage", "files").lower() != "files":
        raise RepositoryError(
            f"{folder} stores its refs in the reftable format, which is not supported. Convert it: "
            f"git -C {folder} refs migrate --ref-format=files"
        )


def _refuse_unfinished(repository: Repository) -> None:
    for name, (what, cure) in _UNFINISHED.items():
        if (repository.git.git_folder / name).exists():
            raise RepositoryError(f"A {what} is in progress in {repository.folder}. Finish it first: {cure}")


def _start_history(repository: Repository, when: datetime) -> None:
    """Ensure that the base branch has a commit, creating it in an empty repository, or raise RepositoryError."""
    folder, base = repository.folder, repository.base
    head = repository.head_branch()
    if head is None:
        raise RepositoryError(
            f"HEAD of {folder} is detached: no branch is checked out. Check one out: git -C {folder} switch "
            f"{base}"
        )
    if repository.ref(repository.base_ref) is not None:
        return
    if repository.ref(head) is not None:
        raise RepositoryError(
            f"{folder} has no branch {base}, into which stories are merged. Create it: git -C {folder} branch "
            f"{base}"
        )
    if [each.name for each in folder.iterdir()] != [".git"]:
        raise RepositoryError(
            f"{folder} contains files but has no commit yet. Commit them: git -C {folder} add -A && git -C {folder} "
            f"commit"
        )
    if head != repository.base_ref:
        raise RepositoryError(
            f"{folder} has no commit yet, and its first branch would not be {base}. Rename it: "
            f"git -C {folder} symbolic-ref HEAD refs/heads/{base}"
        )
    tree = repository.git.text("mktree")
    commit = repository.commit(tree, (), "Start the repository", repository.person, when, Redactor(()))
    repository.swap(repository.base_ref, commit, None, reason="crew: start the repository")


def _refuse_dirty(repository: Repository) -> None:
    changed = dirty_files(repository)
    if changed:
        few = ", ".join(changed[:5]) + (" ..." if len(changed) > 5 else "")
        folder = repository.folder
        raise RepositoryError(
            f"{folder} has uncommitted changes: {few}. Commit them (git -C {folder} commit -a) "
            f"or stash them (git -C {folder} stash)."
        )
