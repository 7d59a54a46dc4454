"""The database: connections, transactions, and the clock by which everything is judged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, DateTime, bindparam, func, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from models.errors import Unavailable

_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)


@contextmanager
def at_instant(instant: datetime) -> Iterator[None]:
    """Within this block the business clock stands at `instant`: a rehearsal lives in another time."""
    token = _instant.set(instant)
    try:
        yield
    finally:
        _instant.reset(token)


def now_sql() -> ColumnElement[datetime]:
    """The business clock as SQL: the database's own, or the bound instant of a rehearsal."""
    instant = _instant.get()
    if instant is None:
        return func.clock_timestamp()
    return bindparam("now", instant, DateTime(timezone=True), unique=True)


def now_parameter() -> datetime | None:
    """For hand-written SQL: `coalesce(:now, clock_timestamp())` with this bound to `now`."""
    return _instant.get()


CLOCK = "coalesce(CAST(:now AS timestamptz), clock_timestamp())"
"""The business clock in hand-written SQL; bind `now` to `now_parameter()`."""


class Database:
    """One PostgreSQL database, 15 or later.

    `url` is an SQLAlchemy URL with the driver `postgresql+asyncpg`. The first use of a lost connection fails as
    Unavailable and replaces them all; asking each connection beforehand would double the trips to the server.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=20
        )
        # The gate's statements are complete in themselves: no BEGIN and COMMIT around them.
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back on an error.

        Raises Unavailable where the database does not answer; then nothing was changed.
        """
        async with _reachable(), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which every statement is its own transaction."""
        async with _reachable(), self._autocommit.connect() as connection:
            yield connection

    async def now(self) -> datetime:
        """The business clock."""
        instant = now_parameter()
        if instant is not None:
            return instant
        async with self.statement() as connection:
            value: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            return value

    async def close(self) -> None:
        """Give back all connections."""
        await self.engine.dispose()


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except (OSError, PoolTimeout) as error:
        raise Unavailable(
            "database.unreachable", "The database does not answer.", "Run `season doctor`; try again when it is back."
        ) from error
    except DBAPIError as error:
        if not error.connection_invalidated and _not_now(error):
            raise Unavailable(
                "database.not_now", "The database takes no work just now.", "Try again; nothing was changed."
            ) from error
        if error.connection_invalidated:
            raise Unavailable(
                "database.lost", "The connection to the database was lost.", "Try again; nothing was changed half-way."
            ) from error
        raise


# Reading the names of its values out of a statement takes longer than sending it.
_statement = lru_cache(maxsize=2000)(text)


_NOT_NOW = ("08", "53", "57P")
"""SQLSTATEs of a server that is starting, stopping, or out of connections or other resources."""


def _not_now(error: DBAPIError) -> bool:
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(_NOT_NOW)


async def rows(connection: AsyncConnection, sql: str, **values: Any) -> list[dict[str, Any]]:
    """Run a hand-written query; each row as a dict. `:now` is bound to the business clock where it is used."""
    if ":now" in sql:
        values["now"] = now_parameter()
    result = await connection.execute(_statement(sql), values)
    return [dict(row) for row in result.mappings()]


async def run(connection: AsyncConnection, sql: str, **values: Any) -> int:
    """Run a hand-written statement; the number of rows that it changed."""
    if ":now" in sql:
        values["now"] = now_parameter()
    return (await connection.execute(_statement(sql), values)).rowcount
