"""The append-only record of everything that was done, and why.

Each delivery has its own chain of rows, in which every row contains the hash of the one before it. A row's hash is
the SHA-256 of its delivery, number, kind, key, time, body and previous hash in canonical JSON. The rows are stored in
SQLite; triggers refuse updates and deletions, and `verify` detects tampering that bypassed them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, cast, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from crew.errors import LedgerDamaged, Stopped, WrittenLater
from crew.records.canonical_json import canonical, digest
from crew.records.row_versions import MEMBER, Body, mark_version, upgrade
from crew.records.rows import BODIES, Kind, RowBody
from crew.records.storage import storage_problem
from tools.redaction import Redactor

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    delivery TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, at TEXT NOT NULL,
    body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (delivery, number), UNIQUE (delivery, kind, key)
);
CREATE TRIGGER IF NOT EXISTS rows_are_not_updated BEFORE UPDATE ON rows
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS rows_are_not_deleted BEFORE DELETE ON rows
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
_COLUMNS = "delivery, number, kind, key, at, body, previous, hash"
Columns = tuple[str, int, str, str, str, str, str, str]
"""A row as stored in SQLite: the values of `_COLUMNS`, with the body as JSON text."""


class StoredRow(BaseModel, frozen=True):
    """A ledger row exactly as it was written and hashed; its body may be of an older version."""

    delivery: str
    number: int
    """Position in the delivery's chain, starting at 1."""
    kind: str
    key: str
    """Unique among the rows of its kind in the delivery: the id of the action, approval or model call."""
    at: str
    """UTC time in ISO 8601 format."""
    body: Body
    previous: str
    """Hash of the previous row; "" for the first one."""
    hash: str


B = TypeVar("B", bound=RowBody)
B_co = TypeVar("B_co", bound=RowBody, covariant=True, default=RowBody)


@dataclass(frozen=True)
class Row(Generic[B_co]):
    """A ledger row whose body has been upgraded to the newest version of its kind and parsed."""

    delivery: str
    number: int
    key: str
    at: str
    body: B_co
    hash: str
    previous: str

    @property
    def kind(self) -> Kind:
        """Kind of the row, determined by the class of its body."""
        return self.body.row_kind


class Damage(BaseModel, frozen=True):
    """An inconsistency in a delivery's chain or in what it refers to."""

    delivery: str
    row: int
    """Number of the first row that is incorrect or missing."""
    what: str


class Ledger:
    """The chains of all deliveries of a home, in one SQLite file; safe to use from several threads and processes."""

    def __init__(self, path: Path, redact: Redactor) -> None:
        self._redact = redact
        self.home = path.parent
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=30
            )
            # Invalid UTF-8 must not raise an error here: `verify` reports damage.
            self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            if problem := storage_problem(error, path, damaged=False):
                raise Stopped(problem) from error
            raise LedgerDamaged(
                f"{path} cannot be opened as a ledger: {error}. Restore it from a backup; to start over without its "
                "records, use another home: --home FOLDER."
            ) from error

    def close(self) -> None:
        """Close the database connection."""
        self._connection.close()

    def with_redactor(self, redact: Redactor) -> Ledger:
        """Return a copy of this ledger that uses a delivery's redactor, which knows the secrets of its service."""
        other = copy(self)
        other._redact = redact
        return other

    def append(self, delivery: str, key: str, body: B) -> Row[B]:
        """Redact a row, write it durably, and return it.

        If a row of the same kind and key exists, nothing is written, and that row is returned.
        """
        self.write(delivery, body.row_kind, key, body.stored())
        return self.get(delivery, type(body), key)

    def write(self, delivery: str, kind: str, key: str, body: Body) -> None:
        """Write a row whose body is already JSON, unless a row of the same kind and key exists."""
        with self.together():
            if self._stored("delivery = ? AND kind = ? AND key = ?", delivery, kind, key):
                return
            last = self._stored("delivery = ? ORDER BY number DESC LIMIT 1", delivery)
            number, previous = (last[0][1] + 1, last[0][7]) if last else (1, "")
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            text = canonical(self._redact(mark_version(kind, body)))
            hashed = _hash(delivery, number, kind, key, at, text, previous)
            values = (delivery, number, kind, key, at, text, previous, hashed)
            self._connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def find(self, delivery: str, kind: type[B], key: str) -> Row[B] | None:
        """Return the row of the given kind and key, or None."""
        rows = self._all("delivery = ? AND kind = ? AND key = ?", delivery, kind.row_kind, key)
        return next(iter(_of_kinds(rows, kind)), None)

    def get(self, delivery: str, kind: type[B], key: str) -> Row[B]:
        """Return the row of the given kind and key; raises LedgerDamaged if it is missing."""
        row = self.find(delivery, kind, key)
        if row is None:
            raise LedgerDamaged(f"The {kind.row_kind} row {key} of {delivery} was written but is missing.")
        return row

    @overload
    def rows(self, delivery: str) -> Sequence[Row]: ...

    @overload
    def rows(self, delivery: str, *kinds: type[B]) -> Sequence[Row[B]]: ...

    def rows(self, delivery: str, *kinds: type[RowBody]) -> Sequence[Row]:
        """Return a delivery's rows in order, limited to the given kinds if any are given."""
        rows = self._all("delivery = ? ORDER BY number", delivery)
        return _of_kinds(rows, *kinds) if kinds else rows

    def head(self, delivery: str) -> Row | None:
        """Return the last row of a delivery's chain, or None."""
        rows = self._all("delivery = ? ORDER BY number DESC LIMIT 1", delivery)
        return rows[0] if rows else None

    def hashes(self, delivery: str) -> list[str]:
        """Return the hashes of a delivery's rows, in order."""
        query = "SELECT hash FROM rows WHERE delivery = ? ORDER BY number"
        return [hashed for (hashed,) in self._query(query, delivery)]

    def deliveries(self) -> list[str]:
        """Return the ids of all deliveries, oldest first."""
        return [
            delivery
            for (delivery,) in self._query("SELECT delivery FROM rows WHERE number = 1 ORDER BY rowid")
        ]

    def deliveries_with_rows(self) -> list[str]:
        """Return the ids of all deliveries with any row, even if their first row is missing, oldest first."""
        query = "SELECT delivery FROM rows GROUP BY delivery ORDER BY MIN(rowid)"
        return [delivery for (delivery,) in self._query(query)]

    def holding(self, key: str) -> list[Row]:
        """Return the rows with the given key from all deliveries, in order."""
        return self._all("key = ? ORDER BY delivery, number", key)

    def verify(self, delivery: str) -> Damage | None:
        """Recompute a delivery's chain and return the first inconsistency, or None."""
        return _verify(delivery, self._stored("delivery = ? ORDER BY number", delivery))

    def stored(self, delivery: str) -> list[StoredRow]:
        """Return a delivery's rows in order, exactly as they were written and hashed."""
        stored = self._stored("delivery = ? ORDER BY number", delivery)
        return [_stored_row(values, _body(values)) for values in stored]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all rows of the block in one transaction, or none of them."""
        with self._lock:
            if self._connection.in_transaction:
                yield  # nested in an outer block, which commits
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _all(self, where: str, *values: str) -> list[Row]:
        return [_row(columns) for columns in self._stored(where, *values)]

    def _stored(self, where: str, *values: str) -> list[Columns]:
        query = f"SELECT {_COLUMNS} FROM rows WHERE {where}"  # noqa: S608  built from constants in this file
        return self._query(query, *values)

    def _query(self, query: str, *values: str) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                problem = storage_problem(error, self.home / "ledger.db")
                if not problem:
                    raise
                raise LedgerDamaged(problem) from error


def _verify(delivery: str, rows: Iterable[Columns]) -> Damage | None:
    expected, previous = 1, ""
    for _, number, kind, key, at, body, named, hashed in rows:
        if number != expected:
            return Damage(delivery=delivery, row=expected, what=f"row {expected} is missing")
        if named != previous:
            return Damage(
                delivery=delivery, row=number, what=f"row {number} does not follow row {number - 1}"
            )
        if _hash(delivery, number, kind, key, at, body, previous) != hashed:
            return Damage(
                delivery=delivery, row=number, what=f"row {number} was changed after it was written"
            )
        expected, previous = number + 1, hashed
    if expected == 1:
        return Damage(delivery=delivery, row=1, what="there are no rows of this delivery")
    return None


def _hash(delivery: str, number: int, kind: str, key: str, at: str, body: str, previous: str) -> str:
    return digest(canonical([delivery, number, kind, key, at, body, previous]))


def _row(values: Columns) -> Row:
    delivery, number, kind = values[:3]
    stored = _body(values)
    model = BODIES.get(kind)
    body = upgrade(kind, stored) if model else None
    if model is None or body is None:
        raise WrittenLater(
            f"Row {number} of {delivery} is of kind `{kind}`, version {stored.get(MEMBER, 1)}, which this version of "
            "Shipcrew does not know: a later version wrote it. Use that version for this home."
        )
    try:
        parsed = model.model_validate(body)
    except ValueError as error:
        raise _damaged(values) from error
    row = _stored_row(values, stored)
    return Row(row.delivery, row.number, row.key, row.at, parsed, row.hash, row.previous)


def _of_kinds(rows: list[Row], *kinds: type[B]) -> list[Row[B]]:
    return [cast(Row[B], row) for row in rows if isinstance(row.body, kinds)]


def _body(values: Columns) -> Body:
    try:
        body = json.loads(values[5])
    except ValueError as error:
        raise _damaged(values) from error
    if not isinstance(body, dict):
        raise _damaged(values)
    return body


def _stored_row(values: Columns, body: Body) -> StoredRow:
    try:
        return StoredRow.model_validate(dict(zip(_COLUMNS.split(", "), values, strict=True)) | {"body": body})
    except ValueError as error:
        raise _damaged(values) from error


def _damaged(values: Columns) -> LedgerDamaged:
    return LedgerDamaged(
        f"Row {values[1]} of {values[0]} is not a valid ledger row. Run `crew ledger verify`."
    )
