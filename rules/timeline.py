"""The timeline: local wall times of the season file become instants, once, when the season starts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.season import Area, EventStage, LocalTime, MatchingStage, SeasonFile, WindowStage
from models.timeline import Moment, Pace, PlannedWindow, Timeline


def resolve(file: SeasonFile) -> Timeline:
    """Every window and moment of the season in nominal UTC instants, in order of opening."""
    windows: list[PlannedWindow] = []
    moments: list[Moment] = []
    for stage in file.stages:
        if isinstance(stage, WindowStage):
            areas: tuple[Area | None, ...] = file.areas if stage.scope == "area" else (None,)
            windows += [_window(file, stage, area) for area in areas]
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


def _window(file: SeasonFile, stage: WindowStage, area: Area | None) -> PlannedWindow:
    override = area.stages.get(stage.id) if area else None
    opens = override.opens if override and override.opens is not None else stage.opens
    closes = override.closes if override and override.closes is not None else stage.closes
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


def zone_of(file: SeasonFile, stage: WindowStage, area: Area | None) -> str:
    """The IANA zone in which a stage's wall times are written."""
    if stage.zone == "area":
        return area.zone if area else file.zone
    return file.zone if stage.zone == "season" else stage.zone


def opening(value: LocalTime, zone: ZoneInfo) -> datetime:
    """An opening: a bare date is the start of that day."""
    return _instant(value, zone, timedelta(0))


def closing(value: LocalTime, zone: ZoneInfo) -> datetime:
    """A closing: a bare date is the end of that day, which is the start of the next."""
    return _instant(value, zone, timedelta(days=1))


def _instant(value: LocalTime, zone: ZoneInfo, whole_day: timedelta) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    assert isinstance(value, date)
    return datetime.combine(value + whole_day, time(), tzinfo=zone).astimezone(UTC)


def first_instant(timeline: Timeline) -> datetime:
    """When the first window opens."""
    return min(w.opens_at for w in timeline.windows)


def pace_for(timeline: Timeline, now: datetime, open_now: bool, day: timedelta | None) -> Pace:
    """As published; or, with `open_now` or `day`, shifted so that the first registration opens at `now`."""
    first = first_instant(timeline)
    if not open_now and day is None:
        return Pace(anchor_nominal=first, anchor_real=first)
    registrations = [w.opens_at for w in timeline.windows if w.kind == "registration"] or [first]
    rate = day / timedelta(days=1) if day is not None else 1.0
    return Pace(anchor_nominal=min(registrations), anchor_real=now, rate=rate)
