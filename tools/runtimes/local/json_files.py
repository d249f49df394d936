"""Reads small JSON documents from files, and replaces them atomically."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from tools.workspace.atomic_write import write_atomically

Document = TypeVar("Document", bound=BaseModel)


def read(path: Path, kind: type[Document]) -> Document | None:
    """Return the document in a file, or None if there is no file; raises ValidationError if it is invalid."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return kind.model_validate_json(content)


def write(path: Path, document: BaseModel) -> None:
    """Write a document, including its secrets, atomically to a file of mode 0600."""
    write_atomically(path, document.model_dump_json(context={"secrets": "shown"}))
