"""Small JSON documents in files, replaced atomically."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

Document = TypeVar("Document", bound=BaseModel)


def read(path: Path, kind: type[Document]) -> Document | None:
    """Return the document in a file, or None if the file does not exist; raises ValidationError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return kind.model_validate_json(content)


def write(path: Path, document: BaseModel) -> None:
    """Put a document, its secrets shown, into a file of mode 0600, all of it or nothing of it.

    One process at a time may do so.
    """
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(document.model_dump_json(context={"secrets": "shown"}))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
