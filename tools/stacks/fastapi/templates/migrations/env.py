"""Runs the migrations against `DATABASE_URL`."""

from __future__ import annotations

from alembic import context

from app import models  # noqa: F401  declares the tables
from app.database import Base, create_engine
from app.settings import Settings


def run() -> None:
    """Bring the database to the newest revision, all of it or nothing."""
    url = context.config.attributes.get("database_url") or Settings.from_environment().database_url
    engine = create_engine(url, migrating=True)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
