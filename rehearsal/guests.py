"""Finalists and the public: objections to a list, confirmations, guests of events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import EventStage
from records import selection
from records.database import rows
from rehearsal import habits
from rehearsal.acts import Act
from rehearsal.dice import Dice
from rehearsal.world import World


class Guests:
    """Objects to entries on public notice, and answers invitations: most confirm, some decline, some are silent."""

    HEEDS = frozenset({"open", "invitations"})

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: set[str] = set()

    async def look(self, connection: AsyncConnection, now: datetime) -> list[Act]:
        """Acts for lists and invitations that are new since the last look."""
        acts = [act for row in await self._new(connection, _LISTED) for act in self._objects(row, now)]
        acts += [act for row in await self._new(connection, _INVITED) for act in self._replies(row, now)]
        return acts

    async def _new(self, connection: AsyncConnection, sql: str) -> list[dict[str, Any]]:
        found = await rows(connection, sql, season=self._world.season)
        fresh = [row for row in found if f"{row['window_id']}/{row['entry_id']}" not in self._seen]
        self._seen |= {f"{row['window_id']}/{row['entry_id']}" for row in fresh}
        return fresh

    def _objects(self, row: dict[str, Any], now: datetime) -> list[Act]:
        dice = Dice(self._world.seed, "public", row["stage"], row["number"])
        if not dice.falls(habits.OBJECTIONS):
            return []

        async def object_to() -> None:
            await selection.file_objection(
                self._world.database, row["window_id"], row["entry_id"], "The results shown were published by others."
            )

        at = dice.moment(max(now, row["opens_at"]), now + (row["closes_at"] - now) * 0.8)
        return [Act(at, f"object/{row['stage']}/{row['number']}", object_to, "object", row["window_id"])]

    def _replies(self, row: dict[str, Any], now: datetime) -> list[Act]:
        dice = Dice(self._world.seed, "reply", row["stage"], row["number"])
        chance = dice.random()
        if chance >= habits.CONFIRMS + habits.DECLINES:
            return []
        accept = chance < habits.CONFIRMS
        stage = self._world.file.stage(row["stage"])
        asks = stage.asks if isinstance(stage, EventStage) and accept else ()
        answers: dict[str, bool] = dict.fromkeys(map(str, asks), True)

        async def reply() -> None:
            await selection.answer_invitation(
                self._world.database, row["window_id"], row["entry_id"], accept=accept, answers=answers
            )

        begin = max(now, row["opens_at"])
        at = begin + (row["closes_at"] - begin) * dice.betavariate(1.4, 2) * 0.999
        kind = "confirm" if accept else "decline_invitation"
        return [Act(at, f"reply/{row['stage']}/{row['number']}", reply, kind, row["window_id"])]


_LISTED = """SELECT w.id AS window_id, w.stage, w.opens_at, w.closes_at, e.id AS entry_id, e.number
  FROM windows w JOIN entries e ON e.season_id = w.season_id AND e.area = coalesce(w.area, e.area)
  WHERE w.season_id = :season AND w.kind = 'public_notice' AND w.state = 'open' AND e.alive AND e.state = 'selected'
  ORDER BY w.id, e.number"""

_INVITED = """SELECT i.window_id, w.stage, w.opens_at, w.closes_at, i.entry_id, e.number
  FROM invitations i JOIN windows w ON w.id = i.window_id JOIN entries e ON e.id = i.entry_id
  WHERE w.season_id = :season AND i.state = 'invited' AND w.state IN ('open', 'scheduled') ORDER BY w.id, e.number"""
