"""The turns of a negotiation: one match, from the proposal to its outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.changes import tell_changes
from activities.house import House
from models.results import MatchRef, NegotiationTurn
from models.season import MatchingStage
from models.timeline import PlannedReminder
from records import campaigns, matching, tracking
from records.database import clock_of, rows
from records.seasons import LiveSeason, live
from rules import reminders
from rules.timeline import on_time
from rules.tracking import at_office_hour, next_in_rhythm

# A season that is paused is looked at again after this part of the time between two follow-ups.
_LOOKS = 30


class NegotiationDeeds:
    """Activities of a negotiation."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="turn_negotiation")
    async def turn(self, ref: MatchRef) -> NegotiationTurn:
        """Conclude what is over, ask and remind where it is due; and say when the next turn is wanted. Repeatable."""
        owner = matching.negotiation_workflow(ref.season, ref.match)
        # On its own: whoever answers locks a window before the match, so nobody may hold the match and wait for one.
        waiting = await tracking.waiting(self._house.database, ref.season, owner)
        if waiting.over:
            async with self._house.database.transaction() as connection:
                season = await live(connection, ref.season)
                if season.state == "running":
                    await tracking.close_over(connection, season.id, owner, await clock_of(connection))
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
            found = await matching.load(connection, ref.match, lock=True)
            if season.state == "cancelled":
                # A cancelled season takes its negotiations with it; their record stays as it was.
                over = found["state"] in ("proposed", "negotiating")
                return NegotiationTurn(state="cancelled" if over else found["state"])
            return await _Turn(connection, season, found, await clock_of(connection)).take(waiting.moved)


class _Turn:
    """One turn, in one transaction, with the match's row locked. Spans and instants are real."""

    def __init__(self, connection: AsyncConnection, season: LiveSeason, found: dict[str, Any], now: datetime) -> None:
        self._connection, self._season, self._found, self._now = connection, season, found, now
        self._stage = next(s for s in season.file.stages if isinstance(s, MatchingStage))
        self._owner = matching.negotiation_workflow(season.id, found["id"])
        self._every = season.pace.span(self._stage.follow_up_every)
        self._expires_at: datetime = found["proposed_at"] + season.pace.span(self._stage.close_after)
        self._state: str = found["state"]
        self._asked = 0

    async def take(self, moved: bool) -> NegotiationTurn:
        """Do the turn. `moved`: a window of this match was moved at some time, which may still have to be told."""
        if self._season.state == "paused":
            return self._says(self._now + self._every / _LOOKS)
        # Nothing is asked before the proposal is accepted.
        asked = [] if self._state == "proposed" else await tracking.asked_of(self._connection, self._found["id"])
        self._asked = len(asked)
        coming = await tell_changes(self._connection, self._season, self._owner, self._now) if moved else None
        if self._state == "proposed":
            moment = await self._await_answer()
        elif self._state == "negotiating":
            moment = await self._go_on(asked)
        else:
            # Told once, however often this turn is taken; a lost signal delays it, no more.
            await matching.tell_outcome(self._connection, self._found, self._state)
            moment = None
        return self._says(min(moment, coming) if moment and coming else moment)

    async def _await_answer(self) -> datetime | None:
        window = matching.answer_window(self._season.id, self._found["id"])
        held = (await rows(self._connection, _WINDOW, id=window))[0]
        if held["state"] == "closed":
            await self._end("match.unanswered")
            return None
        return await self._wait_for(held)

    async def _go_on(self, asked: list[dict[str, Any]]) -> datetime | None:
        """Until the outcome or the limit: a follow-up when it is due, and its reminders while it is not answered."""
        if self._now >= self._expires_at:
            await self._end("matching.close_after")
            return None
        unanswered = next((f for f in asked if f["state"] == "due"), None)
        if unanswered is not None:
            return self._limited(await self._wait_for(unanswered["window"]))
        last = asked[-1]["window"]["opens_at"] if asked else None
        pace, zone = self._season.pace, self._season.file.zone
        due = pace.real(
            at_office_hour(pace.nominal(next_in_rhythm(self._found["answered_at"], self._every, last)), zone)
        )
        if due > self._now or due >= self._expires_at:
            return self._limited(due)
        return self._limited(await self._ask(on_time(due, self._now, pace)))

    def _limited(self, at: datetime) -> datetime:
        return min(at, self._expires_at)

    async def _ask(self, at: datetime) -> datetime:
        """Ask the place how it stands, until the negotiation's limit at the latest; when its window next matters."""
        season, match = self._season, self._found["id"]
        self._asked += 1
        length = min(self._expires_at - at, season.pace.span(self._stage.answer_within))
        (window,) = await tracking.open_follow_ups(
            self._connection, season, "negotiation", [tracking.FollowUp(match, self._asked)], self._stage.id,
            self._owner, length, self._stage.reminders, at=at,
        )  # fmt: skip
        await self._tell("negotiation_follow_up", str(self._asked), window)
        held = (await rows(self._connection, _WINDOW, id=window))[0]
        return await self._wait_for(held)

    async def _wait_for(self, held: dict[str, Any]) -> datetime:
        """Remind for an open window where that is due; when it next wants a turn."""
        if held["state"] == "paused":
            return self._now + self._every / _LOOKS
        due = reminders.due([PlannedReminder.model_validate(r) for r in held["reminders"]], self._now, set())
        for line in due.send:
            await self._tell(line.template, f"{held['id']}/{line.key}", held["id"])
        closes_at: datetime = held["closes_at"]
        return min(due.next_at or closes_at, closes_at)

    async def _tell(self, template: str, subject: str, window: str) -> None:
        """A notice to the place's contact. Single notices go out with the next sweep."""
        told = matching.place_of(self._found["id"], subject)
        season = self._season.id
        await campaigns.plan(self._connection, f"{season}/{template}", season, template, told, window=window)

    async def _end(self, rule: str) -> None:
        """Nobody answered, or there was no outcome until the limit: it expires and blocks nobody."""
        await matching.end(self._connection, self._found, "expired", self._now, rule=rule)
        self._state = "expired"

    def _says(self, next_at: datetime | None) -> NegotiationTurn:
        return NegotiationTurn(state=self._state, asked=self._asked, next_at=next_at, expires_at=self._expires_at)


_WINDOW = "SELECT id, state, opens_at, closes_at, reminders FROM windows WHERE id = :id"
