"""Resolution of paths within a workspace."""

from __future__ import annotations

from pathlib import Path

from tools.workspace.walk import is_too_deep


def inside(workspace: Path, name: str) -> Path | None:
    """Return the resolved path, following links; None if it is outside the workspace, inside a `.git` or too deep."""
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
