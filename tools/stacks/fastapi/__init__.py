"""Blueprint -> a whole FastAPI service."""

from __future__ import annotations

from pathlib import Path

from tools.blueprint.model import Blueprint
from tools.stacks import Generation, Previous
from tools.stacks.fastapi.validation import check


class FastAPIStack:
    """Services of FastAPI, SQLAlchemy and Alembic."""

    name = "fastapi"

    def generate(self, blueprint: Blueprint, contract: str, previous: Previous | None) -> Generation:
        """Return every file of the service; raise ToolError for a blueprint that cannot be made into one."""
        # Templates and black are needed by few commands.
        from tools.stacks.fastapi.repository import repository_files  # noqa: PLC0415
        from tools.stacks.fastapi.suite.generation import test_files  # noqa: PLC0415

        check(blueprint)
        files = repository_files(blueprint, contract, previous)
        test_sources, tests = test_files(blueprint, contract)
        return Generation(files=dict(sorted((files | test_sources).items())), tests=tests)

    def migrate(self, python: Path) -> tuple[str, ...]:
        """Return the argv that brings the database at `DATABASE_URL` up to date, run in the repository."""
        return (str(python), "-m", "alembic", "upgrade", "head")

    def serve(self, python: Path) -> tuple[str, ...]:
        """Return the argv that serves on the unix socket `SOCKET` or the TCP port `PORT`, run there."""
        return (str(python), "-m", "app")
