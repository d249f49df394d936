"""What several folders of tests need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.policy import PolicyEngine
from tools.policy.source import Source

Build = Callable[[Source], PolicyEngine]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person ask for more than a quick run shows."""
    parser.addoption("--kills", type=int, default=3, help="how often the crash test kills the crew")


@pytest.fixture(scope="session")
def opa_program() -> str:
    """Path of the OPA program, from PATH or from where Go installs it."""
    return _go_program("opa", "github.com/open-policy-agent/opa@v1.19.1")


@pytest.fixture(scope="session")
def oasdiff_program() -> str:
    """Path of the oasdiff program, from PATH or from where Go installs it."""
    return _go_program("oasdiff", "github.com/oasdiff/oasdiff@v1.37.0")


def _go_program(name: str, source: str) -> str:
    places = os.pathsep.join([os.environ.get("PATH", ""), str(Path.home() / "go" / "bin")])
    program = shutil.which(name, path=places)
    if program is None:
        pytest.skip(f"{name} is not there: go install {source}")
    return program


def _engines(program: str) -> Iterator[Build]:
    made: list[PolicyEngine] = []

    def give(source: Source) -> PolicyEngine:
        from tools.policy.in_process import RegopyEngine
        from tools.policy.server import OpaEngine

        made.append(OpaEngine(source, program) if program else RegopyEngine(source))
        return made[-1]

    yield give
    for each in made:
        each.close()


@pytest.fixture
def regopy_only() -> Iterator[Build]:
    """Make regopy engines; they are closed at the end."""
    yield from _engines("")


@pytest.fixture
def opa_only(opa_program: str) -> Iterator[Build]:
    """Make OPA engines; they are closed at the end."""
    yield from _engines(opa_program)


@pytest.fixture(params=["regopy_only", "opa_only"])
def build(request: pytest.FixtureRequest) -> Build:
    """Make engines of one kind, then of the other."""
    made: Build = request.getfixturevalue(request.param)
    return made
