"""A content-addressed store for documents, diffs, reports and logs."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from crew.records.canonical_json import digest
from tools.redaction import Redactor
from tools.workspace.atomic_write import write_atomically

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class ArtifactStore:
    """A folder of write-once files, named by digest as `ab/cdef...` and shared by all deliveries of a home."""

    def __init__(self, folder: Path, redact: Redactor) -> None:
        self._folder = folder
        self._redact = redact

    @property
    def home(self) -> Path:
        """The home folder that the store belongs to."""
        return self._folder.parent

    def with_redactor(self, redact: Redactor) -> ArtifactStore:
        """Return this store with the redactor of a delivery, which knows the secrets of its service."""
        return ArtifactStore(self._folder, redact)

    def put(self, content: bytes) -> str:
        """Redact and durably store the bytes, and return the digest of what was stored.

        Storing the same bytes again has no effect.
        """
        content = self._clean(content)
        name = digest(content)
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        return name

    def get(self, name: str) -> bytes:
        """Return the bytes with the given digest.

        Raises KeyError if they are not in the store, or if the file no longer matches its digest.
        """
        if not _DIGEST.fullmatch(name):
            raise KeyError(name)
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(name) from error
        if digest(content) != name:
            raise KeyError(f"{name}: the file was changed")
        return content

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(_DIGEST.fullmatch(name)) and self._path(name).exists()

    def _clean(self, content: bytes) -> bytes:
        clean = self._redact.bytes(content)
        if clean != content:
            with suppress(ValueError):
                # What looks like a secret in the raw text may span two strings of the JSON document.
                document = json.loads(content)
                redacted = self._redact(document)
                return content if redacted == document else json.dumps(redacted).encode()
        return clean

    def _path(self, name: str) -> Path:
        text = name.removeprefix("sha256:")
        return self._folder / text[:2] / text[2:]
