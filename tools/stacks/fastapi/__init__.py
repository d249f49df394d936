"""Generates FastAPI services from blueprints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tools.blueprint.model import Blueprint
from tools.stacks import Generation, Previous
from tools.stacks.fastapi.validation import validate


class FastAPIStack:
    """The stack for services built with FastAPI, SQLAlchemy and Alembic."""

    name = "fastapi"

    def generate(self, blueprint: Blueprint, contract: str, previous: Previous | None) -> Generation:
        """Return all files of the service. Raises ToolError if no service can be generated from the blueprint."""
        # Imported here because few commands need templates and black, which are slow to import.
        from tools.stacks.fastapi.repository import repository_files  # noqa: PLC0415
        from tools.stacks.fastapi.suite.generation import test_files  # noqa: PLC0415

        validate(blueprint)
        files = repository_files(blueprint, contract, previous)
        test_sources, tests = test_files(blueprint, contract)
        return Generation(files=dict(sorted((files | test_sources).items())), tests=tests)

    def untestable(self, blueprint: Blueprint, criteria: Iterable[str]) -> frozenset[str]:
        """Return the ids of those criteria for which no test can be generated, such as contradictory ones."""
        from tools.stacks.fastapi.suite.generation import untestable  # noqa: PLC0415

        return untestable(blueprint, criteria)

    def migrate(self, python: Path) -> tuple[str, ...]:
        """Return the command to run in the repository to migrate the database at `DATABASE_URL`."""
        return (str(python), "-m", "alembic", "upgrade", "head")

    def serve(self, python: Path) -> tuple[str, ...]:
        """Return the command to run in the repository to serve on the Unix socket `SOCKET` or TCP port `PORT`."""
        return (str(python), "-m", "app")
