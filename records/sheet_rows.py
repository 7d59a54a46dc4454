"""Channels, judges, places and needs as a spreadsheet asks for them: what there is by a key; and the change of a need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from records import log
from records.database import Database, run
from records.imports import gate_of


async def channel_of(database: Database, season: str, code: str) -> dict[str, Any] | None:
    """A channel by its code: name, area, quota, contact (a mail address)."""
    found = await database.at_once(
        """SELECT c.name, c.area, c.quota, p.email AS contact FROM channels c JOIN people p ON p.id = c.contact_id
           WHERE c.season_id = :season AND c.code = :code""",
        season=season,
        code=code,
    )
    return found[0] if found else None


async def judge_of(database: Database, season: str, email: str) -> dict[str, Any] | None:
    """A judge by mail address: area, tracks, organisation, background, max_load."""
    found = await database.at_once(
        """SELECT j.area, j.tracks, j.organisation, j.background, j.max_load
           FROM judges j JOIN people p ON p.id = j.person_id WHERE j.season_id = :season AND p.email = :email""",
        season=season,
        email=email,
    )
    return found[0] if found else None


async def place_of(database: Database, season: str, name: str) -> dict[str, Any] | None:
    """A place by its name: id, contact (a mail address)."""
    found = await database.at_once(
        """SELECT pl.id, p.email AS contact FROM places pl JOIN people p ON p.id = pl.contact_id
           WHERE pl.season_id = :season AND pl.name = :name ORDER BY pl.id LIMIT 1""",
        season=season,
        name=name,
    )
    return found[0] if found else None


async def need_of(database: Database, place: int, title: str) -> dict[str, Any] | None:
    """A need by its place and title: id, summary, tracks, fields, readiness, capacity."""
    found = await database.at_once(
        """SELECT id, summary, tracks, fields, readiness, capacity FROM needs
           WHERE place_id = :place AND title = :title ORDER BY id LIMIT 1""",
        place=place,
        title=title,
    )
    return found[0] if found else None


async def needs_open(database: Database, season: str) -> None:
    """Whether needs are taken now. Raises Refused or NotFound where they are not."""
    async with database.transaction() as connection:
        await gate_of(connection, season, "needs", None)


async def change_need(database: Database, season: str, need: int, wanted: Mapping[str, Any], *, actor: str) -> None:
    """Bring a need up to date while its window is open. Raises Refused, NotFound."""
    async with database.transaction() as connection:
        passed = await gate_of(connection, season, "needs", None)
        await run(
            connection,
            """UPDATE needs SET summary = :summary, tracks = CAST(:tracks AS jsonb), fields = CAST(:fields AS jsonb),
                 readiness = :readiness, capacity = :capacity WHERE id = :need""",
            **{**wanted, "tracks": json.dumps(wanted["tracks"]), "fields": json.dumps(wanted["fields"])},
            need=need,
        )
        line = log.Line("need.changed", actor=actor, window_id=passed["id"], data={"need": need})
        await log.write(connection, season, [line], at=passed["at"])
