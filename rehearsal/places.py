"""Places: they file needs, answer proposed matches slowly or never, negotiate, and answer follow-ups for years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from models.forms import NeedForm, PlaceForm
from records import matching, tracking
from records.database import rows
from rehearsal import habits, names
from rehearsal.acts import Act
from rehearsal.cursor import Cursor
from rehearsal.dice import Dice
from rehearsal.world import World

_CITIES = (
    ("Shenzhen", "深圳"), ("Suzhou", "苏州"), ("Wuhan", "武汉"), ("Chengdu", "成都"), ("Xi'an", "西安"),
    ("Hefei", "合肥"), ("Ningbo", "宁波"), ("Xiamen", "厦门"), ("Dalian", "大连"), ("Zhuhai", "珠海"),
)  # fmt: skip
_KINDS: tuple[Literal["city", "park", "company"], ...] = ("city", "park", "company")
_ANSWERS = (
    "On the way: a team has been hired.",
    "已签约，厂房装修中。",
    "First sales.",
    "进展顺利。",
    "Slower than planned.",
)


def places_of(world: World) -> Iterator[PlaceForm]:
    """The places that look for projects."""
    for number in range(habits.PLACES_PER_TRACK * len(world.file.tracks)):
        dice = Dice(world.seed, "place", number)
        contact = names.person(dice, f"place-{number}", None)
        city = _CITIES[number % len(_CITIES)]
        name = f"{city[1]}{_KINDS[number % 3]}{number}" if contact.language == "zh" else f"{city[0]} site {number}"
        yield PlaceForm(name=name, kind=_KINDS[number % 3], contact=contact)


class Places:
    """Plans what places do with the needs window, with new matches, and with new follow-ups."""

    HEEDS = frozenset({"open", "matches", "follow_ups"})

    def __init__(self, world: World, margin: int = 0) -> None:
        self._world = world
        self._windows: set[str] = set()
        self._matches = Cursor(margin)
        self._follow_ups = Cursor(margin)

    async def look(self, connection: AsyncConnection, now: datetime) -> list[Act]:
        """Acts for needs windows, matches and follow-ups that are new since the last look."""
        season, acts = self._world.season, list[Act]()
        for window in await rows(connection, _NEEDS, season=season):
            if window["id"] not in self._windows:
                self._windows.add(window["id"])
                acts += self._file_needs(window, now)
        found = await rows(connection, _MATCHES, season=season, floor=self._matches.floor)
        for match in self._matches.new(found, "id"):
            acts += self._answers_match(match, now)
        found = await rows(connection, _FOLLOW_UPS, season=season, floor=self._follow_ups.floor)
        for follow_up in self._follow_ups.new(found, "id"):
            acts += self._answers_follow_up(follow_up, now)
        return acts

    def _file_needs(self, window: dict[str, Any], now: datetime) -> Iterator[Act]:
        world = self._world
        for number, form in enumerate(places_of(world)):
            dice = Dice(world.seed, "need", window["stage"], number)
            if dice.falls(habits.NEEDS_NOT_FILED):
                continue
            need = self._need(dice, form, number)

            async def file(form: PlaceForm = form, need: NeedForm = need) -> None:
                place = await matching.add_place(world.database, world.season, form)
                await matching.file_need(world.database, world.season, place, need)

            begin = max(now, window["opens_at"])
            at = begin + (window["closes_at"] - begin) * dice.betavariate(2.5, 1.2) * 0.999
            yield Act(at, f"need/{window['stage']}/{number}", file, "need", window["id"])

    def _need(self, dice: Dice, form: PlaceForm, number: int) -> NeedForm:
        track = self._world.file.tracks[number % len(self._world.file.tracks)]
        count = min(len(track.fields), 1 + dice.randrange(3))
        return NeedForm(
            title=f"{names.title(dice, track, form.contact.language, number)}",
            tracks=(track.code,),
            fields=tuple(field.code for field in dice.sample(track.fields, count)),
            readiness=1 + dice.randrange(5),
            capacity=1 + dice.randrange(4),
        )

    def _answers_match(self, match: dict[str, Any], now: datetime) -> list[Act]:
        world = self._world
        dice = Dice(world.seed, "match", match["number"], match["need"])
        chance = dice.random()
        if chance >= habits.MATCH_ACCEPTED + habits.MATCH_DECLINED:
            return []
        accept = chance < habits.MATCH_ACCEPTED

        async def answer() -> None:
            await matching.answer_match(world.database, match["id"], accept=accept)
            await world.desk.poke(match["owner"])

        # Slowly: three quarters of the time has gone by on average.
        at = max(world.answering(match, dice.betavariate(5, 2)), now)
        kind = "accept_match" if accept else "decline_match"
        return [Act(at, f"match/{match['number']}/{match['need']}", answer, kind, match["window_id"], exact=True)]

    def _answers_follow_up(self, asked: dict[str, Any], now: datetime) -> list[Act]:
        world = self._world
        dice = Dice(world.seed, "follow-up", asked["number"], asked["need"], asked["kind"], asked["ordinal"])
        if not dice.falls(habits.FOLLOW_UP_ANSWERED):
            return []
        if asked["kind"] != "negotiation":

            async def answer() -> None:
                await tracking.answer_follow_up(world.database, asked["id"], dice.pick(_ANSWERS))

            at = max(world.answering(asked, dice.betavariate(2, 2)), now)
            return [Act(at, self._key(asked), answer, "follow_up", asked["window_id"])]
        chance = dice.random()
        report: matching.Report = "continuing"
        if chance < habits.LANDED + habits.FAILED:
            report = "landed" if chance < habits.LANDED else "failed"

        async def tell() -> None:
            await matching.report_match(world.database, asked["match_id"], report)
            if report != "continuing":
                await world.desk.poke(asked["owner"])

        at, over = max(world.answering(asked, dice.betavariate(2, 2)), now), report != "continuing"
        return [Act(at, self._key(asked), tell, f"report_{report}", asked["window_id"], exact=over)]

    def _key(self, asked: dict[str, Any]) -> str:
        return f"follow-up/{asked['number']}/{asked['need']}/{asked['kind']}/{asked['ordinal']}"


_NEEDS = """SELECT id, stage, opens_at, closes_at FROM windows
  WHERE season_id = :season AND kind = 'needs' AND state = 'open' ORDER BY id"""

_MATCHES = """SELECT m.id, e.number, n.title AS need, w.id AS window_id, w.owner, w.opens_at, w.closes_at FROM matches m
  JOIN entries e ON e.id = m.entry_id JOIN needs n ON n.id = m.need_id
  JOIN windows w ON w.season_id = m.season_id AND w.subject = 'match/' || m.id AND w.kind = 'match_answer'
  WHERE m.season_id = :season AND m.id > :floor AND m.state = 'proposed' ORDER BY e.number, n.title"""

_FOLLOW_UPS = """SELECT f.id, f.match_id, f.kind, f.ordinal, f.window_id, e.number, n.title AS need, w.owner,
    w.opens_at, w.closes_at
  FROM follow_ups f JOIN matches m ON m.id = f.match_id JOIN entries e ON e.id = m.entry_id
  JOIN needs n ON n.id = m.need_id JOIN windows w ON w.id = f.window_id
  WHERE f.season_id = :season AND f.id > :floor AND f.state = 'due' ORDER BY e.number, n.title, f.kind, f.ordinal"""
