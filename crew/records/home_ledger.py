"""The ledger of a home: how it is opened and identified."""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from crew.errors import LedgerDamaged
from crew.known_secrets import redactor_of
from crew.records.ledger import Ledger

ID = "ledger.id"
_ID = re.compile(r"l-[0-9a-f]{16}")
ANY = "any delivery"
OPENING = "opening"
"""Name of the lease for opening deliveries; it is never the id of a delivery, as those end in random digits."""


@contextmanager
def open_ledger(home: Path, *, damaged: bool = False) -> Iterator[Ledger]:
    """Open the ledger of a home for the duration of the block, with a redactor that knows the home's secrets.

    Raises LedgerDamaged if whole deliveries are missing, unless `damaged` is true.
    """
    with closing(Ledger(home / "ledger.db", redactor_of(home))) as ledger:
        if not damaged:
            require_deliveries(ledger)
        yield ledger


def require_deliveries(ledger: Ledger) -> None:
    """Raise LedgerDamaged if the ledger has no rows of deliveries that were begun in its home."""
    lost = lost_deliveries(ledger)
    if not lost:
        return
    home = ledger.home.resolve()
    raise LedgerDamaged(
        f"{home / 'ledger.db'} is damaged: it was emptied, replaced or cut, and has no rows of {', '.join(lost)}. "
        f"Restore it from a backup; `crew ledger verify --home {shlex.quote(str(home))}` names what is missing. To "
        "start over without these records, use another home: --home FOLDER."
    )


def lost_deliveries(ledger: Ledger) -> list[str]:
    """Return the deliveries that were begun in a ledger's home but have no row in the ledger.

    If an empty ledger is known to have had rows, but not of which deliveries, the list contains only `ANY`.
    """
    known = set(ledger.deliveries_with_rows())
    begun = {path.stem for path in (ledger.home / "leases").glob("*.lock")} - {OPENING}
    lost = sorted(begun - known)
    # The id is created when the first delivery is continued.
    return lost or ([ANY] if not known and (ledger.home / ID).exists() else [])


def ledger_id(home: Path) -> str:
    """Return the id that distinguishes a home's ledger from those of other homes in a repository.

    The id is created if missing, and stored outside the ledger's file so that it survives damage to it. Raises
    LedgerDamaged if the file contains no id.
    """
    path = home / ID
    if not path.exists():
        fresh = path.with_name(f"ledger.id.{secrets.token_hex(4)}")
        fresh.write_text(f"l-{secrets.token_hex(8)}\n")
        try:
            os.link(fresh, path)  # atomic: the first process wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if not (name := stored_id(home)):
        raise LedgerDamaged(
            f"{path} is damaged: it contains no id such as l-0123456789abcdef. `crew ledger verify --home "
            f"{shlex.quote(str(home.resolve()))}` finds the id in the repositories and prints the command that "
            "restores it."
        )
    return name


def stored_id(home: Path) -> str:
    """Return the id of a home's ledger, or "" if its file is missing or damaged."""
    try:
        text = (home / ID).read_text(errors="replace").strip()
    except FileNotFoundError:
        return ""
    return text if _ID.fullmatch(text) else ""
