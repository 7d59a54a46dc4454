"""Acts of one kind that must follow one another, such as two hand-overs that must not choose the same judge."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import rows

ASSIGNING = "assigning"
"""Who judges what, in a season: judges of the season office serve many areas, and their load is counted over all."""

SELECTING = "selecting"
"""Who is selected, waits and moves up, in a season."""


async def one_at_a_time(connection: AsyncConnection, season: str, what: str) -> None:
    """Wait until no other transaction does the same in this season; held until this transaction ends.

    An advisory lock, so that it holds up nobody who only refers to the season's rows. Take it first: what is read
    after it is what the one before has left.
    """
    await rows(connection, "SELECT pg_advisory_xact_lock(hashtextextended(:about, 0))", about=f"{season}/{what}")
