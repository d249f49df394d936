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
    parser.addoption(
        "--blueprints", type=int, default=10, help="how many random stories are built and tested"
    )
    parser.addoption("--kills", type=int, default=3, help="how often the crash test kills the crew")
    parser.addoption(
        "--update-snapshots", action="store_true", help="write the prompt snapshots, run only their tests"
    )


def pytest_configure() -> None:
    """Give git the identity of the suite, here and in every process that a test starts, in place of the user's."""
    for name in [name for name in os.environ if name.startswith("GIT_") or name == "EMAIL"]:
        del os.environ[name]
    os.environ["GIT_CONFIG_GLOBAL"] = str(Path(__file__).with_name("gitconfig"))
    os.environ["GIT_CONFIG_NOSYSTEM"] = os.environ["GIT_ATTR_NOSYSTEM"] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only the tests of snapshots when those are to be written."""
    if config.getoption("--update-snapshots"):
        config.hook.pytest_deselected(items=[item for item in items if not _has_snapshot(item)])
        items[:] = filter(_has_snapshot, items)


def _has_snapshot(item: pytest.Item) -> bool:
    return "snapshot" in getattr(item, "fixturenames", ())


@pytest.fixture
def snapshot(pytestconfig: pytest.Config) -> Callable[[str, str], None]:
    """Compare a text with the file of this name in tests/prompts/snapshots, or write that file first."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "prompts" / "snapshots" / name
        if pytestconfig.getoption("--update-snapshots"):
            path.write_text(text)
        assert path.read_text() == text, f"{name} has changed: run `make snapshots`, then read the diff"

    return compare


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
        from tools.policy.opa_engine import OpaEngine
        from tools.policy.regopy_engine import RegopyEngine

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
