"""Stacks: each turns a blueprint into a whole service repository, and says how to run what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from tools.blueprint.model import Blueprint


class Generation(BaseModel):
    """All files of a service, as a pure function of blueprints: no clock, no randomness, no file system."""

    model_config = ConfigDict(frozen=True)

    files: dict[str, str]
    """Path in the repository, with `/`, to text."""
    tests: dict[str, tuple[str, ...]]
    """Criterion id to the pytest node ids that check it, at least one each."""


class Previous(BaseModel):
    """The generation that the next one builds on."""

    model_config = ConfigDict(frozen=True)

    blueprint: Blueprint
    files: dict[str, str]
    """The previous pure generation, not the repository with its hand edits. Its migrations are carried over."""


class Stack(Protocol):
    """One kind of service."""

    name: str

    def generate(self, blueprint: Blueprint, contract: str, previous: Previous | None) -> Generation:
        """Return every file of the service; `contract` is the OpenAPI document as YAML text."""

    def migrate(self, python: Path) -> tuple[str, ...]:
        """Return the argv that brings the database at `DATABASE_URL` up to date, run in the repository."""

    def serve(self, python: Path) -> tuple[str, ...]:
        """Return the argv that serves on the unix socket `SOCKET` or the TCP port `PORT`, run in the repository."""
