"""Files that control how changes are built, checked or allowed: pipelines, policies, hooks, the crew's settings."""

from __future__ import annotations

import re
import unicodedata

from tools.git import Repository, last_generation
from tools.projects.trees import changes_of, merged_generation, repository
from tools.result import Workbench

_HARMLESS = frozenset({".editorconfig", ".env.example", ".env.sample", ".env.template", ".gitkeep", ".keep"})
"""Hidden files that control nothing. Any other hidden file or folder may contain the settings of a program."""
_CONTROLLING = re.compile(
    r".*\.rego|alembic\.ini|codeowners|crew\.toml|jenkinsfile.*"
    r"|(appveyor|azure-pipeline|bitbucket-pipeline|buildspec|circle|cloudbuild|codemagic|codeship-|lefthook|renovate"
    r"|screwdriver|wercker).*\.(ya?ml|json5?|toml)"
)
"""Pattern of the lower-case names of other files that run elsewhere or that limit what the crew may do."""
_MIGRATION_FOLDERS = ("alembic", "migrations")


def guarding_changes(bench: Workbench, tree: str) -> list[str]:
    """Return the paths of controlling files that a tree changes relative to main, except where generation changes them.

    A file that a person has edited on main is never exempt, even if the tree has its generated content again.
    """
    held = repository(bench)
    main = held.base_commit()
    previous = last_generation(held, main)
    generation = merged_generation(bench) or previous
    before, generated = _controlling(held, main), _controlling(held, generation)
    unedited, after = _controlling(held, previous), _controlling(held, tree)
    return [
        file.path
        for file in changes_of(bench, tree).files
        if is_controlling(file.path)
        and (
            generation is None
            or after.get(file.path) != generated.get(file.path)
            or before.get(file.path) != unedited.get(file.path)
        )
    ]


def _controlling(held: Repository, tree: str | None) -> dict[str, tuple[str, str]]:
    """Return mode and content id of each controlling file of a tree or commit, by path."""
    entries = held.entries(tree) if tree else ()
    return {each.path: (each.mode, each.id) for each in entries if is_controlling(each.path)}


def is_controlling(path: str) -> bool:
    """Return whether a path names a controlling file, in any folder and any spelling that a file system may accept."""
    *folders, name = _folded(path).split("/")
    if any(each.startswith(".") for each in folders):
        return True
    if name.startswith("."):
        return name not in _HARMLESS
    if name in ("env.py", "script.py.mako"):
        return bool(folders) and folders[-1] in _MIGRATION_FOLDERS
    return bool(_CONTROLLING.fullmatch(name))


def _folded(path: str) -> str:
    """Return a path as file systems compare it, ignoring case, Unicode forms, invisible characters and final dots."""
    visible = "".join(
        each for each in unicodedata.normalize("NFKC", path) if unicodedata.category(each) != "Cf"
    )
    return "/".join(each.rstrip(" .") for each in visible.casefold().replace("\\", "/").split("/"))
