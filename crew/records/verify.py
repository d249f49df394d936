"""Verification of the ledger: its chains, the artifacts that they reference, and their anchors in git."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from crew.errors import BadInput
from crew.known_secrets import redactor_of
from crew.records.artifacts import ArtifactStore
from crew.records.deliveries import ending_of, load_delivery
from crew.records.home_ledger import ANY, ID, lost_deliveries, open_ledger, stored_id
from crew.records.ledger import Damage, Ledger, Row
from crew.records.rows import Closed, ModelReply
from tools.counting import counted
from tools.errors import RepositoryError
from tools.projects.ledger_anchors import anchors, landings, ledgers, opened_under, parse_anchor

_WHEN = {"ended": "when it was closed", "waiting": "when it began to wait", "running": "when it was resumed"}


def verify(home: Path, delivery: str | None = None, moved: Collection[Path] = ()) -> tuple[list[Damage], int]:
    """Return all damage found, and the number of deliveries that were checked.

    The rows of each chain are hashed again; the chain must contain the hash in the merge commit's trailer and end where
    its anchor under the repository's `refs/crew/ledger` says; every artifact that a row references must match its
    digest; and every delivery of this ledger that a repository knows must have its rows. `moved` lists the new paths
    of repositories that were moved, each of which replaces the recorded repository of the same name.
    """
    places = {each.resolve().name: each.resolve() for each in moved}
    with open_ledger(home, damaged=True) as ledger:
        known = ledger.deliveries_with_rows()
        vanished = [
            each
            for each in _vanished(home, ledger, known, places)
            if delivery is None or each.delivery == delivery
        ]
        if delivery and delivery not in known and not vanished:
            raise BadInput(f"This ledger has no delivery {delivery!r}. `crew status` lists deliveries.")
        wanted = [each for each in known if delivery is None or each == delivery]
        damages = [damage for each in wanted for damage in verify_delivery(home, ledger, each, places)]
        return [*damages, *vanished], len(wanted)


def damage_text(home: Path, damages: Sequence[Damage]) -> str:
    """Return a description of the damage to the records of a home, with the commands that fix it."""
    first = damages[0]
    home = home.resolve()
    where = f"--home {shlex.quote(str(home))}"
    more = f" (and {counted(len(damages) - 1, 'further problem')})" if len(damages) > 1 else ""
    return (
        f"The records of {first.delivery} are damaged: {first.what}{more}. Nothing is built on them. "
        f"`crew ledger verify {where}` lists all damage; restore {home} from a backup, or end the delivery with "
        f"`crew abandon {first.delivery} {where}` and run its story again."
    )


def verify_delivery(
    home: Path, ledger: Ledger, delivery: str, places: dict[str, Path] | None = None
) -> list[Damage]:
    """Return all damage to the rows of a delivery and the artifacts that they reference.

    `places` maps the names of repositories that were moved to their new paths.
    """
    damage = ledger.verify(delivery)
    if damage:
        return [damage]
    recorded = load_delivery(ledger, delivery).repository
    repository = (places or {}).get(recorded.name, recorded)
    return [
        *_against_repository(home, ledger, repository, delivery),
        *_against_artifacts(home, ledger.rows(delivery)),
    ]


def _against_repository(home: Path, ledger: Ledger, repository: Path, delivery: str) -> list[Damage]:
    while True:
        try:
            named = anchors(repository, home).get(delivery, "")
            merged = landings(repository, home).get(delivery, "")
            rows = ledger.rows(delivery)
            damages = _against_anchor(ledger, rows, named, merged)
            # Meanwhile, a process that works on the delivery may have written rows and moved the anchor.
            if not damages or anchors(repository, home).get(delivery, "") == named:
                return damages
        except RepositoryError as error:
            # If a delivery failed because of its repository, the repository contains no anchor to compare with.
            ended = ending_of(ledger, delivery)
            what = f"its repository cannot be read, so a truncated tail would go unnoticed: {error}"
            return [_damage(ledger.rows(delivery), what)] * bool(ended and ended.version)


def _against_anchor(ledger: Ledger, rows: Sequence[Row], named: str, merged: str) -> list[Damage]:
    delivery = rows[0].delivery
    ended = ledger.find(delivery, Closed, "closed")
    if ended and ended.number < len(rows):
        return [_added(rows, ended.number, "the delivery was closed")]
    hashes = [row.hash for row in rows]
    if merged and merged not in hashes:
        return [_cut(rows, "its merge commit's trailer names a row that is not there")]
    known = parse_anchor(named)
    ours = stored_id(ledger.home)
    if known and known.ledger not in ("", "none", ours):
        path = shlex.quote(str(ledger.home.resolve() / ID))
        state = f"names the ledger {ours}" if ours else "is missing or damaged"
        what = f"its anchor names the ledger {known.ledger}, and {ID} {state}"
        return [_damage(rows, f"{what}: `echo {known.ledger} > {path}` restores it")]
    if known is None:
        gone = bool(named) or bool(ended and ended.body.version)
        return [_damage(rows, f"its anchor, refs/crew/ledger/{delivery}, is gone or changed")] * gone
    if len(rows) < known.number:
        return [_cut(rows, f"it had {counted(known.number, 'row')} {_WHEN[known.state]}")]
    if hashes[known.number - 1] != known.head:
        what = f"row {known.number} is not the one anchored in git"
        return [Damage(delivery=delivery, row=known.number, what=what)]
    if not known.agrees_with(hashes):
        return [_added(rows, known.number, "its end was anchored in git")]
    return []


def _added(rows: Sequence[Row], number: int, when: str) -> Damage:
    what = f"row {number + 1} was added after {when}: the chain ended with row {number}"
    return Damage(delivery=rows[0].delivery, row=number + 1, what=what)


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
    ours, found = stored_id(home), []
    for repository in sorted(repositories):
        try:
            written_in = ledgers(repository, home)
        except RepositoryError:
            continue  # reported with the deliveries whose anchors it should contain
        for delivery, name in sorted(written_in.items()):
            if name == ours and delivery not in known:
                what = f"all its rows are missing: {repository} refers to it, but the ledger has no row of it"
                found.append(Damage(delivery=delivery, row=1, what=what))
    named = {each.delivery for each in found}
    return found + [
        Damage(delivery=each, row=1, what="all its rows are missing, though it was begun in this home")
        for each in lost_deliveries(ledger)
        if each not in named and not (each == ANY and named)
    ]
