"""The crowd: everybody who acts in a season, looking around at each stop and planning what to do next.

Nobody acts by the name of a stage: what is open, assigned, invited, proposed or asked is read from the database, so the
same crowd lives through any season file.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.forms import JudgeForm
from records import channels, judging
from records.database import rows
from rehearsal.acts import Act
from rehearsal.applicants import channels_of, register
from rehearsal.endorsers import Endorsers
from rehearsal.guests import Guests
from rehearsal.judges import Judges, judges_of
from rehearsal.office import Office
from rehearsal.places import Places
from rehearsal.world import World


class Crowd:
    """All people of a season. `margin` is for live stacks, see `Cursor`."""

    def __init__(self, world: World, *, margin: int = 0) -> None:
        self._world = world
        self._actors = (
            Judges(world, margin), Office(world, margin), Guests(world), Places(world, margin), Endorsers(world),
        )  # fmt: skip
        self._always = margin > 0
        self._opened: set[str] = set()
        self._news: dict[str, Any] = {}

    async def set_up(self, now: datetime) -> list[Act]:
        """What the office does before the first window opens: channels and judges are asked; and what it does later."""
        world = self._world
        for area in world.file.areas:
            for channel in channels_of(world, area):
                await channels.add_channel(world.database, world.season, channel)
        for area in world.file.areas:
            for judge in judges_of(world, area):
                await judging.add_judge(world.database, world.season, judge)
        return await self._season_judges(now)

    async def _season_judges(self, now: datetime) -> list[Act]:
        """The judges of the finals are asked when the areas' own rounds are nearly over.

        Known earlier, they would be lent to whichever area plans its rounds first, and that is not the same in two
        rehearsals.
        """
        world = self._world
        async with world.database.transaction() as connection:
            found = await rows(connection, _AREA_ROUNDS_END, season=world.season)
        at = max(now, (found[0]["at"] or now) - world.span(timedelta(minutes=1)))

        async def ask(judge: JudgeForm) -> None:
            await judging.add_judge(world.database, world.season, judge)

        return [Act(at, judge.person.email, partial(ask, judge), "judge") for judge in judges_of(world, None)]

    async def look(self, now: datetime) -> list[Act]:
        """What people plan to do about what is new since the last look."""
        acts: list[Act] = []
        news = (await self._world.database.at_once(_NEWS, season=self._world.season))[0]
        moved = {what for what in news if news[what] != self._news.get(what)}
        self._news = news
        if not moved:
            return acts
        async with self._world.database.transaction() as connection:
            if "open" in moved:
                acts += await self._registrations(connection)
            for actor in self._actors:
                if moved & actor.HEEDS or (moved and self._always):
                    acts += await actor.look(connection, now)
        return acts

    async def _registrations(self, connection: AsyncConnection) -> list[Act]:
        acts: list[Act] = []
        for window in await rows(connection, _REGISTRATIONS, season=self._world.season):
            if window["id"] not in self._opened:
                self._opened.add(window["id"])
                count = self._world.shares.get((window["area"], window["stage"]), 0)
                acts += register(self._world, window, count)
        return acts


_AREA_ROUNDS_END = """SELECT max(closes_at) AS at FROM windows
  WHERE season_id = :season AND kind IN ('review', 'defence') AND area IS NOT NULL"""

_REGISTRATIONS = """SELECT id, area, stage, opens_at, closes_at FROM windows
  WHERE season_id = :season AND kind = 'registration' AND state = 'open' AND subject IS NULL ORDER BY id"""

# Cheap to ask at each stop; an actor looks only where what it heeds has moved.
_NEWS = """SELECT
  (SELECT md5(string_agg(id, ',' ORDER BY id)) FROM windows WHERE season_id = :season AND state = 'open'
     AND subject IS NULL) AS open,
  (SELECT max(id) FROM assignments) AS tasks,
  (SELECT max(session_id) FROM slots) AS slots,
  (SELECT max(id) FROM objections) AS objections,
  (SELECT count(*) FROM entries WHERE season_id = :season AND state = 'undecided') AS undecided,
  (SELECT count(*) FROM invitations) AS invitations,
  (SELECT max(id) FROM matches) AS matches,
  (SELECT max(id) FROM follow_ups) AS follow_ups"""
