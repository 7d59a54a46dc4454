"""Spans are counted from planned instants, and follow-ups keep their rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from models.timeline import Pace
from rules.timeline import on_time
from rules.tracking import at_office_hour, next_in_rhythm

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)
REAL = Pace(anchor_nominal=NOON, anchor_real=NOON)
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=400))


@given(every=spans, late=st.none() | spans)
def test_the_next_one_is_on_the_grid_and_the_first_after_the_last(every: timedelta, late: timedelta | None) -> None:
    last = None if late is None else NOON + late
    found = next_in_rhythm(NOON, every, last)
    assert (found - NOON) % every == timedelta(0)
    assert found > (last or NOON)
    assert found - every <= (last or NOON)


@given(late=st.timedeltas(timedelta(hours=-3), timedelta(hours=3)))
def test_what_comes_within_an_hour_counts_from_its_planned_instant_and_what_comes_later_from_now(
    late: timedelta,
) -> None:
    now = NOON + late
    assert on_time(NOON, now, REAL) == (NOON if timedelta(0) <= late <= timedelta(hours=1) else now)
    assert on_time(None, now, REAL) == now


@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), zone=st.sampled_from(sorted(available_timezones())))
def test_a_follow_up_is_asked_at_nine_on_the_day_it_is_due_or_on_the_next(at: datetime, zone: str) -> None:
    due = at.replace(tzinfo=UTC)
    asked = at_office_hour(due, zone)
    assert asked.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S.%f") == "09:00:00.000000"
    # A day on which clocks go back has 25 hours; a few zones once left out a day of the calendar.
    assert timedelta(0) <= asked - due <= timedelta(hours=25)
    assert at_office_hour(asked, zone) == asked
