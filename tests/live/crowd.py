"""A small, tireless crowd on a live stack: it does whatever can be done, and tries again when nobody answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from desk.client import Desk
from models.errors import SeasonkeeperError, Unavailable
from models.forms import ChannelForm, JudgeForm, NeedForm, PersonForm, PlaceForm
from records import channels, entries, judging, matching, selection, tracking
from records.database import Database
from tests.live.stack import ask
from tests.seasons import entry_form

T = TypeVar("T")
LOOK = 0.15
"""Seconds between two looks."""


async def patiently(deed: Callable[[], Awaitable[T]], seconds: float = 90.0) -> T:
    """Do it, and do it again while the database does not answer. Everything tried here may be repeated."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout(10):
                return await deed()
        except (Unavailable, OSError, TimeoutError):
            if asyncio.get_running_loop().time() > until:
                raise
            await asyncio.sleep(0.2)


@dataclass
class LiveCrowd:
    """Acts on one season. `accepted` maps each submitted entry's public number to the instant of its acceptance."""

    desk: Desk
    season: str
    entrants: int = 6
    """For each area and track."""
    seed: int = 1
    accepted: dict[str, datetime] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _seen: set[tuple[str, Any]] = field(default_factory=set)

    @property
    def database(self) -> Database:
        """Where the facts are."""
        return self.desk.database

    async def set_up(self) -> None:
        """Judges, channels and places are known before anything is asked of them."""
        for area, count in (("EU", 8), ("SG", 8), (None, 9)):
            for number in range(count):
                person = PersonForm(email=f"judge-{area}-{number}@example.org", name=f"Judge {area} {number}")
                await judging.add_judge(self.database, self.season, JudgeForm(person=person, area=area))
        for number in range(2):
            contact = PersonForm(email=f"channel-{number}@example.org", name=f"Channel {number}")
            form = ChannelForm(code=f"C-{number}", name=f"Office {number}", contact=contact)
            await channels.add_channel(self.database, self.season, form)

    async def live(self) -> None:
        """Act until the season has finished."""
        registering = asyncio.gather(*(self._register(area, track) for area in ("EU", "SG") for track in ("LH", "DE")))
        filing = asyncio.create_task(self._file_needs())
        try:
            while not await patiently(self._over):
                await patiently(self._look)
                await asyncio.sleep(LOOK)
            await registering
            await filing
        finally:
            registering.cancel()
            filing.cancel()

    async def _over(self) -> bool:
        found = await ask(self.database, "SELECT state FROM seasons WHERE id = :id", id=self.season)
        return bool(found[0]["state"] == "finished")

    async def _register(self, area: str, track: str) -> None:
        """Entrants come one after another until shortly before the close; each tries until it is answered."""
        window = f"{self.season}/{area}/registration"
        dice = random.Random(f"{self.seed}/{area}/{track}")
        row = (await patiently(lambda: ask(self.database, "SELECT * FROM windows WHERE id = :id", id=window)))[0]
        for number in range(self.entrants):
            share = (number + dice.random()) / self.entrants * 0.85
            await self._wait(row["opens_at"] + (row["closes_at"] - row["opens_at"]) * share)
            person = f"{area}{track}{number}"
            form = entry_form(number, area=area, track=track).model_copy(
                update={"applicant": PersonForm(email=f"{person.lower()}@example.org", name=f"Applicant {person}")}
            )
            try:
                entry = await patiently(partial(entries.draft, self.database, self.season, form))
                answer, at = await patiently(partial(self.desk.submit, entry))
                self.accepted[answer] = at
            except SeasonkeeperError as error:
                self.refused.append(error.code)

    async def _file_needs(self) -> None:
        row = (
            await patiently(
                lambda: ask(
                    self.database,
                    "SELECT opens_at, closes_at FROM windows WHERE season_id = :id AND kind = 'needs'",
                    id=self.season,
                )
            )
        )[0]
        await self._wait(row["opens_at"] + (row["closes_at"] - row["opens_at"]) * 0.1)
        for number, track in enumerate(("LH", "DE", "LH", "DE")):
            contact = PersonForm(email=f"place-{number}@example.org", name=f"Contact {number}")
            form = PlaceForm(name=f"Place {number}", contact=contact)
            need = NeedForm(title=f"Need {number}", tracks=(track,), capacity=2)
            try:
                place = await patiently(partial(matching.add_place, self.database, self.season, form))
                await patiently(partial(matching.file_need, self.database, self.season, place, need))
            except SeasonkeeperError as error:
                self.refused.append(error.code)

    async def _wait(self, instant: datetime) -> None:
        now = await patiently(self.database.now)
        await asyncio.sleep(max(0.0, (instant - now) / timedelta(seconds=1)))

    async def _look(self) -> None:
        """Everything that is asked of people and not done: judges score, finalists confirm, places answer."""
        db = self.database
        for task in await ask(db, _TASKS, season=self.season):
            dice = random.Random(f"{self.seed}/{task['number']}/{task['judge_id']}")
            scores = {"tech": dice.randrange(20, 61), "plan": dice.randrange(10, 41)}
            await self._act("ballot", task["id"], partial(judging.cast_ballot, db, task["id"], scores))
        for row in await ask(db, _INVITED, season=self.season):
            key = row["window_id"], row["entry_id"]
            await self._act("invitation", key, partial(selection.answer_invitation, db, *key, accept=True))
        for match in await ask(db, _MATCHES, season=self.season):
            await self._act("match", match["id"], partial(matching.answer_match, db, match["id"], accept=True))
            await self.desk.poke(match["owner"])
        for asked in await ask(db, _FOLLOW_UPS, season=self.season):
            await self._act("follow_up", asked["id"], partial(self._answer, asked))
            await self.desk.poke(asked["owner"])

    async def _answer(self, asked: dict[str, Any]) -> None:
        if asked["kind"] != "negotiation":
            await tracking.answer_follow_up(self.database, asked["id"], "It goes well.")
            return
        report: matching.Report = "landed" if asked["match_id"] % 2 else "continuing"
        await matching.report_match(self.database, asked["match_id"], report)

    async def _act(self, kind: str, key: Any, deed: Callable[[], Awaitable[object]]) -> None:
        """An act that a rule refuses is not tried again; one that nobody answered is, at the next look."""
        if (kind, key) in self._seen:
            return
        try:
            await deed()
        except Unavailable:
            raise
        except SeasonkeeperError as error:
            self.refused.append(error.code)
        self._seen.add((kind, key))


_TASKS = """SELECT a.id, a.judge_id, e.number FROM assignments a JOIN windows w ON w.id = a.window_id
    JOIN entries e ON e.id = a.entry_id
  WHERE a.season_id = :season AND a.state = 'active' AND w.state = 'open' AND clock_timestamp() < w.closes_at
  ORDER BY a.id"""
_INVITED = """SELECT i.window_id, i.entry_id FROM invitations i JOIN windows w ON w.id = i.window_id
  WHERE w.season_id = :season AND i.state = 'invited' AND w.state = 'open' ORDER BY 1, 2"""
_MATCHES = """SELECT m.id, w.owner FROM matches m JOIN windows w ON w.season_id = m.season_id
    AND w.subject = 'match/' || m.id AND w.kind = 'match_answer'
  WHERE m.season_id = :season AND m.state = 'proposed' AND w.state IN ('scheduled', 'open') ORDER BY m.id"""
_FOLLOW_UPS = """SELECT f.id, f.match_id, f.kind, w.owner FROM follow_ups f JOIN matches m ON m.id = f.match_id
    JOIN windows w ON w.id = f.window_id
  WHERE f.season_id = :season AND f.state = 'due' AND w.state IN ('scheduled', 'open') ORDER BY f.id"""
