"""The ledger of a home: opened with the secrets of the home, and known by an id."""

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
    """Open the ledger of a home for the time of the block."""
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        yield ledger


def ledger_id(home: Path) -> str:
    """Return the id of a home's ledger, by which a repository tells it from those of other homes.

    It is created when missing, and kept outside the ledger's file, so that it outlives what happens to that.
    """
    path = home / "ledger.id"
    if not path.exists():
        fresh = path.with_name(f"ledger.id.{secrets.token_hex(4)}")
        fresh.write_text(f"l-{secrets.token_hex(8)}\n")
        try:
            os.link(fresh, path)  # the first one wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
