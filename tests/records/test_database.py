"""The database's two ways of running a statement, and connections that are lost."""

from __future__ import annotations

import pytest

from models.errors import Unavailable
from records.database import Database, rows, run

_KILL = """SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def test_a_statement_and_a_transaction_read_the_same_values(database: Database) -> None:
    sql = "SELECT CAST(:a AS int) + CAST(:b AS int) AS sum, CAST(CAST(:a AS int) AS text) || '::x' AS words, CAST(:j AS jsonb) AS j"
    values = {"a": 2, "b": 3, "j": '{"zh": "你好"}'}
    expected = [{"sum": 5, "words": "2::x", "j": {"zh": "你好"}}]
    assert await database.at_once(sql, **values) == expected
    async with database.transaction() as connection:
        assert await rows(connection, sql, **values) == expected
    async with database.statement() as connection:
        assert await rows(connection, sql, **values) == expected


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async with database.statement() as connection:
        await run(connection, "CREATE TABLE kept (n int)")

    async def fail() -> None:
        async with database.transaction() as connection:
            assert await run(connection, "INSERT INTO kept SELECT generate_series(1, 3)") == 3
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await database.at_once("SELECT n FROM kept") == []


async def test_connections_that_were_lost_while_idle_are_replaced(database: Database) -> None:
    await database.at_once("SELECT 1")
    async with database.transaction() as connection, database.transaction() as other:
        await rows(connection, "SELECT 1")
        await rows(other, "SELECT 1")
    admin = Database(database.engine.url.render_as_string(hide_password=False))
    try:
        assert (await admin.at_once(_KILL))[0]["n"] >= 2
    finally:
        await admin.close()
    await _until_noticed(database)
    assert await database.at_once("SELECT 1 AS one") == [{"one": 1}]
    async with database.transaction() as connection:
        assert await rows(connection, "SELECT 1 AS one") == [{"one": 1}]


async def _until_noticed(database: Database) -> None:
    """The loss of an idle connection is noticed as soon as the event loop reads from its socket; or by its first use."""
    for _ in range(5):
        try:
            await database.at_once("SELECT 1")
            async with database.transaction() as connection:
                await rows(connection, "SELECT 1")
        except Unavailable:
            continue


async def test_a_connection_lost_in_use_is_an_outage_and_not_a_fault(database: Database) -> None:

    async def lose() -> None:
        async with database.transaction() as connection:
            await rows(connection, "SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        await lose()
    async with database.transaction() as connection:
        assert await rows(connection, "SELECT 1 AS one") == [{"one": 1}]
