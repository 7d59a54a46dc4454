"""Channels in the window that is theirs: most rank and sign their lists, some late, some not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import Refused
from records import endorsements
from records.database import rows
from rehearsal import habits
from rehearsal.acts import Act
from rehearsal.dice import Dice
from rehearsal.world import World


class Endorsers:
    """Ranks the entries of each channel by lot, saves now and then, and signs in time, mostly."""

    HEEDS = frozenset({"open"})

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: set[str] = set()

    async def look(self, connection: AsyncConnection, now: datetime) -> list[Act]:
        """Acts for lists that are new since the last look."""
        acts: list[Act] = []
        for row in await rows(connection, _LISTS, season=self._world.season):
            key = f"{row['window_id']}/{row['code']}"
            if key not in self._seen:
                self._seen.add(key)
                acts += self._signs(row, now, key)
        return acts

    def _signs(self, row: dict[str, Any], now: datetime, key: str) -> list[Act]:
        dice = Dice(self._world.seed, "list", row["stage"], row["area"], row["code"])
        begin = max(now, row["opens_at"])
        acts = [Act(dice.moment(begin, row["closes_at"]), f"{key}/1", lambda: self._put(row, dice), "rank", row["window_id"])]  # fmt: skip
        if dice.falls(habits.SIGNS_LIST):
            at = dice.moment(acts[0].at, row["closes_at"])
            acts.append(Act(at, f"{key}/2", lambda: self._put(row, dice, signs=True), "sign_list", row["window_id"]))
        return acts

    async def _put(self, row: dict[str, Any], dice: Dice, *, signs: bool = False) -> None:
        database, season = self._world.database, self._world.season
        found = await endorsements.of_channel(database, season, row["code"])
        entries = next((one.entries for one in found if one.window == row["window_id"]), ())
        if not entries:
            raise Refused("list.empty", f"Channel '{row['code']}' has no entry left to rank.")
        ranking = dice.sample([entry.id for entry in entries], len(entries))
        signer = "Signed in rehearsal" if signs else None
        await endorsements.put(database, season, row["code"], row["window_id"], ranking, signer=signer)


_LISTS = """SELECT DISTINCT w.id AS window_id, w.stage, w.area, w.opens_at, w.closes_at, c.code
  FROM windows w JOIN entries e ON e.season_id = w.season_id AND (w.area IS NULL OR e.area = w.area)
    AND e.state = 'submitted'
  JOIN channels c ON c.id = e.channel_id
  WHERE w.season_id = :season AND w.kind = 'endorsement' AND w.state = 'open' ORDER BY w.id, c.code"""
