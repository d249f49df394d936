"""The five packages are ours from anywhere, importing them does nothing, and the help is quick."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("crew", "tools", "prompts", "graphs", "evals")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_ours_from_another_folder(package: str, tmp_path: Path) -> None:
    code = f"import {package}; print({package}.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert Path(found.stdout.strip()) == ROOT / package / "__init__.py"


def test_importing_everything_prints_nothing_and_writes_nothing(tmp_path: Path) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not {"templates", "inside", "recordings"} & set(path.parts)
        and path.stem not in {"__main__", "__init__"}
    ]
    code = f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error::SyntaxWarning", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, crew.cli; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"langgraph", "langchain_core", "lark", "lemminflect", "git", "aiohttp", "jinja2"} & set(
        loaded
    )
