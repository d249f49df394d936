"""Resolution of paths within a workspace, and detection of the aliases that a file may have."""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path

from tools.workspace.walk import is_too_deep


def inside(workspace: Path, name: str) -> Path | None:
    """Return the resolved path, following links.

    Return None if it is outside the workspace, in a `.git` folder, or nested too deeply.
    """
    root = workspace.resolve()
    try:
        if is_too_deep(name):
            return None
        path = (root / name).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        return None
    return path


def alias_key(path: str) -> str:
    """Return a key that is equal for paths that some file systems treat as the same.

    These are paths that differ only in case or in their Unicode normal form.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def unlink_alias(path: Path) -> None:
    """Replace a file with a copy that has only this name, if it also has other names (hard links)."""
    about = path.lstat()
    if about.st_nlink > 1:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
        path.chmod(stat.S_IMODE(about.st_mode))
