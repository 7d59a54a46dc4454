"""Reaching the database and Temporal from a command: the one place that opens and closes both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from models.errors import SeasonkeeperError
from records.database import Database
from workers.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client

    from desk.client import Desk

CONNECT_SECONDS = 4.0
WITHOUT_TEMPORAL = (
    "The Temporal server does not answer: what you ask for is written to the record, and carried on when it is back."
)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Database]:
    """The database alone: all that a read command needs. Raises Unavailable where none is known."""
    database = Database(settings.database(), pool_size=2, secret_key=settings.secret_key.get_secret_value())
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def connect(
    settings: Settings | None = None, *, warn: Callable[[str], None] | None = None
) -> AsyncIterator[Desk]:
    """A desk that can steer. Where Temporal does not answer in time it works on the database alone, and `warn` is told.

    Raises Unavailable where no database is known, BadInput where a setting cannot be read.
    """
    from desk.client import Desk

    found = settings or Settings.load()
    async with reading(found) as database:
        client = await reach_temporal(found)
        if client is None and warn is not None:
            warn(WITHOUT_TEMPORAL)
        yield Desk(database, client)


async def reach_temporal(settings: Settings, seconds: float = CONNECT_SECONDS) -> Client | None:
    """A Temporal client, or None where no server answers within so many seconds."""
    from temporalio.client import Client

    from workers.plugin import SeasonkeeperPlugin

    try:
        async with asyncio.timeout(seconds):
            return await Client.connect(**settings.temporal(), plugins=[SeasonkeeperPlugin(workflows=())])
    except (TimeoutError, RuntimeError, OSError, SeasonkeeperError):
        return None
