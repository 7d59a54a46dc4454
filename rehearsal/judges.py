"""Judges: who they are, and what they do with what they are given. Panels score on the spot, after each defence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.forms import JudgeForm
from models.season import Area, DefenceStage, ReviewStage
from records import judging
from records.database import rows
from rehearsal import habits, names
from rehearsal.acts import Act
from rehearsal.cursor import Cursor
from rehearsal.dice import Dice
from rehearsal.world import World

_BACKGROUNDS: tuple[Literal["technology", "business", "investment"], ...] = ("technology", "business", "investment")


def judges_of(world: World, area: Area | None) -> Iterator[JudgeForm]:
    """The judges that an area, or the season office, asks to serve. A third serves one half of the tracks only."""
    code = area.code if area else None
    tracks = [track.code for track in world.file.tracks]
    loads = [s.max_load for s in world.file.stages if isinstance(s, ReviewStage)]
    for number in range(world.judges_wanted(area)):
        dice = Dice(world.seed, "judge", code, number)
        form = names.person(dice, f"judge-{(code or 'season').lower()}-{number}", area)
        half = tracks[number % 2 :: 2] if len(tracks) > 3 and dice.falls(1 / 3) else []
        yield JudgeForm(
            person=form,
            area=code,
            tracks=tuple(half),
            organisation=names.organisation(dice, form.language),
            background=_BACKGROUNDS[number % 3],
            max_load=max(loads, default=40),
        )


class _Scored(NamedTuple):
    """A ballot that is made up: when it is, for which task (named `key`), and its points."""

    at: datetime
    key: str
    task: dict[str, Any]
    scores: dict[str, float]


class Judges:
    """Plans what judges do with each new assignment, and which entries do not appear at their defence."""

    HEEDS = frozenset({"tasks", "slots"})

    def __init__(self, world: World, margin: int = 0) -> None:
        self._world = world
        self._tasks = Cursor(margin)
        self._slots = Cursor(margin)
        self._piles: defaultdict[str, list[_Scored]] = defaultdict(list)

    async def look(self, connection: AsyncConnection, now: datetime) -> list[Act]:
        """Acts for assignments and slots that are new since the last look."""
        acts: list[Act] = []
        for row in self._slots.new(
            await rows(connection, _SLOTS, season=self._world.season, floor=self._slots.floor), "key"
        ):
            acts.append(self._appears(row))
        for row in self._tasks.new(
            await rows(connection, _TASKS, season=self._world.season, floor=self._tasks.floor), "id"
        ):
            acts += self._does(row, now)
        return acts + list(self._sittings())

    def _appears(self, slot: dict[str, Any]) -> Act:
        dice = Dice(self._world.seed, "slot", slot["stage"], slot["number"])
        held = not dice.falls(habits.NO_SHOW)

        async def record() -> None:
            await judging.record_slot(
                self._world.database, slot["session_id"], slot["entry_id"], held=held, actor="panel"
            )

        at = self._spoken(slot) if held else slot["starts_at"] + self._world.span(timedelta(minutes=3))
        key = f"slot/{slot['stage']}/{slot['number']}"
        return Act(at, key, record, "defend" if held else "no_show", lane=slot["area"])

    def _spoken(self, slot: dict[str, Any]) -> datetime:
        """When the last question is answered; never past the close."""
        stage = self._world.file.stage(slot["stage"])
        assert isinstance(stage, DefenceStage)
        minutes = timedelta(minutes=stage.pitch_minutes + stage.question_minutes)
        end: datetime = slot["starts_at"] + self._world.span(minutes)
        latest: datetime = slot["closes_at"] - self._world.span(timedelta(minutes=2))
        return min(end, latest)

    def _does(self, task: dict[str, Any], now: datetime) -> Iterator[Act]:
        world, key = self._world, f"task/{task['stage']}/{task['number']}/{task['email']}"
        dice, habit = Dice(world.seed, key), Dice(world.seed, "habit", task["stage"], task["email"]).random()
        begin, end = max(task["opens_at"], now), task["closes_at"]
        if task["starts_at"] is not None:  # a panel: on the spot, a moment after the last answer
            if not Dice(world.seed, "slot", task["stage"], task["number"]).falls(habits.NO_SHOW):
                moment = self._spoken(task) + world.span(timedelta(seconds=20 + dice.randrange(70)))
                self._score(f"panel/{task['stage']}/{task['number']}", task, key, moment, dice)
            return
        chance = dice.random()
        if chance < habits.JUDGE_DECLINES:
            yield Act(self._soon(dice, begin, end), key, lambda: self._decline(task), "decline", lane=task["area"])
        elif chance < habits.JUDGE_DECLINES + habits.JUDGE_CONFLICT:
            yield Act(self._soon(dice, begin, end), key, lambda: self._conflict(task), "conflict", lane=task["area"])
        elif habit < habits.JUDGE_SILENT:
            return
        elif habit < habits.JUDGE_SILENT + habits.JUDGE_LATE and dice.falls(0.5):
            late = end + world.span(timedelta(minutes=dice.expovariate(1 / 200)))
            self._score(f"late/{key}", task, key, late, dice)
        else:
            # Work is put off: the later the more, with a rest in hand.
            at = begin + (end - begin) * dice.betavariate(3, 1.6) * 0.995
            self._score(f"sitting/{task['stage']}/{task['area']}/{task['email']}", task, key, at, dice)

    def _soon(self, dice: Dice, begin: datetime, end: datetime) -> datetime:
        return begin + (end - begin) * 0.3 * dice.random()

    async def _decline(self, task: dict[str, Any]) -> None:
        await judging.decline_assignment(
            self._world.database, task["id"], "No time in these weeks.", task=self._read(task)
        )

    async def _conflict(self, task: dict[str, Any]) -> None:
        await judging.declare_conflict(
            self._world.database, task["judge_id"], task["entry_id"], "I know the leader of the team."
        )

    def _read(self, task: dict[str, Any]) -> judging.Task:
        return judging.Task(self._world.season, task["stage"], task["window_id"])

    def _score(self, pile: str, task: dict[str, Any], key: str, at: datetime, dice: Dice) -> None:
        """Put a ballot on a pile; what lies on one is handed in together."""
        self._piles[pile].append(_Scored(at, key, task, self._scores(task, dice)))

    def _sittings(self) -> Iterator[Act]:
        """A judge hands in the ballots of a sitting at its end, a panel's secretary those of one defence."""
        for name, pile in self._piles.items():
            pile.sort(key=lambda scored: scored.at)
            many = len(pile) if name.startswith("panel/") else habits.SITTING
            for start in range(0, len(pile), many):
                yield self._hand_in(pile[start : start + many])
        self._piles.clear()

    def _hand_in(self, sitting: list[_Scored]) -> Act:
        last, task = sitting[-1], self._read(sitting[-1].task)
        ballots = [judging.Ballot(one.task["id"], one.scores) for one in sitting]

        async def cast() -> None:
            await judging.cast_ballots(self._world.database, ballots, task)

        return Act(last.at, last.key, cast, "ballot", task.window, lane=last.task["area"])

    def _scores(self, task: dict[str, Any], dice: Dice) -> dict[str, float]:
        """Points for each criterion: how good the entry is, how strict the judge, and chance. Half points."""
        world = self._world
        stage = world.file.stage(task["stage"])
        assert isinstance(stage, (ReviewStage, DefenceStage))
        quality = _thrown(world.seed, "quality", task["number"], 70, 11)
        strict = _thrown(world.seed, "strict", task["email"], 0, habits.BIAS)
        points = {}
        for criterion in world.file.rubric(stage.rubric).criteria:
            share = (quality + strict + dice.gauss(0, habits.NOISE * 1.5)) / 100
            points[criterion.code] = round(min(max(share, 0.0), 1.0) * criterion.weight * 2) / 2
        return points


@lru_cache(maxsize=100_000)
def _thrown(seed: int, what: str, whose: str, mean: float, deviation: float) -> float:
    """What an entry or a judge brings along, the same at every ballot."""
    return Dice(seed, what, whose).gauss(mean, deviation)


_TASKS = """SELECT a.id, a.stage, a.area, a.window_id, a.entry_id, a.judge_id, e.number, p.email, w.opens_at,
    w.closes_at, s.starts_at
  FROM assignments a JOIN windows w ON w.id = a.window_id JOIN entries e ON e.id = a.entry_id
  JOIN judges j ON j.id = a.judge_id JOIN people p ON p.id = j.person_id
  LEFT JOIN LATERAL (SELECT s.starts_at FROM slots s JOIN sessions x ON x.id = s.session_id
    WHERE s.entry_id = a.entry_id AND x.stage = a.stage AND x.season_id = a.season_id LIMIT 1) s ON true
  WHERE a.season_id = :season AND a.id > :floor AND a.state = 'active' ORDER BY e.number, p.email"""

_SLOTS = """SELECT s.session_id * 10000 + s.position AS key, s.session_id, s.entry_id, s.starts_at, x.stage, x.area, e.number,
    w.closes_at
  FROM slots s JOIN sessions x ON x.id = s.session_id JOIN entries e ON e.id = s.entry_id
  JOIN windows w ON w.season_id = x.season_id AND w.stage = x.stage AND w.area IS NOT DISTINCT FROM x.area
    AND w.subject IS NULL
  WHERE x.season_id = :season AND s.session_id * 10000 + s.position > :floor ORDER BY e.number"""
