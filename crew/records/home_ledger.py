"""Open and identify the ledger of a home."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from crew.known_secrets import redactor_of
from crew.records.ledger import Ledger


@contextmanager
def open_ledger(home: Path) -> Iterator[Ledger]:
    """Open the ledger of a home for the duration of the block, with a redactor that knows the home's secrets."""
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        yield ledger


def ledger_id(home: Path) -> str:
    """Return the id that distinguishes a home's ledger from those of other homes in a repository.

    The id is created if missing, and stored outside the ledger's file so that it survives damage to that.
    """
    path = home / "ledger.id"
    if not path.exists():
        fresh = path.with_name(f"ledger.id.{secrets.token_hex(4)}")
        fresh.write_text(f"l-{secrets.token_hex(8)}\n")
        try:
            os.link(fresh, path)  # atomic: the first process wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
