"""Paths that a call names, resolved within the workspace."""

from __future__ import annotations

from pathlib import Path


def inside(workspace: Path, name: str) -> Path | None:
    """Resolve a path, following links; None if it is outside of the workspace or in a `.git`."""
    root = workspace.resolve()
    try:
        path = (root / name).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        return None
    return path
