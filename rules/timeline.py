"""The timeline: local wall times of the season file become instants, once, when the season starts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from models.errors import BadInput
from models.season import Area, EventStage, LocalTime, MatchingStage, SeasonFile, WindowStage
from models.timeline import Moment, Pace, PlannedWindow, Timeline

_DAY = timedelta(days=1)


def resolve(file: SeasonFile) -> Timeline:
    """Every window and moment of the season in nominal UTC instants, in order of opening.

    A local hour that exists twice is the first of the two; one that does not exist counts as if the clock had not
    been put forward yet. `hour_fault` finds both, and a file that has one in it is refused.
    Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    windows: list[PlannedWindow] = []
    moments: list[Moment] = []
    for stage in file.stages:
        if isinstance(stage, WindowStage):
            windows += [_window(file, stage, area) for area in areas_of(file, stage)]
        if isinstance(stage, EventStage):
            zone = ZoneInfo(file.zone)
            moments.append(
                Moment(stage=stage.id, kind="event", at=opening(stage.starts, zone), until=closing(stage.ends, zone))
            )
        if isinstance(stage, MatchingStage):
            first = opening(stage.first_round, ZoneInfo(file.zone))
            step = stage.every or timedelta(0)
            moments += [Moment(stage=stage.id, kind="matching_round", at=first + n * step) for n in range(stage.rounds)]
    windows.sort(key=lambda w: (w.opens_at, w.id))
    return Timeline(season=file.id, windows=tuple(windows), moments=tuple(sorted(moments, key=lambda m: m.at)))


def areas_of(file: SeasonFile, stage: WindowStage) -> tuple[Area | None, ...]:
    """Where a stage is held: in each area, or, as None, across all of them."""
    return file.areas if stage.scope == "area" else (None,)


def _window(file: SeasonFile, stage: WindowStage, area: Area | None) -> PlannedWindow:
    opens, closes = times_of(stage, area)
    zone = zone_of(file, stage, area)
    return PlannedWindow(
        id=f"{file.id}/{area.code}/{stage.id}" if area else f"{file.id}/{stage.id}",
        stage=stage.id,
        kind=stage.kind,  # type: ignore[attr-defined]
        area=area.code if area else None,
        opens_at=opening(opens, ZoneInfo(zone)),
        closes_at=closing(closes, ZoneInfo(zone)),
        zone=zone,
    )


def times_of(stage: WindowStage, area: Area | None) -> tuple[LocalTime, LocalTime]:
    """Opening and closing as written: the area's own before the stage's."""
    override = area.stages.get(stage.id) if area else None
    opens = override.opens if override and override.opens is not None else stage.opens
    closes = override.closes if override and override.closes is not None else stage.closes
    return opens, closes


def zone_of(file: SeasonFile, stage: WindowStage, area: Area | None) -> str:
    """The IANA zone in which a stage's wall times are written."""
    if stage.zone == "area":
        return area.zone if area else file.zone
    return file.zone if stage.zone == "season" else stage.zone


def opening(value: LocalTime, zone: ZoneInfo) -> datetime:
    """An opening: a bare date is the start of that day."""
    return _instant(_wall(value, timedelta(0)), zone)


def closing(value: LocalTime, zone: ZoneInfo) -> datetime:
    """A closing: a bare date is the end of that day, which is the start of the next."""
    return _instant(_wall(value, _DAY), zone)


def hour_fault(value: LocalTime, zone: ZoneInfo, *, closes: bool = False) -> Literal["missing", "twice"] | None:
    """Whether a local time falls into an hour that the zone's clock skips, or shows twice."""
    wall = _wall(value, _DAY if closes else timedelta(0))
    if wall.tzinfo is not None:
        return None
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return None
    # Only a time that exists comes back as itself from a round trip through UTC.
    return "twice" if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall else "missing"


def _wall(value: LocalTime, whole_day: timedelta) -> datetime:
    if isinstance(value, datetime):
        return value
    assert isinstance(value, date)
    return datetime.combine(value + whole_day, time())


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    return (wall if wall.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC)


def first_instant(timeline: Timeline) -> datetime:
    """When the first window opens. Raises ValueError for a timeline without windows."""
    return min(w.opens_at for w in timeline.windows)


def pace_for(timeline: Timeline, now: datetime, open_now: bool, day: timedelta | None) -> Pace:
    """As published; or, with `open_now` or `day`, shifted so that the first registration opens at `now`.

    `day` is how long a day of the season lasts. Raises BadInput for a day of no length.
    """
    first = first_instant(timeline)
    if day is not None and day <= timedelta(0):
        raise BadInput("pace.day", "A day of the season cannot last nothing.", "Give a length such as 2s or 1m.")
    if not open_now and day is None:
        return Pace(anchor_nominal=first, anchor_real=first)
    registrations = [w.opens_at for w in timeline.windows if w.kind == "registration"] or [first]
    rate = day / _DAY if day is not None else 1.0
    return Pace(anchor_nominal=min(registrations), anchor_real=now, rate=rate)


_ON_TIME = timedelta(hours=1)


def on_time(planned: datetime | None, now: datetime, pace: Pace) -> datetime:
    """The (real) instant from which spans are counted: the planned one, unless it came more than an hour late.

    So that what is asked at noon is due at noon, not some milliseconds later; and nobody loses time by an outage.
    """
    if planned is None or not timedelta(0) <= now - planned <= pace.span(_ON_TIME):
        return now
    return planned
