"""Parsing of untrusted Python source into syntax trees, without executing it."""

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
    """Return the last part of a dotted name or a called function: "skip" for `pytest.mark.skip("x")`; otherwise ""."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
