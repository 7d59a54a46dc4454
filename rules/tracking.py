"""When a project is followed up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OFFICE_OPENS = time(9)
"""Local time from which follow-ups of a day are asked."""


def follow_up_dates(base: datetime, after: Sequence[timedelta], yearly_for: int) -> list[datetime]:
    """Nominal instants: `base` + each of `after`, then each year on the day of the last one, `yearly_for` times.

    A 29 February becomes 28 February in other years.
    """
    dates = sorted(base + span for span in after)
    last = dates[-1] if dates else base
    return dates + [_years_later(last, n) for n in range(1, yearly_for + 1)]


def next_in_rhythm(base: datetime, every: timedelta, last: datetime | None) -> datetime:
    """The first of `base` + n · `every` (n from 1) after `last`: what was asked late does not shift what comes."""
    return base + every * (1 if last is None else (last - base) // every + 1)


def at_office_hour(instant: datetime, zone: str) -> datetime:
    """The first `OFFICE_OPENS` of a zone (IANA) at or after a nominal instant.

    Nobody is asked at night, answers are due at that hour too, and what a day brings comes together.
    """
    local = instant.astimezone(ZoneInfo(zone))
    opens = datetime.combine(local, OFFICE_OPENS, local.tzinfo)
    if local > opens:
        opens = datetime.combine(local.date() + timedelta(days=1), OFFICE_OPENS, local.tzinfo)
    return opens.astimezone(instant.tzinfo)


def _years_later(day: datetime, years: int) -> datetime:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
