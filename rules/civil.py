"""Civil hours: when a notice goes out that is due at some instant, by the recipient's own clock and calendar.

All instants are nominal (the season file's own calendar), so that a season that is rehearsed or compressed keeps them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.notice_rules import NoticeRules
from models.season import SeasonFile
from rules.checks.days import is_day_off
from rules.urgency import Urgency

_DAY = timedelta(days=1)
_LONGEST_WAIT = timedelta(days=4)
"""Where there is no working day for longer than this, a notice comes on a day off."""
_EVENING = timedelta(hours=1)
"""What is brought forward to the evening before comes this long before civil hours end."""


class Reader(NamedTuple):
    """Where a recipient lives: IANA zone, and country (ISO 3166-1 alpha-2) for days off, if known."""

    zone: str
    country: str | None


def reader_of(file: SeasonFile, zone: str | None, country: str | None, area: str | None) -> Reader:
    """A recipient's own zone and country where known, else the area's, else the season's."""
    home = next((one for one in file.areas if one.code == area), None)
    if zone is None:
        zone = home.zone if home else file.zone
        country = country or (home.seat.country if home else file.country)
    return Reader(zone, country)


def is_civil(at: datetime, reader: Reader, rules: NoticeRules) -> bool:
    """Whether an instant lies in the reader's civil hours."""
    return rules.civil_from <= at.astimezone(_zone(reader.zone)).time() < rules.civil_until


def goes_out(
    due: datetime, reader: Reader, rules: NoticeRules, urgency: Urgency, *, until: datetime | None = None
) -> datetime | None:
    """When a notice that is due goes out; None where it would be of no use by then. `until`: it is of no use any more.

    At night it waits for the morning. A routine one waits for a working day too, if half of the time that is left is
    still left then, and the day comes within four days. An essential one that cannot wait goes out at once.
    """
    if urgency is Urgency.AT_ONCE:
        return due
    morning = _awake(due, reader, rules)
    if until is not None and morning >= until:
        return due if urgency is Urgency.ESSENTIAL else None
    if urgency is Urgency.ESSENTIAL:
        return morning
    return _working(morning, reader, rules, until)


def could_wait(sent: datetime, reader: Reader, rules: NoticeRules, until: datetime | None) -> bool:
    """Whether a routine notice sent at this instant should have waited for a working day."""
    return _working(sent, reader, rules, until) > sent


def fits(
    planned: datetime, before: timedelta, opens_at: datetime, closes_at: datetime, reader: Reader, rules: NoticeRules
) -> datetime:
    """A planned reminder's instant, moved into civil hours of a working day of the window's own area.

    The morning after, if at least half of `before` is left until the close then; else the evening before, if the
    window is open by then; else it stays.
    """
    morning = _working(_awake(planned, reader, rules), reader, rules, None)
    if (closes_at - morning) * 2 >= before:
        return morning
    morning = _awake(planned, reader, rules)
    if (closes_at - morning) * 2 >= before:
        return morning
    local = planned.astimezone(_zone(reader.zone))
    day = local.date() if local.time() >= rules.civil_until else local.date() - _DAY
    evening = _at(day, rules.civil_until, reader) - _EVENING
    return evening if evening >= opens_at else planned


def _awake(at: datetime, reader: Reader, rules: NoticeRules) -> datetime:
    local = at.astimezone(_zone(reader.zone))
    if rules.civil_from <= local.time() < rules.civil_until:
        return at
    day = local.date() + _DAY if local.time() >= rules.civil_until else local.date()
    return _at(day, rules.civil_from, reader)


def _working(at: datetime, reader: Reader, rules: NoticeRules, until: datetime | None) -> datetime:
    if not rules.avoid_days_off or reader.country is None:
        return at
    today = at.astimezone(_zone(reader.zone)).date()
    day = today
    while is_day_off(reader.country, day):
        day += _DAY
        if day - today > _LONGEST_WAIT:
            return at
    if day == today:
        return at
    later = _at(day, rules.civil_from, reader)
    return at if until is not None and (until - later) * 2 < until - at else later


def _at(day: date, hour: time, reader: Reader) -> datetime:
    wall = datetime.combine(day, hour, _zone(reader.zone))
    return wall.astimezone(UTC)


@lru_cache(maxsize=500)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
