"""Channels (recommending organisations), and the ledger of who recommended what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound, Refused
from models.forms import ChannelForm
from models.tables import Channel, Entry, Recommendation
from records import gate, log, people
from records.database import Database, clock_of, now_parameter, rows
from records.seasons import live


async def add_channel(database: Database, season_id: str, form: ChannelForm) -> int:
    """Write a channel, or answer the one that has this code already."""
    async with database.transaction() as connection:
        await live(connection, season_id)
        at = await clock_of(connection)
        contact = (await people.keep(connection, [form.contact], at))[0]
        values = {**form.model_dump(exclude={"contact"}), "season_id": season_id, "contact_id": contact}
        statement = upsert(Channel).values(created_at=at, **values)
        statement = statement.on_conflict_do_update(
            index_elements=["season_id", "code"], set_={"name": form.name, "quota": form.quota}
        )
        channel_id: int = (await connection.execute(statement.returning(Channel.id))).scalar_one()
        return channel_id


async def recommend(database: Database, entry_id: int, channel: str, act: str = "vouched") -> None:
    """A channel vouches for an entry while registration is open. The first recommendation counts, all are kept."""
    async with database.transaction() as connection:
        found = await rows(connection, "SELECT season_id, area FROM entries WHERE id = :id", id=entry_id)
        if not found:
            raise NotFound("entry.unknown", f"There is no entry {entry_id}.")
        entry, season_id = found[0], found[0]["season_id"]
        passed = await connection.execute(
            text(f"WITH {gate.BY_KIND} SELECT at FROM gate"),
            {"season": season_id, "kind": "registration", "area": entry["area"], "now": now_parameter()},
        )
        at = passed.scalar_one_or_none()
        if at is None:
            await gate.refuse(connection, season_id, "registration", entry["area"])
        await attribute(connection, season_id, entry_id, channel, act, at)


async def attribute(
    connection: AsyncConnection, season_id: str, entry_id: int, channel: str, act: str, at: datetime | None = None
) -> None:
    """Write who recommended what, when, by which act. Raises NotFound for an unknown channel, Refused past its quota."""
    if at is None:
        at = await clock_of(connection)
    found = (
        await connection.execute(
            select(Channel.id, Channel.quota)
            .where(Channel.season_id == season_id, Channel.code == channel)
            .with_for_update()
        )
    ).one_or_none()
    if found is None:
        raise NotFound("channel.unknown", f"There is no channel '{channel}' in season '{season_id}'.")
    used = await rows(
        connection, "SELECT count(*) AS n FROM recommendations WHERE channel_id = :channel", channel=found.id
    )
    if found.quota is not None and used[0]["n"] >= found.quota:
        raise Refused(
            "channel.quota", f"Channel '{channel}' has used its quota of {found.quota} recommendations.",
            "Ask the season office for a larger quota.",
        )  # fmt: skip
    await connection.execute(
        upsert(Recommendation).values(entry_id=entry_id, channel_id=found.id, at=at, act=act).on_conflict_do_nothing()
    )
    first = update(Entry).where(Entry.id == entry_id, Entry.channel_id.is_(None)).values(channel_id=found.id)
    await connection.execute(first)
    line = log.Line("entry.recommended", actor=f"channel/{channel}", entry_id=entry_id, data={"by": channel})
    await log.write(connection, season_id, [line], at=at)
