"""Entries: drafts, submissions through the gate, withdrawal, and the recommendations of channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import ChannelForm, EntryForm
from models.states import EntryState
from models.tables import Channel, Counter, Entry, Member, Recommendation
from records import gate, log, people
from records.database import Database, now_parameter, now_sql, rows
from records.seasons import LiveSeason, live

_SUBMIT = f"""WITH {gate.BY_ENTRY}, done AS (
  UPDATE entries e SET state = 'submitted', submitted_at = gate.at, changed_at = gate.at, window_id = gate.id,
    alive = true, stage = gate.stage
  FROM gate WHERE e.id = :entry AND e.state IN ('draft', 'submitted')
  RETURNING e.id, e.number, e.season_id, e.applicant_id, gate.id AS window_id, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, :actor, 'entry.submitted', window_id, id, jsonb_build_object('number', number) FROM done
), mailed AS (
  INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data, queued_at)
  SELECT season_id || '/receipt', applicant_id, 'entry/' || done.id, season_id, done.id, window_id, p.language,
    jsonb_build_object('at', at), at
  FROM done JOIN people p ON p.id = applicant_id ON CONFLICT DO NOTHING
) SELECT number, at FROM done"""
_SUBMIT_STATEMENT = text(_SUBMIT)


async def draft(database: Database, season_id: str, form: EntryForm, *, channel: str | None = None) -> int:
    """Write a new draft and answer its id. The public number is given now, so that submitting waits for no counter.

    Raises BadInput for an unknown area, track, group or field; Refused where no registration window is open;
    NotFound for an unknown season or channel.
    """
    async with database.transaction() as connection:
        season = await live(connection, season_id)
        division = _division(season, form)
        values: dict[str, Any] = {"season": season_id, "kind": "registration", "area": form.area}
        passed = await connection.execute(
            text(f"WITH {gate.BY_KIND} SELECT id, at FROM gate"), {**values, "now": now_parameter()}
        )
        window = passed.one_or_none()
        if window is None:
            await gate.refuse(connection, season_id, "registration", form.area)
        number = await _number(connection, season, form)
        ids = await people.keep(connection, [form.applicant, *form.team], window.at)
        entry_id: int = (
            await connection.execute(
                insert(Entry)
                .values(
                    season_id=season_id, number=number, division=division, applicant_id=ids[0],
                    state=EntryState.DRAFT, alive=False, created_at=window.at, window_id=window.id,
                    **_columns(form, window.at),
                )
                .returning(Entry.id)
            )
        ).scalar_one()  # fmt: skip
        await connection.execute(insert(Member), _team(entry_id, ids))
        lines = [log.Line("entry.drafted", actor="applicant", entry_id=entry_id, data={"number": number})]
        if channel is not None:
            lines.append(await _recommend(connection, season_id, entry_id, channel, window.at, "registered"))
        await log.write(connection, season_id, lines, at=window.at)
        return entry_id


async def save(database: Database, entry_id: int, form: EntryForm) -> None:
    """Change a draft or a submitted entry while its registration is open. Raises as `draft` does."""
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        season = await live(connection, entry["season_id"])
        division = _division(season, form)
        if form.area != entry["area"] or form.track != entry["track"]:
            raise Refused(
                "entry.moved", f"Entry {entry['number']} is in area {entry['area']} and track {entry['track']}.",
                "Withdraw it and register it anew in the other area or track.",
            )  # fmt: skip
        passed = await connection.execute(
            text(f"WITH {gate.BY_KIND} SELECT at FROM gate"),
            {"season": season.id, "kind": "registration", "area": form.area, "now": now_parameter()},
        )
        at = passed.scalar_one_or_none()
        if at is None or entry["state"] not in (EntryState.DRAFT, EntryState.SUBMITTED):
            await gate.refuse(connection, season.id, "registration", form.area)
        ids = await people.keep(connection, [form.applicant, *form.team], at)
        values = {**_columns(form, at), "division": division, "applicant_id": ids[0]}
        await connection.execute(update(Entry).where(Entry.id == entry_id).values(**values))
        await connection.execute(delete(Member).where(Member.entry_id == entry_id))
        await connection.execute(insert(Member), _team(entry_id, ids))
        await log.write(connection, season.id, [log.Line("entry.changed", actor="applicant", entry_id=entry_id)], at=at)


async def submit(database: Database, entry_id: int, *, actor: str = "applicant") -> tuple[str, datetime]:
    """Submit an entry through the gate. Answers its public number and the accepting instant.

    Submitting again while the window is open counts as the newer submission. Raises Refused with the closing
    instant; a late attempt is kept in the log.
    """
    async with database.statement() as connection:
        values = {"entry": entry_id, "actor": actor, "now": now_parameter()}
        row = (await connection.execute(_SUBMIT_STATEMENT, values)).one_or_none()
        if row is not None:
            return row.number, row.at
        entry = await _entry(connection, entry_id)
        line = log.Line("entry.refused_late", actor=actor, entry_id=entry_id, data={"number": entry["number"]})
        await log.write(connection, entry["season_id"], [line])
        if entry["state"] in (EntryState.DRAFT, EntryState.SUBMITTED, EntryState.LAPSED):
            await gate.refuse(connection, entry["season_id"], "registration", entry["area"])
        raise Refused("entry.state", f"Entry {entry['number']} is {entry['state']} and cannot be submitted.")


async def withdraw(database: Database, entry_id: int, *, reason: str = "") -> None:
    """Take an entry out of the season, at any time before its results. Raises Refused if it is over."""
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        over = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.AWARDED, EntryState.FINISHED, EntryState.INELIGIBLE)
        if entry["state"] in over:
            raise Refused("entry.over", f"Entry {entry['number']} is {entry['state']} and cannot be withdrawn.")
        await connection.execute(
            update(Entry).where(Entry.id == entry_id).values(state=EntryState.WITHDRAWN, alive=False)
        )
        line = log.Line("entry.withdrawn", actor="applicant", entry_id=entry_id, reason=reason or None)
        await log.write(connection, entry["season_id"], [line])


async def recommend(database: Database, entry_id: int, channel: str, act: str = "vouched") -> None:
    """A channel vouches for an entry while registration is open. The first recommendation counts, all are kept."""
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        season_id = entry["season_id"]
        passed = await connection.execute(
            text(f"WITH {gate.BY_KIND} SELECT at FROM gate"),
            {"season": season_id, "kind": "registration", "area": entry["area"], "now": now_parameter()},
        )
        at = passed.scalar_one_or_none()
        if at is None:
            await gate.refuse(connection, season_id, "registration", entry["area"])
        line = await _recommend(connection, season_id, entry_id, channel, at, act)
        await log.write(connection, season_id, [line], at=at)


async def add_channel(database: Database, season_id: str, form: ChannelForm) -> int:
    """Write a channel, or answer the one that has this code already."""
    async with database.transaction() as connection:
        await live(connection, season_id)
        at = (await connection.execute(select(now_sql()))).scalar_one()
        contact = (await people.keep(connection, [form.contact], at))[0]
        values = {**form.model_dump(exclude={"contact"}), "season_id": season_id, "contact_id": contact}
        statement = upsert(Channel).values(created_at=at, **values)
        statement = statement.on_conflict_do_update(
            index_elements=["season_id", "code"], set_={"name": form.name, "quota": form.quota}
        )
        channel_id: int = (await connection.execute(statement.returning(Channel.id))).scalar_one()
        return channel_id


async def _recommend(
    connection: AsyncConnection, season_id: str, entry_id: int, channel: str, at: datetime, act: str
) -> log.Line:
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
    return log.Line("entry.recommended", actor=f"channel/{channel}", entry_id=entry_id, data={"by": channel})


async def _entry(connection: AsyncConnection, entry_id: int) -> dict[str, Any]:
    found = await rows(
        connection, "SELECT id, season_id, number, area, track, state FROM entries WHERE id = :id", id=entry_id
    )
    if not found:
        raise NotFound("entry.unknown", f"There is no entry {entry_id}.")
    return found[0]


async def _number(connection: AsyncConnection, season: LiveSeason, form: EntryForm) -> str:
    statement = upsert(Counter).values(season_id=season.id, area=form.area, track=form.track, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["season_id", "area", "track"], set_={"last": Counter.last + 1}
    )
    last = (await connection.execute(statement.returning(Counter.last))).scalar_one()
    return f"{season.file.number_prefix}-{form.area}-{form.track}-{last:04d}"


def _division(season: LiveSeason, form: EntryForm) -> str:
    file = season.file
    if form.area not in {a.code for a in file.areas}:
        raise BadInput(
            "entry.area", f"area: '{form.area}' is no area of this season.", _one_of(a.code for a in file.areas)
        )
    if form.track not in {t.code for t in file.tracks}:
        raise BadInput(
            "entry.track", f"track: '{form.track}' is no track of this season.", _one_of(t.code for t in file.tracks)
        )
    track = file.track(form.track)
    unknown = set(form.fields) - {f.code for f in track.fields}
    if unknown:
        raise BadInput(
            "entry.field",
            f"fields: '{min(unknown)}' is no field of track '{track.code}'.",
            _one_of(f.code for f in track.fields),
        )
    if bool(track.groups) != bool(form.group) or (form.group and form.group not in {g.code for g in track.groups}):
        raise BadInput(
            "entry.group",
            f"group: '{form.group or ''}' is no group of track '{track.code}'.",
            _one_of(g.code for g in track.groups),
        )
    return f"{form.track}/{form.group}" if form.group else form.track


def _one_of(codes: Any) -> str:
    return f"Choose one of: {', '.join(codes) or 'none'}."


def _columns(form: EntryForm, at: datetime) -> dict[str, Any]:
    return {
        "area": form.area, "track": form.track, "fields": list(form.fields), "title": form.title,
        "summary": form.summary, "organisation": form.organisation, "leader_degree": form.leader_degree,
        "documents": list(form.documents), "details": {"readiness": form.readiness}, "changed_at": at,
    }  # fmt: skip


def _team(entry_id: int, ids: list[int]) -> list[dict[str, int]]:
    distinct = list(dict.fromkeys(ids))
    return [{"entry_id": entry_id, "position": n, "person_id": person} for n, person in enumerate(distinct)]
