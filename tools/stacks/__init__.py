"""The interface of stacks. A stack generates a service's repository from a blueprint and knows how to run it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from tools.blueprint.model import Blueprint


class Generation(BaseModel, frozen=True):
    """All files of a service. They depend only on blueprints, not on the clock, randomness or the file system."""

    files: dict[str, str]
    """Maps paths in the repository, separated by `/`, to the text of each file."""
    tests: dict[str, tuple[str, ...]]
    """Maps the id of each tested criterion to the pytest node ids of its tests, of which there is at least one."""


class Previous(BaseModel, frozen=True):
    """The generation that the next generation builds on."""

    blueprint: Blueprint
    files: dict[str, str]
    """The files as generated, without manual changes. Migrations and custom files are carried over."""


class Stack(Protocol):
    """A technology stack in which services are generated."""

    name: str

    def generate(self, blueprint: Blueprint, contract: str, previous: Previous | None) -> Generation:
        """Return all files of the service; `contract` is the OpenAPI document as YAML text."""

    def untestable(self, blueprint: Blueprint, criteria: Iterable[str]) -> frozenset[str]:
        """Return the ids of those criteria for which `generate` would write no test."""

    def migrate(self, python: Path) -> tuple[str, ...]:
        """Return the command to run in the repository to migrate the database at `DATABASE_URL`."""

    def serve(self, python: Path) -> tuple[str, ...]:
        """Return the command to run in the repository to serve on the Unix socket `SOCKET` or TCP port `PORT`."""
