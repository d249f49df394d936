"""How values are kept: exact, and alike on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy import orm


class _Cents(sa.TypeDecorator[Decimal]):
    """Money as a number of cents."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value.scaleb(2))

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class _Double(sa.TypeDecorator[Decimal]):
    """A number as a double; the decimal is the shortest that means the same double."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> float | None:
        return None if value is None else float(value)

    def process_result_value(self, value: float | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(repr(float(value)))


class _Utc(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite has no offsets, so none is stored there."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: dt.datetime | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


# Code point order everywhere, whatever the locale of a PostgreSQL server.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

Ordinal = Annotated[
    int, orm.mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
]
Text = Annotated[str, orm.mapped_column(_TEXT)]
Integer = Annotated[int, orm.mapped_column(sa.BigInteger)]
Number = Annotated[Decimal, orm.mapped_column(_Double)]
Money = Annotated[Decimal, orm.mapped_column(_Cents)]
Boolean = Annotated[bool, orm.mapped_column(sa.Boolean)]
Date = Annotated[dt.date, orm.mapped_column(sa.Date)]
Timestamp = Annotated[dt.datetime, orm.mapped_column(_Utc)]
Uuid = Annotated[uuid.UUID, orm.mapped_column(sa.Uuid)]
