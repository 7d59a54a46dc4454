"""When reminders are planned, and which of the overdue ones are sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.season import Reminder
from models.timeline import Pace, PlannedReminder
from rules.reminders import due, plan

OPENS, CLOSES = datetime(2024, 4, 9, tzinfo=UTC), datetime(2024, 5, 31, 16, tzinfo=UTC)
PUBLISHED = Pace(anchor_nominal=OPENS, anchor_real=OPENS)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def line(before: timedelta, to: str = "drafts", template: str = "draft_reminder") -> Reminder:
    """One line of a plan."""
    return Reminder.model_validate({"to": to, "before": before, "template": template})


LINES = (line(14 * DAY), line(3 * DAY), line(DAY), line(3 * HOUR), line(7 * DAY, "channels", "channel_reminder"))
PLANS = st.lists(
    st.builds(
        line,
        st.timedeltas(timedelta(seconds=1), 90 * DAY),
        st.sampled_from(["drafts", "channels", "judges_missing"]),
        st.sampled_from(["draft_reminder", "ballot_reminder"]),
    ),
    max_size=8,
).map(tuple)
NOWS = st.datetimes(datetime(2024, 3, 1), datetime(2024, 7, 1), timezones=st.just(UTC))


def planned() -> tuple[PlannedReminder, ...]:
    """The plan of a registration window as published."""
    return plan(OPENS, CLOSES, LINES, PUBLISHED)


def test_each_line_is_dated_back_from_the_close() -> None:
    assert [(r.to, CLOSES - r.at) for r in planned()] == [
        ("drafts", 14 * DAY), ("channels", 7 * DAY), ("drafts", 3 * DAY), ("drafts", DAY), ("drafts", 3 * HOUR),
    ]  # fmt: skip


def test_a_line_is_of_use_until_the_next_one_to_the_same_people_or_the_close() -> None:
    first, channels, *_, last = planned()
    assert first.useful_until == CLOSES - 3 * DAY
    assert channels.useful_until == CLOSES
    assert last.useful_until == CLOSES


def test_a_line_before_the_opening_is_left_out() -> None:
    assert plan(CLOSES - 2 * DAY, CLOSES, LINES, PUBLISHED)[0].before == DAY


def test_in_a_compressed_season_reminders_are_compressed_too() -> None:
    pace = Pace(anchor_nominal=OPENS, anchor_real=OPENS, rate=2 / 86400)
    found = plan(pace.real(OPENS), pace.real(CLOSES), (line(3 * DAY),), pace)
    assert pace.real(CLOSES) - found[0].at == timedelta(seconds=6)
    assert found[0].before == 3 * DAY


def test_an_extension_moves_the_plan_and_keeps_its_keys() -> None:
    later = plan(OPENS, CLOSES + 5 * DAY, LINES, PUBLISHED)
    assert {r.key for r in later} == {r.key for r in planned()}
    assert later[0].at - planned()[0].at == 5 * DAY


def test_before_the_first_line_nothing_is_due() -> None:
    answer = due(planned(), OPENS, set())
    assert (answer.send, answer.drop, answer.next_at) == ((), (), CLOSES - 14 * DAY)


def test_at_its_instant_a_line_is_due_and_the_next_one_is_known() -> None:
    answer = due(planned(), CLOSES - 14 * DAY, set())
    assert [r.before for r in answer.send] == [14 * DAY]
    assert answer.next_at == CLOSES - 7 * DAY


def test_after_an_outage_only_the_newest_is_sent_to_each_audience() -> None:
    answer = due(planned(), CLOSES - 2 * HOUR, set())
    assert sorted((r.to, r.before) for r in answer.send) == [("channels", 7 * DAY), ("drafts", 3 * HOUR)]
    assert [r.before for r in answer.drop] == [14 * DAY, 3 * DAY, DAY]
    assert answer.next_at is None


def test_what_was_sent_is_not_sent_again() -> None:
    sent = {r.key for r in planned()[:2]}
    assert due(planned(), CLOSES - 4 * DAY, sent).send == ()


def test_at_the_close_nothing_is_sent_any_more() -> None:
    assert due(planned(), CLOSES, set()).send == ()


@given(PLANS)
def test_no_reminder_is_planned_at_or_after_the_close_or_before_the_opening(lines: tuple[Reminder, ...]) -> None:
    for reminder in plan(OPENS, CLOSES, lines, PUBLISHED):
        assert OPENS <= reminder.at < reminder.useful_until <= CLOSES


@given(PLANS, NOWS)
def test_one_look_never_sends_two_to_one_audience_nor_a_stale_one(lines: tuple[Reminder, ...], now: datetime) -> None:
    answer = due(plan(OPENS, CLOSES, lines, PUBLISHED), now, set())
    audiences = [r.to for r in answer.send]
    assert len(audiences) == len(set(audiences))
    assert all(r.at <= now < r.useful_until for r in answer.send)
    assert not set(answer.send) & set(answer.drop)


@given(PLANS, st.lists(NOWS, min_size=1, max_size=12).map(sorted))
def test_over_a_season_of_looks_no_line_is_sent_twice(lines: tuple[Reminder, ...], looks: list[datetime]) -> None:
    found = plan(OPENS, CLOSES, lines, PUBLISHED)
    done: set[str] = set()
    told: list[str] = []
    for now in looks:
        answer = due(found, now, done)
        told += [r.key for r in answer.send]
        done |= {r.key for r in (*answer.send, *answer.drop)}
    assert len(told) == len(set(told))


@given(PLANS)
def test_a_punctual_system_sends_every_line_unless_two_are_due_at_once(lines: tuple[Reminder, ...]) -> None:
    found = plan(OPENS, CLOSES, lines, PUBLISHED)
    done: set[str] = set()
    instants = sorted({r.at for r in found})
    for now, _ in pairwise([*instants, CLOSES]):
        answer = due(found, now, done)
        done |= {r.key for r in (*answer.send, *answer.drop)}
    assert {r.key for r in found} == done
