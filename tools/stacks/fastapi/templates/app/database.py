"""The database: its engine, sessions, and what every table has."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request
from sqlalchemy import orm
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from app import clock, columns

THREADS = 16
"""Requests that use the database at one time, and so connections that each process holds at most."""
BUSY_SECONDS = 15
"""How long a write waits for the writes of other processes."""


class Base(orm.DeclarativeBase):
    """What all tables belong to."""


class Resource(Base):
    """A row with an identity and times."""

    __abstract__ = True

    ordinal_: orm.Mapped[columns.Ordinal] = orm.mapped_column(primary_key=True, autoincrement=True)
    """Order of creation, also between rows of the same microsecond."""
    id: orm.Mapped[columns.Uuid] = orm.mapped_column(unique=True)
    created_at: orm.Mapped[columns.Timestamp]
    updated_at: orm.Mapped[columns.Timestamp]

    def __init__(self, **values: object) -> None:
        now = clock.now()
        super().__init__(id=uuid.uuid4(), created_at=now, updated_at=now, **values)

    def touch(self) -> None:
        """Note that it changes now."""
        self.updated_at = clock.now()


class Database:
    """One database, SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        orm.configure_mappers()  # now, not in the first request
        self.engine = create_engine(url)
        # SQLite has one writer: waiting in line here is fairer than polling its lock.
        self._writer: AbstractContextManager[object] = (
            threading.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        )

    @contextmanager
    def read(self) -> Iterator[orm.Session]:
        """Open a session that sees one state of the data and changes nothing."""
        with orm.Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[orm.Session]:
        """Open a session that commits at the end, or changes nothing if an exception ends it."""
        writing = self.engine.execution_options(writing=True)
        with (
            self._writer,
            orm.Session(writing, autoflush=False, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def create_engine(url: str, *, migrating: bool = False) -> sa.Engine:
    """Return an engine on which foreign keys hold and guards cannot be overtaken."""
    address = sa.make_url(url)
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, pool_size=THREADS, max_overflow=0)
    if engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", _set_up_postgresql)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        if migrating:  # which may replace a table that others point to
            sa.event.listen(engine, "connect", _ignore_foreign_keys)
    return engine


async def database(request: Request) -> Database:
    """Return the application's database."""
    found: Database = request.app.state.database
    return found


Db = Annotated[Database, Depends(database)]


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes too late for reads and too weak for writes.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "foreign_keys = ON",
        "journal_mode = WAL",
        "synchronous = NORMAL",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_up_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Moments near the ends of the calendar have no local time in some zones.
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()


def _ignore_foreign_keys(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: what a guard has read must still hold when its write is made."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
