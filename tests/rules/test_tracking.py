"""Dates of follow-ups: the planned ones, then the same day of each following year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.tracking import follow_up_dates

BASES = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
AFTER = st.lists(st.integers(1, 400).map(lambda n: timedelta(days=n)), max_size=4)


@given(BASES, AFTER, st.integers(0, 8))
def test_every_follow_up_is_planned_in_order(base: datetime, after: list[timedelta], years: int) -> None:
    dates = follow_up_dates(base, after, years)
    assert dates[: len(after)] == sorted(base + span for span in after)
    assert len(dates) == len(after) + years
    assert dates == sorted(dates)


@given(BASES, AFTER, st.integers(1, 8))
def test_yearly_ones_keep_month_day_and_hour_of_the_last(base: datetime, after: list[timedelta], years: int) -> None:
    last = base + max(after, default=timedelta(0))
    for n, found in enumerate(follow_up_dates(base, after, years)[len(after) :], start=1):
        assert found.year == last.year + n
        assert found.timetz() == last.timetz()
        leap = (last.month, last.day) == (2, 29)
        assert (found.month, found.day) == (last.month, last.day) or (leap and (found.month, found.day) == (2, 28))


def test_the_last_of_february_comes_back_in_the_next_leap_year() -> None:
    base = datetime(2024, 2, 29, 9, 0, tzinfo=UTC)
    days = [(d.year, d.month, d.day) for d in follow_up_dates(base, [], 4)]
    assert days == [(2025, 2, 28), (2026, 2, 28), (2027, 2, 28), (2028, 2, 29)]


def test_without_any_plan_there_are_no_follow_ups() -> None:
    assert follow_up_dates(datetime(2024, 7, 1, tzinfo=UTC), [], 0) == []
