"""Deeds of tracking: follow-ups on landed and negotiating projects, for years, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.campaigns import started
from activities.changes import tell_changes
from activities.house import House
from models.results import TrackingTurn
from models.season import MatchingStage, TrackingStage
from models.timeline import PlannedReminder
from records import campaigns, matching, tracking
from records.database import clock_of, rows
from records.seasons import LiveSeason, live
from rules import reminders
from rules.tracking import follow_up_dates

_TOGETHER = timedelta(days=1)
_AT_THE_SOONEST = timedelta(minutes=1)
_LOOK = timedelta(days=30)


class TrackingDeeds:
    """Activities of tracking."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="turn_tracking")
    async def turn(self, season: str) -> TrackingTurn:
        """Close what is over, open what is due, remind; and say when the next turn is wanted. Repeatable."""
        async with self._house.database.transaction() as connection:
            # Two turns of one season at once (an attempt given up too early, and the next one) take turns.
            await rows(connection, "SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))", key=f"tracking/{season}")
            found = await live(connection, season)
            if found.state == "cancelled":
                return TrackingTurn()
            turn = await _Turn(connection, found, await clock_of(connection)).take()
        return await started(self._house, season, turn)


class _Told(NamedTuple):
    """One thing to be asked of a place: about which match, named how within its campaign, with which window."""

    match: int
    subject: str
    window: str


class _Turn:
    """One turn, in one transaction. Spans and instants are real."""

    def __init__(self, connection: AsyncConnection, season: LiveSeason, now: datetime) -> None:
        self._connection, self._season, self._now = connection, season, now
        self._stage = next(s for s in season.file.stages if isinstance(s, TrackingStage))
        self._owner = f"season/{season.id}/tracking"
        self._told: dict[str, list[_Told]] = defaultdict(list)
        self._moments: list[datetime] = []
        self._due_dates: list[datetime] = []

    async def take(self) -> TrackingTurn:
        """Do the turn."""
        span = self._season.pace.span
        if self._season.state == "paused":
            return TrackingTurn(next_at=self._now + span(_TOGETHER))
        closed = await tracking.close_over(self._connection, self._season.id, self._owner, self._now)
        coming = await tell_changes(self._connection, self._season, self._owner, self._now)
        self._moments += [coming] if coming else []
        opened = await self._open()
        await self._remind()
        if await self._matching_may_come():
            # Often enough to hear of a new match before its first follow-up is due.
            self._moments.append(self._now + span(min([*self._stage.after, _LOOK])))
        told = [name for template, about in sorted(self._told.items()) if (name := await self._tell(template, about))]
        return TrackingTurn(next_at=self._next(), opened=opened, closed=closed, campaigns=tuple(told))

    def _next(self) -> datetime | None:
        """Closes and reminders have their instants; what falls due within a day of the first is opened together."""
        moments = list(self._moments)
        if self._due_dates:
            together = min(self._due_dates) + self._season.pace.span(_TOGETHER)
            moments.append(max(at for at in self._due_dates if at <= together))
        # Never at once again, should the clocks of the two servers differ a little.
        soonest = self._now + self._season.pace.span(_AT_THE_SOONEST)
        return max(min(moments), soonest) if moments else None

    async def _open(self) -> int:
        wanted = []
        for match in await tracking.tracked(self._connection, self._season.id):
            ordinal, skipped = self._due(match)
            if ordinal:
                wanted.append(tracking.FollowUp(match["id"], ordinal, skipped))
        if wanted:
            length = self._season.pace.span(self._stage.answer_within)
            opened = await tracking.open_follow_ups(
                self._connection, self._season, "tracking", wanted, self._stage.id, self._owner, length,
                self._stage.reminders, at=self._now,
            )  # fmt: skip
            for one, window in zip(wanted, opened, strict=True):
                self._told["follow_up_due"].append(_Told(one.match, str(one.ordinal), window))
        return len(wanted)

    def _due(self, match: dict[str, Any]) -> tuple[int, int]:
        """(newest ordinal that is due or 0, how many before it are left out); keeps when the next one comes."""
        pace = self._season.pace
        dates = follow_up_dates(pace.nominal(match["base"]), self._stage.after, self._stage.yearly_for)
        coming = [pace.real(at) for at in dates[match["last"] :]]
        self._due_dates += [at for at in coming if at > self._now][:1]
        over = sum(at <= self._now for at in coming)
        return (match["last"] + over, over - 1) if over else (0, 0)

    async def _remind(self) -> None:
        for window in await tracking.open_ones(self._connection, self._season.id, self._owner):
            if window["state"] == "paused":
                self._moments.append(self._now + self._season.pace.span(_TOGETHER))
                continue
            self._moments.append(window["closes_at"])
            if not window["asked"]:
                continue
            plan = [PlannedReminder.model_validate(r) for r in window["reminders"]]
            due = reminders.due(plan, self._now, set())
            self._moments += [due.next_at] if due.next_at else []
            for line in due.send:
                subject = f"{window['ordinal']}/{line.key}"
                self._told[line.template].append(_Told(window["match_id"], subject, window["id"]))

    async def _tell(self, template: str, about: Sequence[_Told]) -> str | None:
        """Queue the notices of one template to the places' contacts; the campaign if it has something to send."""
        campaign = f"{self._season.id}/{template}"
        subjects = {one.match: one for one in about}
        told, windows = [], {}
        for place in await matching.both_sides(self._connection, list(subjects), {}, only="place"):
            one = subjects[int(place.subject.split("/")[1])]
            told.append(place._replace(subject=f"{place.subject}/{one.subject}"))
            windows[told[-1].subject] = one.window
        queued = await campaigns.plan(self._connection, campaign, self._season.id, template, told)
        await tracking.point_to_windows(self._connection, self._season.id, campaign, windows)
        return campaign if queued else None

    async def _matching_may_come(self) -> bool:
        """Whether a match may still begin: a round to come, or a proposed match that is not answered yet."""
        stage = next((s for s in self._season.file.stages if isinstance(s, MatchingStage)), None)
        if stage is None:
            return False
        found = await rows(
            self._connection,
            """SELECT EXISTS (SELECT 1 FROM matches WHERE season_id = :season AND state = 'proposed') AS proposed,
                 (SELECT count(*) FROM log WHERE season_id = :season AND event = 'matching.round') AS rounds""",
            season=self._season.id,
        )
        return bool(found[0]["proposed"]) or found[0]["rounds"] < stage.rounds
