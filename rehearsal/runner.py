"""Rehearsing a season: production workflows, activities and rules on a server that skips time, and a crowd that acts.

The crowd's acts are ordered by time. Again and again: let time pass to the next instant at which anything changes by
itself (a window opens or closes, a reminder is due) or a workflow must hear of an act; until then do the acts that
fall before it, each judged at its own instant. Acts that touch each other are done one after another, so the same seed
gives the same season.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio.client import Client

from activities.composing import Stationery
from activities.house import House
from activities.mail import MailDeeds
from desk.client import Desk
from models.season import MatchingStage, SeasonFile, TrackingStage
from models.timeline import Pace
from records import campaigns, seasons
from records.database import Database, at_instant
from records.schema import migrate
from rehearsal.acts import AT_ONCE, Agenda, Ledger, perform_all
from rehearsal.crowd import Crowd
from rehearsal.facts import Course, compile_report
from rehearsal.recorder import Recorder
from rehearsal.report import Report
from rehearsal.server import VirtualTime, time_skipping, working
from rehearsal.world import World
from rules import timeline as timelines
from workers.embedded.temporary import temporary_postgres
from workers.loop import run

LEAD = timedelta(hours=18)
"""How long before the first window the rehearsal begins."""
MONTH = timedelta(days=30.4375)
STEP = timedelta(days=2)
"""Time passes in steps of this at most, so that new things are noticed and mail of the day goes out."""
_LATE_PARTS = ("match_answer", "follow_up")
_NOTICED_WITHIN = 4
"""When only places are asked, a question is noticed within this part of the time that they have to answer."""
SENDER = "Season office <season@example.org>"


class Progress(NamedTuple):
    """How far a rehearsal is: the season's own date, the share of time passed (0 to 1), acts done, what goes on."""

    date: datetime
    share: float
    acts: int
    part: str


Listener = Callable[[Progress], None]


def rehearse(
    file: SeasonFile, *, entries: int, seed: int, months: float = 18, progress: Listener | None = None
) -> Report:
    """Rehearse a season on a PostgreSQL of its own, gone at the end. Call it outside of an event loop.

    `months` counts from the first window's opening. Raises Unavailable where a server does not start.
    """
    begun = time.perf_counter()
    with temporary_postgres() as postgres, _rare_collection():
        asyncio.run(postgres.ensure_database("rehearsal"))
        url = postgres.url("rehearsal")
        migrate(url)
        set_up = time.perf_counter() - begun
        return run(rehearse_on(url, file, entries=entries, seed=seed, months=months, progress=progress, set_up=set_up))


@contextmanager
def _rare_collection() -> Iterator[None]:
    """A process with hundreds of workflows in memory spends its time looking for garbage that is not there."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def rehearse_on(
    url: str,
    file: SeasonFile,
    *,
    entries: int,
    seed: int,
    months: float = 18,
    progress: Listener | None = None,
    set_up: float = 0.0,
) -> Report:
    """The same on a migrated, empty database; `set_up` are the seconds that it took to make it."""
    begun = time.perf_counter()
    database, crowd_database, recorder = Database(url, pool_size=10), Database(url, pool_size=AT_ONCE), Recorder()
    try:
        async with (
            time_skipping() as (environment, clock),
            working(environment, house := _house(database, recorder, environment.client)),
        ):
            desk = Desk(crowd_database, environment.client)
            pace = await _begin(clock, desk, file)
            world = World(file.id, file, pace, desk, seed, entries)
            course = Rehearsal(world, clock, MailDeeds(house), progress)
            course.phases["set_up"] = set_up + time.perf_counter() - begun
            await course.through(months)
            wall = set_up + time.perf_counter() - begun
            return await compile_report(world, course.ledger, recorder, course.course(wall))
    finally:
        await database.close()
        await crowd_database.close()


def _house(database: Database, recorder: Recorder, client: Client) -> House:
    return House(
        database,
        recorder,
        sender=SENDER,
        public_url="https://season.example.org",
        temporal=client,
        lanes=1,
        mark_each=False,
        stationery=Stationery(whole=False),  # the recorder reads no more than the headers
    )


async def _begin(clock: VirtualTime, desk: Desk, file: SeasonFile) -> Pace:
    """Write the season and start it, some hours before its first window opens."""
    plan = timelines.resolve(file)
    first = min(window.opens_at for window in plan.windows)
    now = await clock.now()
    pace = Pace(anchor_nominal=first, anchor_real=calendar_alike(first, now + LEAD))
    await clock.advance(pace.anchor_real - LEAD)
    at = await clock.now()
    with at_instant(at):
        async with desk.database.transaction() as connection:
            await seasons.start(connection, file.id, file, plan, pace, actor="ops", at=at)
    await desk.run_season(file.id)
    await clock.settle()
    return pace


def calendar_alike(nominal: datetime, earliest: datetime) -> datetime:
    """The same date in the first year that is not before `earliest` and has the same calendar, day by day.

    The calendar repeats every 28 years until 2099, so weekdays, month ends and summer times stay where they are.
    """
    found = nominal
    while found < earliest:
        found = found.replace(year=found.year + 28)
    return found


class Rehearsal:
    """One run through a season."""

    def __init__(self, world: World, clock: VirtualTime, mail: MailDeeds, progress: Listener | None) -> None:
        self._world, self._clock, self._mail, self._tell = world, clock, mail, progress
        self._agenda = Agenda()
        self._crowd = Crowd(world)
        self.ledger = Ledger()
        self.phases: defaultdict[str, float] = defaultdict(float)
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._began: datetime | None = None
        self._now: datetime | None = None
        self._part = "set_up"
        asking = [s.answer_within for s in world.file.stages if isinstance(s, (MatchingStage, TrackingStage))]
        self._late_step = max(min(asking, default=STEP) / _NOTICED_WITHIN, STEP)

    async def through(self, months: float) -> None:
        """Live through the season until `months` after its first window opened."""
        world = self._world
        self._began = self._now = await self._clock.now()
        end = world.pace.anchor_real + months * MONTH
        with at_instant(self._now):
            self._agenda.add(await self._crowd.set_up(self._now))
        while self._now < end:
            lap = time.perf_counter()
            await self._one_stretch(end)
            self.phases[self._part] += time.perf_counter() - lap
            if self._tell:
                share = (self._now - self._began) / (end - self._began)
                self._tell(Progress(world.nominal(self._now), min(share, 1.0), self.ledger.total, self._part))
        await self._let_mail_go(self._now)
        await self._clock.settle()

    def course(self, wall: float) -> Course:
        """How it went: times and durations."""
        assert self._began is not None
        assert self._now is not None
        phases = {part: round(seconds, 3) for part, seconds in self.phases.items()}
        spent = {what: round(seconds, 3) for what, seconds in self.spent.items()}
        return Course(self._began, self._now, wall, phases, spent, self._clock.advances)

    async def _one_stretch(self, end: datetime) -> None:
        """Look around, act until the next instant at which something happens by itself, and go there."""
        assert self._now is not None
        begun = time.perf_counter()
        with at_instant(self._now):
            self._agenda.add(await self._crowd.look(self._now))
        stop = await self._next_stop(self._now, end)
        looked = time.perf_counter()
        await self._act(max(stop, self._now + timedelta(microseconds=1)))
        done = time.perf_counter()
        await self._let_mail_go(stop)
        await self._clock.advance(stop)
        # Not the server's own present: it is later by what the work took, and that differs between two rehearsals.
        self._now = stop
        self.spent["looking"] += looked - begun
        self.spent["acting"] += done - looked
        self.spent["time"] += time.perf_counter() - done

    async def _act(self, stop: datetime) -> None:
        acts = []
        while (act := self._agenda.take(stop)) is not None:
            acts.append(act)
        await perform_all(self._world.database, acts, self.ledger)

    async def _next_stop(self, now: datetime, end: datetime) -> datetime:
        """The next instant at which a window changes or reminds, or an act of which workflows hear; a day at most."""
        found = await self._world.database.at_once(_BOUNDARIES, season=self._world.season, instant=now)
        self._part = found[0]["part"] or self._part
        step = self._late_step if self._part in _LATE_PARTS else STEP
        moments = [now + step, end, found[0]["at"], self._agenda.next_exact()]
        stop: datetime = min(moment for moment in moments if moment is not None)
        return max(now, stop)

    async def _let_mail_go(self, until: datetime) -> None:
        """What the sweep of the mail worker does every few seconds: send what single acts have queued."""
        with at_instant(until):
            waiting = await campaigns.waiting(self._world.database, older_than=timedelta(0))
            await self._mail.send_singles([one for one in waiting if one.single])
        for one in waiting:
            if not one.single:
                await self._world.desk.send(one.season, one.campaign)


_BOUNDARIES = """WITH live AS (
    SELECT * FROM windows WHERE season_id = :season AND state IN ('scheduled', 'open')
  ), moments AS (
    SELECT opens_at AS at FROM live WHERE opens_at > :instant
    UNION ALL SELECT closes_at FROM live WHERE closes_at > :instant
    UNION ALL SELECT CAST(r->>'at' AS timestamptz) FROM live, jsonb_array_elements(reminders) r
      WHERE opens_at <= :instant AND CAST(r->>'at' AS timestamptz) > :instant
  )
  SELECT (SELECT min(at) FROM moments) AS at,
    (SELECT kind FROM live WHERE state = 'open' AND kind NOT IN ('needs', 'event') ORDER BY ordinal LIMIT 1) AS part"""
