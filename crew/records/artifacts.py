"""The artifact store: documents, diffs, reports and logs, each under the digest of its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from crew.records.canonical_json import digest
from tools.workspace.atomic_write import write_atomically

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class ArtifactStore:
    """A folder of write-once files, `ab/cdef...`, shared by all deliveries of a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Store the bytes durably and return their digest; storing them again changes nothing."""
        name = digest(content)
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        return name

    def get(self, name: str) -> bytes:
        """Return the bytes of that digest.

        Raises KeyError if it is not here, or if the file no longer holds what its name says.
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

    def _path(self, name: str) -> Path:
        text = name.removeprefix("sha256:")
        return self._folder / text[:2] / text[2:]


@dataclass(frozen=True)
class RedactingStore:
    """What tools put into a store, without the secrets that were in it."""

    store: ArtifactStore
    redact: Callable[[JsonValue], JsonValue]

    def put(self, content: bytes) -> str:
        """Store the bytes without their secrets, and return the digest of what was stored."""
        text = content.decode("utf-8", "surrogateescape")
        clean = str(self.redact(text))
        if clean == text:
            return self.store.put(content)
        with suppress(ValueError):
            # What looks like one secret may begin in one string and end in another.
            clean = json.dumps(self.redact(json.loads(text)))
        return self.store.put(clean.encode("utf-8", "surrogateescape"))

    def get(self, name: str) -> bytes:
        """Return the bytes of that digest; raises KeyError like the store."""
        return self.store.get(name)
