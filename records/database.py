"""The database: connections, transactions, and the clock by which everything is judged."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from models.errors import Unavailable
from records.sealing import Seal

_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)


@contextmanager
def at_instant(instant: datetime) -> Iterator[None]:
    """Within this block the business clock stands at `instant`: a rehearsal lives in another time."""
    token = _instant.set(instant)
    try:
        yield
    finally:
        _instant.reset(token)


def now_parameter() -> datetime | None:
    """For hand-written SQL: `coalesce(:now, clock_timestamp())` with this bound to `now`."""
    return _instant.get()


CLOCK = "coalesce(CAST(:now AS timestamptz), clock_timestamp())"
"""The business clock in hand-written SQL; bind `now` to `now_parameter()`."""


_POOL_TIMEOUT = 20.0
_STATEMENTS = 400
"""How many prepared statements a connection keeps: more than there are."""


class Database:
    """One PostgreSQL database, 15 or later.

    `url` is an SQLAlchemy URL with the driver `postgresql+asyncpg`. A connection that was lost while it was used fails
    as Unavailable; one that was lost in the pool is replaced. `seal` opens the secrets that lie in it, with
    `secret_key`; raises BadInput for a key that is too short.
    """

    def __init__(self, url: str, *, pool_size: int = 10, secret_key: str = "") -> None:
        self.seal = Seal(secret_key)
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_POOL_TIMEOUT,
            # The one used last knows the statements: each connection must prepare its own.
            pool_use_lifo=True,
            connect_args={"statement_cache_size": _STATEMENTS},
        )
        event.listen(self.engine.sync_engine, "connect", _keep_driver)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        # Transactions are begun and ended on the driver, so that both ways of running a statement share them.
        self._connections = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._pool_size = pool_size
        self._direct: asyncpg.Pool | None = None
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back on an error.

        Raises Unavailable where the database does not answer; then nothing was changed.
        """
        async with _reachable(), self._connections.connect() as connection, _driver(connection).transaction():
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which every statement is its own transaction."""
        async with _reachable(), self._connections.connect() as connection:
            yield connection

    async def at_once(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Run one statement that is complete in itself, a transaction of its own; its rows.

        `sql` and `values` are as for `rows`. The statements of the gate go this way, straight to the driver: through
        SQLAlchemy each would take four times as long (docs/benchmarks.md). Raises Unavailable as `transaction` does.
        """
        async with _reachable():
            pool = self._direct or await self._open_direct()
            async with pool.acquire(timeout=_POOL_TIMEOUT) as connection:
                return await _fetched(connection, sql, values)

    async def on(self, connection: asyncpg.Connection, sql: str, **values: Any) -> list[dict[str, Any]]:
        """As `at_once`, on a connection of the caller's own, from `session`."""
        async with _reachable():
            return await _fetched(connection, sql, values)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """One of the driver's connections for the block alone: for what belongs to a session, as its locks do."""
        async with _reachable():
            pool = self._direct or await self._open_direct()
            connection = await pool.acquire(timeout=_POOL_TIMEOUT)
        try:
            yield connection
        finally:
            await pool.release(connection)

    async def _open_direct(self) -> asyncpg.Pool:
        async with self._making:
            if self._direct is None:
                _, options = self.engine.dialect.create_connect_args(self.engine.url)
                self._direct = await asyncpg.create_pool(
                    min_size=0,
                    max_size=self._pool_size,
                    init=_json_as_it_is,
                    reset=_as_it_is,
                    statement_cache_size=_STATEMENTS,
                    **options,
                )
            return self._direct

    async def now(self) -> datetime:
        """The business clock."""
        instant = now_parameter()
        if instant is not None:
            return instant
        value: datetime = (await self.at_once("SELECT clock_timestamp() AS at"))[0]["at"]
        return value

    async def close(self) -> None:
        """Give back all connections."""
        await self.engine.dispose()
        if self._direct is not None:
            await self._direct.close()
            self._direct = None


async def _fetched(connection: asyncpg.Connection, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    if ":now" in sql:
        values["now"] = now_parameter()
    statement, names = _positional(sql)
    try:
        found = await connection.fetch(statement, *(values[name] for name in names))
    except asyncpg.InternalClientError:
        # The driver has lost its place on this connection, as when its server was killed: away with it.
        connection.terminate()
        raise
    return [dict(row) for row in found]


def _keep_driver(connection: Any, record: Any) -> None:
    record.info["driver"] = connection.driver_connection


def _refuse_closed(_connection: Any, record: Any, _proxy: Any) -> None:
    if record.info["driver"].is_closed():
        raise DisconnectionError


def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    assert connection.sync_connection is not None
    return connection.sync_connection.info["driver"]


async def _json_as_it_is(connection: asyncpg.Connection) -> None:
    """JSON is written as the text that it is and read as what it means, as SQLAlchemy does it."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=json.loads, format="text")


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """A single statement leaves nothing behind that would have to be reset."""


_NAMED = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


@lru_cache(maxsize=500)
def _positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """A statement with `:name` as one with `$1`, and the names in their order."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _NAMED.sub(number, sql), tuple(names)


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError) as error:
        raise _lost() from error
    except (OSError, PoolTimeout) as error:
        raise Unavailable(
            "database.unreachable", "The database does not answer.", "Run `season doctor`; try again when it is back."
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _lost() from error
        if _not_now(error.orig):
            raise _busy() from error
        raise
    except asyncpg.PostgresError as error:
        if _not_now(error):
            raise _busy() from error
        raise


def _lost() -> Unavailable:
    return Unavailable(
        "database.lost", "The connection to the database was lost.", "Try again; nothing was changed half-way."
    )


def _busy() -> Unavailable:
    return Unavailable("database.not_now", "The database takes no work just now.", "Try again; nothing was changed.")


_NOT_NOW = ("08", "53", "57P")
"""SQLSTATEs of a server that is starting, stopping, or out of connections or other resources."""


def _not_now(error: BaseException | None) -> bool:
    return str(getattr(error, "sqlstate", None) or "").startswith(_NOT_NOW)


async def rows(connection: AsyncConnection, sql: str, **values: Any) -> list[dict[str, Any]]:
    """Run a hand-written query; each row as a dict. `:now` is bound to the business clock where it is used.

    It goes to the driver: SQLAlchemy makes statements out of tables, it need not read those that are written out.
    """
    if ":now" in sql:
        values["now"] = now_parameter()
    statement, names = _positional(sql)
    found = await _driver(connection).fetch(statement, *(values[name] for name in names))
    return [dict(row) for row in found]


async def stream(
    connection: AsyncConnection, sql: str, *, many: int = 1000, **values: Any
) -> AsyncIterator[list[dict[str, Any]]]:
    """As `rows`, so many rows at a time: for answers too long to be held. Within a transaction only."""
    if ":now" in sql:
        values["now"] = now_parameter()
    statement, names = _positional(sql)
    cursor = await _driver(connection).cursor(statement, *(values[name] for name in names))
    while found := await cursor.fetch(many):
        yield [dict(row) for row in found]


async def run(connection: AsyncConnection, sql: str, **values: Any) -> int:
    """Run a hand-written statement; the number of rows that it changed."""
    if ":now" in sql:
        values["now"] = now_parameter()
    statement, names = _positional(sql)
    done: str = await _driver(connection).execute(statement, *(values[name] for name in names))
    # The server's own words: `UPDATE 3`, `INSERT 0 1`, `SELECT 5`.
    last = done.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


async def clock_of(connection: AsyncConnection) -> datetime:
    """The business clock, as this transaction sees it."""
    instant = _instant.get()
    if instant is None:
        instant = (await rows(connection, "SELECT clock_timestamp() AS at"))[0]["at"]
    return instant
