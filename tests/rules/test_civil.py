"""Civil hours: when a notice goes out, by the clock and the calendar of whoever reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.notice_rules import NoticeRules
from models.season import Reminder
from models.timeline import Pace
from rules.checks.days import is_day_off
from rules.civil import Reader, could_wait, goes_out, is_civil
from rules.reminders import Hours, plan
from rules.urgency import Urgency

RULES = NoticeRules()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PUBLISHED = Pace(anchor_nominal=datetime(2024, 1, 1, tzinfo=UTC), anchor_real=datetime(2024, 1, 1, tzinfo=UTC))
READERS = st.sampled_from(
    [
        Reader("Asia/Shanghai", "CN"), Reader("Asia/Dubai", "AE"), Reader("Europe/Brussels", "BE"),
        Reader("Pacific/Auckland", "NZ"), Reader("America/Los_Angeles", "US"), Reader("Asia/Kolkata", None),
    ]
)  # fmt: skip
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2025, 12, 1), timezones=st.just(UTC))


def shanghai(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


CN = Reader("Asia/Shanghai", "CN")


@given(INSTANTS, READERS, st.one_of(st.none(), st.timedeltas(timedelta(minutes=1), 30 * DAY)))
def test_a_reminder_goes_out_by_day_in_time_and_not_on_a_day_off_that_can_wait(
    due: datetime, reader: Reader, useful_for: timedelta | None
) -> None:
    until = due + useful_for if useful_for else None
    out = goes_out(due, reader, RULES, Urgency.ROUTINE, until=until)
    if out is None:
        assert until is not None
        assert not is_civil(due, reader, RULES)
        assert until - due < 13 * HOUR
        return
    assert out >= due
    assert is_civil(out, reader, RULES)
    assert until is None or out < until
    assert not could_wait(out, reader, RULES, until)
    assert out - due < 6 * DAY


@given(INSTANTS, READERS, st.timedeltas(timedelta(minutes=1), 3 * DAY))
def test_what_is_essential_always_goes_out_and_waits_for_the_morning_if_it_can(
    due: datetime, reader: Reader, useful_for: timedelta
) -> None:
    out = goes_out(due, reader, RULES, Urgency.ESSENTIAL, until=due + useful_for)
    assert out is not None
    assert out == due or is_civil(out, reader, RULES)
    assert due <= out < due + useful_for
    if useful_for > 13 * HOUR:
        assert is_civil(out, reader, RULES)
    assert goes_out(due, reader, RULES, Urgency.AT_ONCE, until=due + useful_for) == due


@pytest.mark.parametrize(
    ("due", "until", "out"),
    [
        # A Wednesday night: in the morning. A Saturday: on Monday, unless half of the time would be gone.
        (shanghai(5, 8, 23), None, shanghai(5, 9, 8)),
        (shanghai(5, 18, 10), None, shanghai(5, 20, 8)),
        (shanghai(5, 18, 10), shanghai(5, 21, 10), shanghai(5, 18, 10)),
        (shanghai(5, 18, 2), shanghai(5, 21, 10), shanghai(5, 18, 8)),
        # The week of the National Day is longer than anything waits.
        (shanghai(10, 1, 12), None, shanghai(10, 1, 12)),
        # A Sunday on which China works.
        (shanghai(9, 28, 9), None, shanghai(9, 29, 8)),
        (shanghai(5, 8, 23), shanghai(5, 9, 7), None),
    ],
)
def test_examples_of_when_a_reminder_goes_out(due: datetime, until: datetime | None, out: datetime | None) -> None:
    assert goes_out(due, CN, RULES, Urgency.ROUTINE, until=until) == out


def test_a_planned_reminder_is_moved_into_the_day_and_a_last_call_is_not() -> None:
    opens, closes = shanghai(5, 6), shanghai(5, 24)  # a Monday; the end of a Thursday
    lines = [Reminder(to="drafts", before=span, template="draft_reminder") for span in (14 * DAY, 5 * DAY, 3 * HOUR)]
    lines.append(Reminder(to="channels", before=2 * HOUR, template="channel_reminder", any_hour=True))
    lines.append(Reminder(to="judges_silent", before=DAY + 2 * HOUR, template="replace_silent"))
    found = {(r.to, r.before): r.at for r in plan(opens, closes, lines, PUBLISHED, Hours(CN, RULES))}
    # Midnight becomes the morning, a Sunday the Monday after; three hours before midnight the early evening.
    assert found["drafts", 14 * DAY] == shanghai(5, 10, 8)
    assert found["drafts", 5 * DAY] == shanghai(5, 20, 8)
    assert found["drafts", 3 * HOUR] == shanghai(5, 23, 19)
    assert found["channels", 2 * HOUR] == shanghai(5, 23, 22)
    assert found["judges_silent", DAY + 2 * HOUR] == shanghai(5, 22, 22)


@given(INSTANTS, READERS, st.timedeltas(2 * DAY, 60 * DAY), st.timedeltas(timedelta(minutes=10), 20 * DAY))
def test_a_planned_reminder_stays_between_opening_and_close(
    opens: datetime, reader: Reader, length: timedelta, before: timedelta
) -> None:
    closes = opens + length
    lines = [Reminder(to="drafts", before=before, template="draft_reminder")]
    for one in plan(opens, closes, lines, PUBLISHED, Hours(reader, RULES)):
        assert opens <= one.at < one.useful_until <= closes
        # By day, but for a window that opened in the very night in which its reminder is due.
        assert is_civil(one.at, reader, RULES) or closes - before - opens < 13 * HOUR


def test_a_compressed_season_keeps_its_hours() -> None:
    fast = Pace(anchor_nominal=shanghai(5, 1), anchor_real=datetime(2026, 1, 1, tzinfo=UTC), rate=1 / 86400)
    opens, closes = fast.real(shanghai(5, 6)), fast.real(shanghai(5, 24))
    lines = [Reminder(to="drafts", before=14 * DAY, template="draft_reminder")]
    (one,) = plan(opens, closes, lines, fast, Hours(CN, RULES))
    assert abs(fast.nominal(one.at) - shanghai(5, 10, 8)) < timedelta(seconds=1)


def test_hours_of_a_season_are_checked() -> None:
    with pytest.raises(ValueError, match="civil_from"):
        NoticeRules(civil_from=time(20), civil_until=time(8))
    assert is_day_off("CN", date(2024, 10, 1))
    assert not is_day_off("CN", date(2024, 9, 29))
    assert not is_day_off("XX", date(2024, 9, 29))
