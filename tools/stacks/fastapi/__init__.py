"""Blueprint -> FastAPI service."""

from __future__ import annotations

from pathlib import Path

from tools.blueprint.model import Blueprint
from tools.stacks import Generation, Previous
from tools.stacks.fastapi.validation import validate


class FastAPIStack:
    """Services built with FastAPI, SQLAlchemy and Alembic."""

    name = "fastapi"

    def generate(self, blueprint: Blueprint, contract: str, previous: Previous | None) -> Generation:
        """Return every file of the service. Raises ToolError if the blueprint cannot be generated."""
        # Templates and black are needed by few commands.
        from tools.stacks.fastapi.repository import repository_files  # noqa: PLC0415
        from tools.stacks.fastapi.suite.generation import test_files  # noqa: PLC0415

        validate(blueprint)
        files = repository_files(blueprint, contract, previous)
        test_sources, tests = test_files(blueprint, contract)
        return Generation(files=dict(sorted((files | test_sources).items())), tests=tests)

    def migrate(self, python: Path) -> tuple[str, ...]:
        """Return the command that migrates the database at `DATABASE_URL`, run in the repository."""
        return (str(python), "-m", "alembic", "upgrade", "head")

    def serve(self, python: Path) -> tuple[str, ...]:
        """Return the command that serves on the unix socket `SOCKET` or TCP port `PORT`, run in the repository."""
        return (str(python), "-m", "app")
