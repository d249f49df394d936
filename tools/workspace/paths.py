"""Resolution of paths within a workspace."""

from __future__ import annotations

from pathlib import Path


def inside(workspace: Path, name: str) -> Path | None:
    """Return the resolved path, following links, or None if it is outside the workspace or inside a `.git`."""
    root = workspace.resolve()
    try:
        path = (root / name).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        return None
    return path
