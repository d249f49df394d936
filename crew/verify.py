"""Whether the ledger is as it was written: each chain in itself, and against what lies out of its reach."""

from __future__ import annotations

import re
from pathlib import Path

from crew.artifacts import ArtifactStore
from crew.deliveries import Opened, opened
from crew.errors import BadInput
from crew.ledger import Damage, Ledger, Row
from tools.errors import RepositoryError
from tools.repository import anchors, landings


def verify(home: Path, delivery: str | None = None) -> tuple[list[Damage], int]:
    """Return every damage, and how many deliveries were looked at.

    A chain's rows are hashed again; the hash in the merge commit's trailer and the one under the repository's
    `refs/crew/ledger` must be in it; every artifact that a row names must hold what its digest says.
    """
    ledger = Ledger(home / "ledger.db")
    try:
        known = ledger.deliveries_with_rows()
        if delivery and delivery not in known:
            raise BadInput(f"There is no delivery {delivery!r} in this ledger.")
        wanted = [delivery] if delivery else known
        damages = [damage for each in wanted for damage in _verify(home, ledger, each)]
        if delivery is None:
            damages += _vanished(home, ledger, known)
        return damages, len(wanted)
    finally:
        ledger.close()


def _verify(home: Path, ledger: Ledger, delivery: str) -> list[Damage]:
    damage = ledger.verify(delivery)
    if damage:
        return [damage]
    rows = ledger.rows(delivery)
    about = opened(ledger, delivery)
    return [*_against_repository(home, about, rows), *_against_artifacts(home, rows)]


def _against_repository(home: Path, about: Opened, rows: list[Row]) -> list[Damage]:
    hashes = {row.hash: row.number for row in rows}
    found = []
    try:
        named = anchors(about.repository, home).get(about.delivery, "")
        merged = landings(about.repository, home).get(about.delivery, "")
    except RepositoryError:
        # Nothing to compare with; a delivery that failed on its repository ends like this.
        named, merged = "", ""
    if merged and merged not in hashes:
        found.append(
            _cut(about.delivery, len(rows), "its merge commit's trailer names a row that is not there")
        )
    if match := re.fullmatch(r"(\d+) (sha256:[0-9a-f]{64})", named):
        number, head = int(match[1]), match[2]
        if len(rows) < number:
            found.append(_cut(about.delivery, len(rows), f"it had {number} rows when it was closed"))
        elif hashes.get(head) != number:
            found.append(
                Damage(
                    delivery=about.delivery, row=number, what=f"row {number} is not the one anchored in git"
                )
            )
    elif any(row.kind == "closed" for row in rows) and merged:
        found.append(_cut(about.delivery, len(rows), "it is closed, and its anchor in git is gone"))
    return found


def _cut(delivery: str, rows: int, why: str) -> Damage:
    return Damage(delivery=delivery, row=rows + 1, what=f"the rows after row {rows} are missing: {why}")


def _against_artifacts(home: Path, rows: list[Row]) -> list[Damage]:
    store = ArtifactStore(home / "artifacts")
    for row in rows:
        named = row.body.get("artifacts")
        for digest in named if isinstance(named, list) else []:
            try:
                store.get(str(digest))
            except KeyError as error:
                what = f"row {row.number} names an artifact that is gone or changed: {error.args[0]}"
                return [Damage(delivery=row.delivery, row=row.number, what=what)]
    return []


def _vanished(home: Path, ledger: Ledger, known: list[str]) -> list[Damage]:
    """Return deliveries that a repository still holds an anchor of, and the ledger no row."""
    repositories = {opened(ledger, each).repository for each in known if ledger.verify(each) is None}
    found = []
    for repository in sorted(repositories):
        try:
            named = {**anchors(repository, home), **landings(repository, home)}
        except RepositoryError:
            continue
        for delivery in sorted(set(named) - set(known)):
            found.append(
                Damage(
                    delivery=delivery, row=1, what=f"{repository} knows it, and the ledger has no row of it"
                )
            )
    return found
