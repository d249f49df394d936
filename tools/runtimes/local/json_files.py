"""Small JSON documents in files, replaced atomically."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from tools.workspace.atomic_write import write_atomically

Document = TypeVar("Document", bound=BaseModel)


def read(path: Path, kind: type[Document]) -> Document | None:
    """Return the document in a file, or None if the file does not exist; raises ValidationError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return kind.model_validate_json(content)


def write(path: Path, document: BaseModel) -> None:
    """Replace a file of mode 0600 atomically with a document, including its secrets."""
    write_atomically(path, document.model_dump_json(context={"secrets": "shown"}))
