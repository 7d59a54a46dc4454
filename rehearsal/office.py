"""The season office and the area organisers: undecided screenings, wild cards, objections."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import SelectionStage
from records import screening, selection
from records.database import rows
from rehearsal import habits
from rehearsal.acts import Act
from rehearsal.cursor import Cursor
from rehearsal.dice import Dice
from rehearsal.world import World

ACTOR = "ops"


class Office:
    """Decides what a rule leaves to people, mostly in time; what it leaves is decided by rule at the close."""

    HEEDS = frozenset({"open", "objections", "undecided"})

    def __init__(self, world: World, margin: int = 0) -> None:
        self._world = world
        self._undecided = Cursor(margin)
        self._objections = Cursor(margin)
        self._rounds: set[str] = set()

    async def look(self, connection: AsyncConnection, now: datetime) -> list[Act]:
        """Acts for undecided entries, objections, and rounds that end soon."""
        season = self._world.season
        acts = [
            self._decides(row, now)
            for row in self._undecided.new(await rows(connection, _UNDECIDED, season=season), "id")
        ]
        found = await rows(connection, _OBJECTIONS, season=season, floor=self._objections.floor)
        acts += [self._answers(row, now) for row in self._objections.new(found, "id")]
        for window in await rows(connection, _ROUNDS, season=season):
            if window["id"] not in self._rounds:
                self._rounds.add(window["id"])
                acts += self._wild_cards(window)
        return [act for act in acts if act.at >= now]

    def _decides(self, entry: dict[str, Any], now: datetime) -> Act:
        dice = Dice(self._world.seed, "screening", entry["number"])
        eligible = dice.falls(habits.FOUND_ELIGIBLE)

        async def decide() -> None:
            await screening.decide_screening(
                self._world.database, entry["id"], eligible=eligible, actor=ACTOR,
                reason="Looked at both projects: they differ." if eligible else "The same project entered twice.",
            )  # fmt: skip

        overlooked = not dice.falls(habits.DECIDES_AT_ALL)
        at = now - timedelta(days=1) if overlooked else dice.moment(now, entry["closes_at"])
        return Act(at, f"undecided/{entry['number']}", decide, "decide_screening")

    def _answers(self, objection: dict[str, Any], now: datetime) -> Act:
        dice = Dice(self._world.seed, "objection", objection["stage"], objection["number"])
        upheld = dice.falls(habits.UPHELD)

        async def decide() -> None:
            await selection.decide_objection(
                self._world.database, objection["id"], upheld=upheld, actor=ACTOR,
                reason="The evidence holds." if upheld else "Checked; there is nothing to it.",
            )  # fmt: skip

        overlooked = not dice.falls(habits.DECIDES_AT_ALL)
        at = now - timedelta(days=1) if overlooked else dice.moment(now, objection["closes_at"])
        return Act(at, f"objection/{objection['id']}", decide, "decide_objection")

    def _wild_cards(self, window: dict[str, Any]) -> list[Act]:
        """Some hours before the round ends on which a selection is built, wild cards are named for it."""
        acts = []
        for stage in self._world.file.stages:
            if not isinstance(stage, SelectionStage) or stage.by != window["stage"]:
                continue
            if (stage.scope == "area") != (window["area"] is not None):
                continue
            override = self._world.file.area(window["area"]).stages.get(stage.id) if window["area"] else None
            own = override.wild_cards if override else None
            for number in range(stage.wild_cards if own is None else own):
                dice = Dice(self._world.seed, "wild card", stage.id, window["area"], number)
                if dice.falls(habits.WILD_CARDS_USED):
                    before = self._world.span(timedelta(hours=2 + number))
                    at = max(window["opens_at"], window["closes_at"] - before)
                    acts.append(self._wild_card(at, stage.id, window, dice, number))
        return acts

    def _wild_card(self, at: datetime, stage: str, window: dict[str, Any], dice: Dice, number: int) -> Act:
        async def name() -> None:
            async with self._world.database.statement() as connection:
                found = await rows(connection, _CANDIDATES, season=self._world.season, area=window["area"])
            if found:
                await selection.give_wild_card(
                    self._world.database, self._world.season, stage, dice.pick(found)["id"], actor=ACTOR,
                    reason="Of strategic importance to the host region.",
                )  # fmt: skip

        return Act(at, f"wild/{stage}/{window['area']}/{number}", name, "wild_card")


_UNDECIDED = """SELECT e.id, e.number, w.closes_at FROM entries e
  JOIN windows w ON w.season_id = e.season_id AND w.area = e.area AND w.kind = 'screening' AND w.state = 'open'
  WHERE e.season_id = :season AND e.state = 'undecided' ORDER BY e.number"""

_OBJECTIONS = """SELECT o.id, w.stage, w.closes_at, e.number FROM objections o JOIN windows w ON w.id = o.window_id
  JOIN entries e ON e.id = o.entry_id
  WHERE o.season_id = :season AND o.state = 'open' AND o.id > :floor ORDER BY o.id"""

_ROUNDS = """SELECT id, stage, area, opens_at, closes_at FROM windows WHERE season_id = :season AND subject IS NULL
  AND kind IN ('review', 'defence') AND state = 'open' ORDER BY id"""

_CANDIDATES = """SELECT id FROM entries WHERE season_id = :season AND alive AND area = coalesce(:area, area)
  ORDER BY number"""
