"""Python source that others wrote, as a syntax tree; it is never run."""

from __future__ import annotations

import ast
import warnings


def parse_python(source: str | bytes) -> ast.Module | None:
    """Return the syntax tree of a module, or None if it cannot be parsed. Warnings are suppressed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def last_name(node: ast.AST) -> str:
    """Return the last part of a name or of what is called: "skip" of `pytest.mark.skip("x")`; "" for anything else."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
