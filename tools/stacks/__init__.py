"""Stacks: each generates a service repository from a blueprint, and knows how to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from tools.blueprint.model import Blueprint


class Generation(BaseModel, frozen=True):
    """All files of a service: a pure function of blueprints, independent of clock, randomness and file system."""

    files: dict[str, str]
    """Path in the repository, separated by `/`, to text."""
    tests: dict[str, tuple[str, ...]]
    """Criterion id to the pytest node ids that check it, at least one per criterion."""


class Previous(BaseModel, frozen=True):
    """The generation that the next one builds on."""

    blueprint: Blueprint
    files: dict[str, str]
    """The files as generated, without manual edits in the repository. Migrations are carried over."""


class Stack(Protocol):
    """One kind of service."""

    name: str

    def generate(self, blueprint: Blueprint, contract: str, previous: Previous | None) -> Generation:
        """Return every file of the service; `contract` is the OpenAPI document as YAML text."""

    def migrate(self, python: Path) -> tuple[str, ...]:
        """Return the command that migrates the database at `DATABASE_URL`, run in the repository."""

    def serve(self, python: Path) -> tuple[str, ...]:
        """Return the command that serves on the unix socket `SOCKET` or TCP port `PORT`, run in the repository."""
