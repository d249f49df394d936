"""Identities used in commits: the person is the committer, the agents are the authors."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tools.errors import RepositoryError
from tools.git.command import execute, plain_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PERSONAL = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


class Identity(BaseModel, frozen=True):
    """An author or a committer."""

    name: str
    email: str


def agent(role: str) -> Identity:
    """Return the author identity for the commits of a role."""
    return Identity(
        name=f"{role} agent", email=f"{re.sub(r'[^a-z0-9]+', '-', role.lower())}@shipcrew.invalid"
    )


def read_person(local: Mapping[str, str], git_folder: Path, view: Path) -> Identity:
    """Return the identity that git itself would use for the person, or raise RepositoryError.

    `local` is the repository's own configuration, read without its includes. The person's global configuration
    may include files depending on the location of the repository (`includeIf`), so git is told that location.
    """
    name = os.environ.get("GIT_COMMITTER_NAME") or _setting("user.name", local, git_folder, view)
    email = (
        os.environ.get("GIT_COMMITTER_EMAIL")
        or _setting("user.email", local, git_folder, view)
        or os.environ.get("EMAIL", "")
    )
    name, email = _clean(name), _clean(email)
    if not name or not email:
        raise RepositoryError(
            "git does not know your name and email, which commits need. Configure them: "
            'git config --global user.name "Your Name" && git config --global user.email you@example.com'
        )
    return Identity(name=name, email=email)


def _setting(key: str, local: Mapping[str, str], git_folder: Path, view: Path) -> str:
    if local.get(key):
        return local[key]
    environment = plain_environment(view / "home")
    for name in _PERSONAL:
        environment.pop(name, None)
        if name in os.environ:
            environment[name] = os.environ[name]
    if git_folder.is_dir():
        environment["GIT_DIR"] = str(git_folder)
    for scope in ("--global", "--system"):
        done = execute(("config", scope, "--includes", "--get", key), environment, folder=view / "empty")
        if done.status == 0 and done.stdout.strip():
            return done.stdout.decode("utf-8", "replace").strip()
    return ""


def _clean(text: str) -> str:
    # git strips these characters from names; stripping them here makes the result equal what git records.
    return re.sub(r"[<>\x00-\x1f\x7f]", "", text).strip(" .,:;'\"")
