"""Deeds of tracking: follow-ups on landed and negotiating projects, for years, many at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.house import House
from models.results import TrackingTurn
from models.season import MatchingStage, TrackingStage
from models.timeline import PlannedReminder
from records import campaigns, log, matching, tracking, windows
from records.database import CLOCK, rows
from records.seasons import LiveSeason, live
from rules import reminders
from rules.tracking import follow_up_dates

_TOGETHER = timedelta(days=1)


class TrackingDeeds:
    """Activities of tracking."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="turn_tracking")
    async def turn(self, season: str) -> TrackingTurn:
        """Close what is over, remind, open what is due; and say when the next turn is wanted."""
        async with self._house.database.transaction() as connection:
            found = await live(connection, season)
            if found.state == "cancelled":
                return TrackingTurn()
            return await _Turn(connection, found).take()


class _Turn:
    """One turn, in one transaction."""

    def __init__(self, connection: AsyncConnection, season: LiveSeason) -> None:
        self._connection, self._season = connection, season
        self._stage = next(s for s in season.file.stages if isinstance(s, TrackingStage))
        self._owner = f"season/{season.id}/tracking"
        self._queued: set[str] = set()
        self._next: list[datetime] = []

    async def take(self) -> TrackingTurn:
        now = (await rows(self._connection, f"SELECT {CLOCK} AS at"))[0]["at"]
        closed = await self._close(now)
        opened = await self._open(now)
        await self._remind(now)
        if await self._matching_may_come(now):
            self._next.append(now + self._season.pace.span(timedelta(days=30)))
        # A whole day's follow-ups go together: one turn for a day, however many projects.
        later = [max(at, now) for at in self._next]
        next_at = min(later) + self._season.pace.span(_TOGETHER) if later else None
        return TrackingTurn(next_at=next_at, opened=opened, closed=closed, campaigns=tuple(sorted(self._queued)))

    async def _close(self, now: datetime) -> int:
        closed = 0
        for window in await tracking.open_ones(self._connection, self._season.id, self._owner):
            if window["closes_at"] > now or window["state"] == "paused":
                self._next.append(window["closes_at"])
                continue
            if (await windows.close_window(self._connection, window["id"])).closed:
                await tracking.miss(
                    self._connection, self._season.id, window["match_id"], "tracking", window["ordinal"]
                )
                closed += 1
        return closed

    async def _open(self, now: datetime) -> int:
        opened: list[tuple[int, int, str]] = []
        for match in await tracking.tracked(self._connection, self._season.id):
            due = self._due(match, now)
            if due is None:
                continue
            newest, skipped = due
            if skipped:
                line = log.Line(
                    "follow_up.missed", entry_id=match["entry_id"], rule="tracking.merged",
                    reason="several were due at once; only the newest was asked", data={"match": match["id"]},
                )  # fmt: skip
                await log.write(self._connection, self._season.id, [line])
            window = await tracking.open_follow_up(
                self._connection, self._season, match["id"], "tracking", newest, self._stage.id, self._owner,
                self._season.pace.span(self._stage.answer_within), self._stage.reminders,
            )  # fmt: skip
            opened.append((match["id"], newest, window))
            self._next.append(now + self._season.pace.span(self._stage.answer_within))
        for match_id, ordinal, window in opened:
            await self._tell([match_id], "follow_up_due", str(ordinal), window)
        return len(opened)

    def _due(self, match: dict[str, Any], now: datetime) -> tuple[int, int] | None:
        """(newest ordinal due, how many before it were skipped), or None; keeps when the next one comes."""
        pace = self._season.pace
        dates = follow_up_dates(pace.nominal(match["base"]), self._stage.after, self._stage.yearly_for)
        coming = [pace.real(at) for at in dates[match["last"] :]]
        self._next += [at for at in coming if at > now][:1]
        over = sum(1 for at in coming if at <= now)
        return (match["last"] + over, over - 1) if over else None

    async def _remind(self, now: datetime) -> None:
        for window in await tracking.open_ones(self._connection, self._season.id, self._owner):
            if window["answer_state"] != "due" or window["state"] != "open":
                continue
            plan = [PlannedReminder.model_validate(r) for r in window["reminders"]]
            due = reminders.due(plan, now, set())
            self._next += [due.next_at] if due.next_at else []
            for line in due.send:
                await self._tell([window["match_id"]], line.template, f"{window['ordinal']}/{line.key}", window["id"])

    async def _tell(self, matches: list[int], template: str, subject: str, window: str) -> None:
        campaign = f"{self._season.id}/{template}"
        told = await matching.both_sides(self._connection, matches, {}, only="place")
        told = [r._replace(subject=f"{r.subject}/{subject}") for r in told]
        if await campaigns.plan(self._connection, campaign, self._season.id, template, told, window=window):
            self._queued.add(campaign)

    async def _matching_may_come(self, now: datetime) -> bool:
        """Whether a match may still begin: a round to come, or a proposed match that is not answered yet."""
        stage = next((s for s in self._season.file.stages if isinstance(s, MatchingStage)), None)
        if stage is None:
            return False
        found = await rows(
            self._connection,
            """SELECT count(*) FILTER (WHERE state = 'proposed') AS proposed, coalesce(max(round), 0) AS round
               FROM matches WHERE season_id = :season""",
            season=self._season.id,
        )
        rounds = await rows(
            self._connection, "SELECT count(*) AS n FROM log WHERE season_id = :season AND event = 'matching.round'",
            season=self._season.id,
        )  # fmt: skip
        return bool(found[0]["proposed"]) or rounds[0]["n"] < stage.rounds
