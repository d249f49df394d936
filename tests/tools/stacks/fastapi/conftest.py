"""Services made of the blueprints, running once for all tests that leave their data alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.tools.stacks.fastapi import blueprints, services
from tools.blueprint.model import Blueprint

PINS = Path(services.__file__).parents[4] / "tools" / "stacks" / "fastapi" / "pins"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python with what a service and its tests need."""
    folder = tmp_path_factory.mktemp("service") / "env"
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    found = folder / "bin" / "python"
    pins = PINS / "requirements-dev.txt"
    install = [uv, "pip", "install", "--quiet", "--no-build", "--no-deps", "--python", found, "-r", pins]
    subprocess.run(install, check=True)
    return found


@pytest.fixture(scope="session")
def sockets() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="s"))
    yield folder
    shutil.rmtree(folder)


Make = Callable[[Blueprint], Path]


@pytest.fixture(scope="session")
def made(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Write a blueprint's service and bring its database up to date, once each."""
    folders: dict[int, Path] = {}

    def make(blueprint: Blueprint) -> Path:
        if id(blueprint) not in folders:
            folder = services.write(services.generate(blueprint), tmp_path_factory.mktemp("made"))
            (folder / "tests").mkdir(exist_ok=True)
            (folder / "tests" / "__init__.py").touch()
            services.migrate(python, folder, "sqlite:///test.db")
            folders[id(blueprint)] = folder
        return folders[id(blueprint)]

    return make


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Give the URL of an empty database of one kind, then of the other where there is a server to start."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("databases")
        return lambda name: f"sqlite:///{folder}/{name}.db"
    found: Callable[[str], str] = request.getfixturevalue("postgresql")
    return found


@pytest.fixture(scope="session")
def postgresql(sockets: Path) -> Iterator[Callable[[str], str]]:
    """Start a PostgreSQL server, as the user that root must become for it."""
    program = services.postgresql_programs()
    if program is None:
        pytest.skip("PostgreSQL is not there: apt-get install postgresql")
    with services.postgresql(program, sockets / "pg") as make:
        yield make


@pytest.fixture(scope="session")
def shop_service(
    python: Path, made: Make, sockets: Path, databases: Callable[[str], str]
) -> Iterator[services.Service]:
    """The running shop."""
    with _fresh(python, made(blueprints.SHOP), databases("shop"), sockets) as service:
        yield service


@pytest.fixture(scope="session")
def types_service(
    python: Path, made: Make, sockets: Path, databases: Callable[[str], str]
) -> Iterator[services.Service]:
    """The running service with a field of each type."""
    with _fresh(python, made(blueprints.TYPES), databases("types"), sockets) as service:
        yield service


@pytest.fixture(scope="session")
def odd_service(
    python: Path, made: Make, sockets: Path, databases: Callable[[str], str]
) -> Iterator[services.Service]:
    """The running service with odd rules."""
    with _fresh(python, made(blueprints.ODD), databases("odd"), sockets) as service:
        yield service


@contextmanager
def _fresh(python: Path, folder: Path, database: str, sockets: Path) -> Iterator[services.Service]:
    services.migrate(python, folder, database)
    with services.running(python, folder, database, sockets) as service:
        yield service


@pytest.fixture
def shop(shop_service: services.Service) -> Iterator[httpx.Client]:
    """A client of the shop."""
    with shop_service.client() as client:
        yield client


@pytest.fixture
def types(types_service: services.Service) -> Iterator[httpx.Client]:
    """A client of the service with a field of each type."""
    with types_service.client() as client:
        yield client


@pytest.fixture
def admin() -> dict[str, str]:
    """Headers of an admin."""
    return {"Authorization": f"Bearer {services.token(roles=['admin'])}"}
