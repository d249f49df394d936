"""Verify the ledger: its chains, the artifacts that they reference, and their anchors in git."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from crew.errors import BadInput
from crew.known_secrets import redactor_of
from crew.records.artifacts import ArtifactStore
from crew.records.deliveries import ending_of, load_delivery
from crew.records.home_ledger import ledger_id, open_ledger
from crew.records.ledger import Damage, Ledger, Row
from crew.records.rows import ModelReply
from tools.counting import counted
from tools.errors import RepositoryError
from tools.projects.ledger_anchors import anchors, landings, ledgers, opened_under

_ANCHOR = re.compile(r"(\d+) (sha256:[0-9a-f]{64})( \S+)?")


def verify(home: Path, delivery: str | None = None, moved: Collection[Path] = ()) -> tuple[list[Damage], int]:
    """Return all damage, and the number of deliveries that were checked.

    The rows of each chain are hashed again; the chain must contain the hashes in the merge commit's trailer and under
    the repository's `refs/crew/ledger`; every artifact that a row references must match its digest; and every delivery
    of this ledger that a repository knows must have its rows. `moved` lists the new paths of repositories that were
    moved, each of which replaces the recorded repository of the same name.
    """
    places = {each.resolve().name: each.resolve() for each in moved}
    with open_ledger(home) as ledger:
        known = ledger.deliveries_with_rows()
        vanished = [
            each
            for each in _vanished(home, ledger, known, places)
            if delivery is None or each.delivery == delivery
        ]
        if delivery and delivery not in known and not vanished:
            raise BadInput(f"This ledger has no delivery {delivery!r}. `crew status` lists deliveries.")
        wanted = [each for each in known if delivery is None or each == delivery]
        damages = [damage for each in wanted for damage in _verify(home, ledger, each, places)]
        return [*damages, *vanished], len(wanted)


def _verify(home: Path, ledger: Ledger, delivery: str, places: dict[str, Path]) -> list[Damage]:
    damage = ledger.verify(delivery)
    if damage:
        return [damage]
    rows = ledger.rows(delivery)
    recorded = load_delivery(ledger, delivery).repository
    return [
        *_against_repository(home, ledger, places.get(recorded.name, recorded), rows),
        *_against_artifacts(home, rows),
    ]


def _against_repository(home: Path, ledger: Ledger, repository: Path, rows: Sequence[Row]) -> list[Damage]:
    delivery = rows[0].delivery
    ended = ending_of(ledger, delivery)
    landed = bool(ended and ended.version)
    try:
        named = anchors(repository, home).get(delivery, "")
        merged = landings(repository, home).get(delivery, "")
    except RepositoryError as error:
        # A delivery that failed because of its repository has no anchor there to compare with.
        return [
            _damage(rows, f"its repository cannot be read, so a truncated tail would go unnoticed: {error}")
        ] * landed
    hashes = {row.hash: row.number for row in rows}
    if merged and merged not in hashes:
        return [_cut(rows, "its merge commit's trailer names a row that is not there")]
    match = _ANCHOR.fullmatch(named.strip())
    if match is None:
        gone = bool(named) or landed
        return [_damage(rows, f"its anchor, refs/crew/ledger/{delivery}, is gone or changed")] * gone
    number, head = int(match[1]), match[2]
    if len(rows) < number:
        return [_cut(rows, f"it had {counted(number, 'row')} when it was closed")]
    if hashes.get(head) != number:
        what = f"row {number} is not the one anchored in git"
        return [Damage(delivery=delivery, row=number, what=what)]
    return []


def _cut(rows: Sequence[Row], why: str) -> Damage:
    last = rows[-1]
    what = f"the rows after row {last.number} are missing: {why}"
    return Damage(delivery=last.delivery, row=last.number + 1, what=what)


def _damage(rows: Sequence[Row], what: str) -> Damage:
    return Damage(delivery=rows[-1].delivery, row=rows[-1].number, what=what)


def _against_artifacts(home: Path, rows: Sequence[Row]) -> list[Damage]:
    store = ArtifactStore(home / "artifacts", redactor_of(home))
    found = []
    for row in rows:
        for digest in _named(row):
            try:
                store.get(digest)
            except (KeyError, OSError) as error:
                what = f"row {row.number} names an artifact that is gone or changed: {error.args[0]}"
                found.append(Damage(delivery=row.delivery, row=row.number, what=what))
    return found


def _named(row: Row) -> tuple[str, ...]:
    return (row.body.reply,) if isinstance(row.body, ModelReply) else row.body.artifacts


def _vanished(home: Path, ledger: Ledger, known: list[str], places: dict[str, Path]) -> list[Damage]:
    """Return a Damage for each delivery of this ledger that a repository knows but that has no rows."""
    sound = [each for each in known if ledger.verify(each) is None]
    recorded = {*opened_under(home), *(load_delivery(ledger, each).repository for each in sound)}
    repositories = {places.get(each.name, each) for each in recorded}
    ours, found = ledger_id(home), []
    for repository in sorted(repositories):
        try:
            written_in = ledgers(repository, home)
        except RepositoryError:
            continue  # reported with the deliveries whose anchors it should contain
        for delivery, name in sorted(written_in.items()):
            if name == ours and delivery not in known:
                what = f"all its rows are missing: {repository} refers to it, but the ledger has no row of it"
                found.append(Damage(delivery=delivery, row=1, what=what))
    return found
