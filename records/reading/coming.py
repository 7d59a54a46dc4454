"""What will happen by itself, and when: openings, reminders with how many people, closings, rounds, follow-ups."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import SeasonFile
from models.states import WindowState
from models.text import Text
from models.timeline import Moment, PlannedReminder
from models.views import Coming, WindowView
from records.campaigns import AUDIENCES
from records.database import CLOCK, Database, rows
from records.reading.windows import of_season
from records.seasons import LiveSeason, live
from rules import timeline as timelines

_MOMENTS = {"matching_round": "matching_round", "tracking": "follow_up"}
_SILENT = """SELECT DISTINCT judge_id AS person_id FROM assignments WHERE window_id = :window AND state = 'active'"""
_moments: dict[tuple[str, datetime], tuple[Moment, ...]] = {}


async def next_up(database: Database, season: str, within: timedelta = timedelta(days=7)) -> tuple[Coming, ...]:
    """What will happen by itself within a span of real time from now, in order. Raises NotFound.

    Who would be told is counted by the facts of now; who is told is decided when it is sent.
    """
    async with database.statement() as connection:
        found = await live(connection, season)
        now: datetime = (await rows(connection, f"SELECT {CLOCK} AS now"))[0]["now"]
        if found.state != "running":
            return ()
        until = now + within
        every = await of_season(connection, found)
        coming = [c for window in every for c in turns(window, now) if c.at <= until]
        coming += await _reminders(connection, found, every, now, until)
        coming += await _dated(connection, found, now, until)
    return tuple(sorted(coming, key=lambda c: (c.at, c.what, c.window.id if c.window else "")))


def turns(window: WindowView, now: datetime) -> list[Coming]:
    """A window's opening and closing, as far as they are still to come."""
    coming: list[Coming] = []
    if window.state == WindowState.SCHEDULED and window.opens_at > now:
        coming.append(_of("opens", window.opens_at, window))
    if window.state in (WindowState.SCHEDULED, WindowState.OPEN) and window.closes_at > now:
        coming.append(_of("closes", window.closes_at, window))
    return coming


def _of(what: str, at: datetime, window: WindowView) -> Coming:
    return Coming(at=at, what=what, window=window, stage=window.stage, stage_name=window.stage_name, kind=window.kind)


async def _reminders(
    connection: AsyncConnection, season: LiveSeason, every: list[WindowView], now: datetime, until: datetime
) -> list[Coming]:
    by_id = {w.id: w for w in every}
    found = await rows(
        connection,
        """SELECT id, area, reminders FROM windows
           WHERE season_id = :season AND state IN ('open', 'scheduled') AND closes_at > :from AND opens_at <= :until
             AND jsonb_array_length(reminders) > 0""",
        **{"season": season.id, "from": now, "until": until},
    )
    coming: list[Coming] = []
    for row in found:
        for reminder in (PlannedReminder.model_validate(r) for r in row["reminders"]):
            if now < reminder.at <= until:
                people = await _people(connection, season.id, reminder.to, row["id"], row["area"])
                step = _of("reminds", reminder.at, by_id[row["id"]])
                told = {"template": reminder.template, "audience": reminder.to, "people": people}
                coming.append(step.model_copy(update=told))
    return coming


async def _people(connection: AsyncConnection, season: str, audience: str, window: str, area: str | None) -> int | None:
    sql = _SILENT if audience == "judges_silent" else AUDIENCES.get(audience)
    if sql is None:
        return None
    bound = {"season": season, "window": window, "area": area}
    values = {name: value for name, value in bound.items() if f":{name}" in sql}
    found = await rows(connection, f"SELECT count(DISTINCT person_id) AS n FROM ({sql}) audience", **values)
    return int(found[0]["n"])


async def _dated(connection: AsyncConnection, season: LiveSeason, now: datetime, until: datetime) -> list[Coming]:
    """Ceremonies, matching rounds and follow-ups: dated by the season file, without a window yet."""
    key = (season.id, season.started_at)
    if key not in _moments:
        _moments[key] = timelines.resolve(season.file).moments
    coming: list[Coming] = []
    rounds = await _rounds(connection, season, [season.pace.real(m.at) for m in _moments[key] if _is_round(m)])
    for moment in _moments[key]:
        at = rounds.pop(0) if _is_round(moment) else season.pace.real(moment.at)
        if at is None or not now < at <= until:
            continue
        what = _MOMENTS.get(moment.kind, "dated")
        coming.append(
            Coming(
                at=at, what=what, stage=moment.stage, stage_name=_stage_name(season.file, moment.stage),
                kind=moment.kind, people=await _matches(connection, season.id) if what == "follow_up" else None,
            )
        )  # fmt: skip
    return coming


def _is_round(moment: Moment) -> bool:
    return _MOMENTS.get(moment.kind) == "matching_round"


async def _rounds(connection: AsyncConnection, season: LiveSeason, planned: list[datetime]) -> list[datetime | None]:
    """When each matching round is held, None once it was: at its own instant, but not before the results are out.

    They are out with the close of the last window before matching, however late a pause or an extension made it.
    """
    stages = [n for n, stage in enumerate(season.file.stages) if stage.kind == "matching"]
    if not stages:
        return list(planned)
    found = await rows(
        connection,
        """SELECT (SELECT max(closes_at) FROM windows WHERE season_id = :season AND ordinal < :matching
             AND subject IS NULL AND kind NOT IN ('needs', 'event') AND state IN ('scheduled', 'open', 'paused'))
             AS results,
           (SELECT array_agg(CAST(data->>'round' AS int)) FROM log
             WHERE season_id = :season AND event = 'matching.round') AS held""",
        season=season.id,
        matching=stages[0],
    )
    results, held = found[0]["results"], found[0]["held"] or []
    times = enumerate(planned, start=1)
    return [None if number in held else max(at, results or at) for number, at in times]


async def _matches(connection: AsyncConnection, season: str) -> int:
    found = await rows(
        connection,
        "SELECT count(*) AS n FROM matches WHERE season_id = :season AND state IN ('negotiating', 'landed')",
        season=season,
    )
    return int(found[0]["n"])


def _stage_name(file: SeasonFile, stage_id: str) -> Text:
    return next((s.name for s in file.stages if s.id == stage_id), Text(en=stage_id, zh=stage_id))
