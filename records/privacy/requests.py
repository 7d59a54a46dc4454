"""People who ask to be erased; operations decide and do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from records import log
from records.database import Database, rows
from records.privacy.erasure import seasons_of

_ASKED = """SELECT p.id, p.name, p.email, min(l.at) AS asked_at, array_agg(DISTINCT l.season_id ORDER BY l.season_id) AS seasons
  FROM log l JOIN people p ON p.id = l.person_id AND p.erased_at IS NULL
  WHERE l.event = 'person.erasure_asked'"""


@dataclass(frozen=True)
class Asked:
    """Somebody who asked to be erased, and is not yet."""

    id: int
    name: str
    email: str
    asked_at: datetime
    seasons: tuple[str, ...]


async def ask(database: Database, person: int) -> datetime:
    """Keep that a person asks to be erased: a line in each of their seasons, once. The instant of the first asking."""
    async with database.transaction() as connection:
        await rows(connection, "SELECT id FROM people WHERE id = :person FOR UPDATE", person=person)
        asked = await _when(connection, person)
        if asked is not None:
            return asked
        line = log.Line("person.erasure_asked", actor=f"person/{person}", person_id=person)
        at: datetime | None = None
        for season in await seasons_of(connection, person):
            at = await log.write(connection, season, [line], at=at)
        return at or await database.now()


async def when_asked(database: Database, person: int) -> datetime | None:
    """When this person asked to be erased; None for who did not."""
    async with database.statement() as connection:
        return await _when(connection, person)


async def _when(connection: AsyncConnection, person: int) -> datetime | None:
    found = await rows(connection, f"{_ASKED} AND p.id = :person GROUP BY p.id", person=person)
    return found[0]["asked_at"] if found else None


async def open_requests(database: Database) -> list[Asked]:
    """Everybody who asked and is not erased yet, the first to ask first."""
    found = await database.at_once(f"{_ASKED} GROUP BY p.id ORDER BY asked_at, p.id")
    return [Asked(**{**row, "seasons": tuple(row["seasons"])}) for row in found]
