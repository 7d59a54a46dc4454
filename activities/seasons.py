"""Deeds on a whole season: its plan, its turns, pause, resume, cancel, finish."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from temporalio import activity

from activities.campaigns import started
from activities.house import House
from activities.stages import AT_ONCE
from models.commands import Outcome, SeasonCommand
from models.results import AreaPlan, Counted, SeasonPlan, StageRef, Step, Turn
from models.season import AnyStage, SeasonFile, WindowStage
from models.states import SeasonState, WindowState
from models.tables import Season
from records import calendar_entries, campaigns, log, reopening, steering
from records.database import CLOCK, clock_of, rows
from records.seasons import LiveSeason, live, window_id

_OWN_WORKFLOW = ("needs", "matching", "tracking")
_BESIDE = ("event",)


class SeasonDeeds:
    """Activities of a season and its areas."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="load_season")
    async def load(self, season: str) -> SeasonPlan:
        """What the season's workflow conducts."""
        async with self._house.database.transaction() as connection:
            found = await live(connection, season)
        kinds = {stage.kind: stage.id for stage in found.file.stages}
        return SeasonPlan(
            season=season,
            state=found.state,
            areas=tuple(a.code for a in found.file.areas),
            steps=_steps(season, found.file, None),
            matching=kinds.get("matching"),
            tracking=kinds.get("tracking"),
        )

    @activity.defn(name="load_area")
    async def load_area(self, ref: StageRef) -> AreaPlan:
        """The steps of one area. `ref.stage` is not looked at."""
        async with self._house.database.transaction() as connection:
            found = await live(connection, ref.season)
        assert ref.area is not None
        return AreaPlan(season=ref.season, area=ref.area, steps=_steps(ref.season, found.file, ref.area))

    @activity.defn(name="turn_of")
    async def turn_of(self, ref: StageRef) -> Turn:
        """When a stage may begin: at its own opening, but not before the windows before it have closed.

        One of those that was opened again is named: what follows from its close must be done again first.
        """
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
            ordinal = next(n for n, s in enumerate(season.file.stages) if s.id == ref.stage)
            found = await rows(
                connection,
                """SELECT max(CASE WHEN stage = :stage THEN opens_at ELSE closes_at END) AS at FROM windows
                   WHERE season_id = :season AND subject IS NULL AND area IS NOT DISTINCT FROM :area
                     AND (stage = :stage OR (ordinal < :ordinal AND state IN ('open', 'scheduled', 'paused')
                       AND kind NOT IN ('needs', 'event') AND :sequential))""",
                season=ref.season,
                stage=ref.stage,
                area=ref.area,
                ordinal=ordinal,
                sequential=season.file.stage(ref.stage).kind not in _BESIDE,
            )
            again = await reopening.first_before(connection, season.id, ref.area, ordinal)
            now = await clock_of(connection)
        return _turn(season, found[0]["at"] or now, again, now)

    @activity.defn(name="do_at_once")
    async def do_at_once(self, ref: StageRef) -> Counted:
        """A stage without a window: a selection, or the awards."""
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
            done = await AT_ONCE[season.file.stage(ref.stage).kind](connection, season, ref)
        return await started(self._house, ref.season, done)

    @activity.defn(name="pause_season")
    async def pause(self, command: SeasonCommand) -> Outcome:
        """Pause all windows, once."""
        async with self._house.database.transaction() as connection:
            return await steering.pause_season(connection, command)

    @activity.defn(name="resume_season")
    async def resume(self, command: SeasonCommand) -> Outcome:
        """Let the timeline run on, moved by the pause, once."""
        async with self._house.database.transaction() as connection:
            return await steering.resume_season(connection, command)

    @activity.defn(name="cancel_season")
    async def cancel(self, command: SeasonCommand) -> Outcome:
        """Cancel every window, once."""
        async with self._house.database.transaction() as connection:
            return await steering.cancel_season(connection, command)

    @activity.defn(name="tell_cancelled")
    async def tell_cancelled(self, season: str) -> Counted:
        """Tell everyone concerned that the season is cancelled: once for each person."""
        async with self._house.database.transaction() as connection:
            campaign = f"{season}/cancelled"
            count = await campaigns.plan(connection, campaign, season, "season_cancelled", "everyone")
            await calendar_entries.name(connection, campaign, season, later=1)
            return Counted(counts={"season_cancelled": count}, campaigns=(campaign,) if count else ())

    @activity.defn(name="welcome_channels")
    async def welcome_channels(self, season: str) -> Counted:
        """Tell the channels that registration is open, if it still is."""
        async with self._house.database.transaction() as connection:
            found = await rows(
                connection,
                f"""SELECT id FROM windows WHERE season_id = :season AND kind = 'registration'
                   AND state IN ('open', 'scheduled') AND closes_at > {CLOCK} ORDER BY closes_at DESC, id LIMIT 1""",
                season=season,
            )
            if not found:
                return Counted()
            campaign = f"{season}/registration_open"
            count = await campaigns.plan(
                connection, campaign, season, "registration_open", "channels", window=found[0]["id"]
            )
            return Counted(counts={"registration_open": count}, campaigns=(campaign,) if count else ())

    @activity.defn(name="finish_season")
    async def finish(self, season: str) -> Counted:
        """Mark a season as over. Its record stays."""
        async with self._house.database.transaction() as connection:
            at = await clock_of(connection)
            done = await connection.execute(
                update(Season)
                .where(Season.id == season, Season.state == SeasonState.RUNNING)
                .values(state=SeasonState.FINISHED, ended_at=at)
            )
            if done.rowcount:
                await log.write(connection, season, [log.Line("season.finished", data={"season": season})], at=at)
            return Counted(counts={"finished": done.rowcount})


def _turn(season: LiveSeason, at: datetime, again: dict[str, Any] | None, now: datetime) -> Turn:
    day = season.pace.span(timedelta(days=1))
    if again is None:
        return Turn(at=at, state=season.state, day=day)
    if again["state"] == WindowState.PAUSED:
        at = max(at, now + day)
    elif again["state"] != WindowState.CLOSED:
        at = max(at, again["closes_at"])
    ref = StageRef(season=season.id, stage=again["stage"], area=again["area"])
    return Turn(at=at, state=season.state, day=day, again=ref)


def _steps(season: str, file: SeasonFile, area: str | None) -> tuple[Step, ...]:
    scope = "area" if area else "season"
    return tuple(_step(season, area, s) for s in file.stages if s.scope == scope and s.kind not in _OWN_WORKFLOW)


def _step(season: str, area: str | None, stage: AnyStage) -> Step:
    window = window_id(season, area, stage.id) if isinstance(stage, WindowStage) else None
    return Step(stage=stage.id, kind=stage.kind, window=window, beside=stage.kind in _BESIDE)
