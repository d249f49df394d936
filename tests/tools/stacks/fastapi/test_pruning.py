"""A service holds what it uses of the shared modules, and no more."""

from __future__ import annotations

import ast

import pytest

from tests.tools.stacks.fastapi import blueprints
from tests.tools.stacks.fastapi.services import generate
from tools.blueprint.model import Blueprint
from tools.stacks.fastapi.pruning import prune

SMALL = "app/clock.py"
CLOCK = '''"""The time."""

from datetime import UTC, date, datetime
import math

# How far apart.
STEP = 2
"""In seconds."""


def now() -> datetime:
    """Return now."""
    return datetime.now(UTC)


def today() -> date:
    """Return today."""
    return now().date()


# Steps.
def steps(number: float) -> int:
    """Return whole steps."""
    return math.floor(number / STEP)
'''


def test_what_is_named_stays_with_what_it_needs() -> None:
    files = prune({SMALL: CLOCK, "app/main.py": "from app import clock\n\nclock.today()\n"})
    assert "def today" in files[SMALL]
    assert "def now" in files[SMALL]
    for gone in ("steps", "Steps", "STEP", "math", "seconds", "How far"):
        assert gone not in files[SMALL]


def test_names_of_an_import_go_one_by_one() -> None:
    files = prune({SMALL: CLOCK, "app/main.py": "from app.clock import now\n"})
    assert "from datetime import UTC, datetime\n" in files[SMALL]


def test_a_module_of_which_nothing_is_used_is_left_out() -> None:
    assert set(prune({SMALL: CLOCK, "app/main.py": "x = 1\n"})) == {"app/main.py"}


@pytest.mark.parametrize("blueprint", [blueprints.SHOP, blueprints.HOSTILE], ids=["shop", "hostile"])
def test_nothing_unused_is_left_in_a_service(blueprint: Blueprint) -> None:
    files = generate(blueprint).files
    words = {
        path: [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
        + [node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
        for path, text in files.items()
        if path.endswith(".py")
    }
    for path in ("app/arithmetic.py", "app/clock.py", "app/store.py"):
        defined = [
            node.name for node in ast.parse(files.get(path, "")).body if isinstance(node, ast.FunctionDef)
        ]
        for name in defined:
            assert any(name in found for found in words.values()), f"{path}: {name}"
