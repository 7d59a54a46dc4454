"""Local wall times become instants, and the season's own time becomes real time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput
from models.season import SeasonFile
from models.timeline import Pace, PlannedWindow
from rules.timeline import closing, first_instant, hour_fault, opening, pace_for, resolve
from tests.seasons import small_file

SMALL = small_file()
SHANGHAI, BRUSSELS = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Brussels")
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Brussels", "America/Los_Angeles", "Pacific/Auckland"])
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def changed(**fields: dict[str, Any]) -> SeasonFile:
    """The small season with some fields of its stages changed."""
    body = small_file().model_dump(mode="json")
    for stage in body["stages"]:
        stage.update(fields.get(stage["id"].replace("-", "_"), {}))
    return SeasonFile.model_validate(body)


def window(file: SeasonFile, name: str) -> PlannedWindow:
    """A window by the last parts of its id."""
    return next(w for w in resolve(file).windows if w.id.endswith(name))


def test_a_bare_date_closes_at_the_end_of_its_day_in_the_seasons_zone() -> None:
    registration = window(small_file(), "/EU/registration")
    assert registration.opens_at == datetime(2024, 4, 8, 16, tzinfo=UTC)
    assert registration.closes_at == datetime(2024, 5, 31, 16, tzinfo=UTC)


def test_every_area_has_its_own_window_and_the_season_one_for_all() -> None:
    ids = [w.id for w in resolve(small_file()).windows]
    assert {"small-2024/EU/registration", "small-2024/SG/registration", "small-2024/finals"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_windows_come_in_the_order_of_their_opening() -> None:
    opens = [w.opens_at for w in resolve(small_file()).windows]
    assert opens == sorted(opens)
    assert first_instant(resolve(small_file())) == opens[0]


def test_in_an_areas_own_zone_the_same_wall_time_is_another_instant() -> None:
    file = changed(defence={"zone": "area"})
    eu, sg = window(file, "/EU/defence"), window(file, "/SG/defence")
    assert (eu.zone, sg.zone) == ("Europe/Brussels", "Asia/Singapore")
    assert eu.closes_at - sg.closes_at == timedelta(hours=6)


def test_a_stage_may_name_a_zone_of_its_own() -> None:
    found = window(changed(review={"zone": "Europe/London"}), "/SG/review")
    assert found.opens_at == datetime(2024, 6, 5, 23, tzinfo=UTC)


def test_an_instant_with_an_offset_means_itself() -> None:
    file = changed(registration={"closes": "2024-05-31T18:00:00+02:00", "zone": "area"})
    assert {w.closes_at for w in resolve(file).windows if w.stage == "registration"} == {
        datetime(2024, 5, 31, 16, tzinfo=UTC)
    }


def test_an_area_may_hold_a_stage_at_its_own_time() -> None:
    body = small_file().model_dump(mode="json")
    body["areas"][0]["stages"] = {"defence": {"closes": "2024-06-24"}}
    file = SeasonFile.model_validate(body)
    assert window(file, "/SG/defence").closes_at - window(file, "/EU/defence").closes_at == timedelta(days=1)


def test_events_and_matching_rounds_are_moments() -> None:
    moments = resolve(small_file()).moments
    assert [m.kind for m in moments] == ["event", "matching_round", "matching_round"]
    assert moments[0].until == datetime(2024, 7, 17, 16, tzinfo=UTC)
    assert moments[2].at - moments[1].at == timedelta(days=180)


@pytest.mark.parametrize(
    ("wall", "fault"),
    [
        (datetime(2024, 3, 31, 2, 30), "missing"),
        (datetime(2024, 10, 27, 2, 30), "twice"),
        (datetime(2024, 3, 31, 3, 0), None),
        (datetime(2024, 10, 27, 3, 0), None),
        (datetime(2024, 3, 31, 2, 30, tzinfo=UTC), None),
        (date(2024, 3, 31), None),
    ],
)
def test_hours_that_a_clock_skips_or_repeats_are_found(wall: datetime | date, fault: str | None) -> None:
    assert hour_fault(wall, BRUSSELS) == fault


def test_a_midnight_that_does_not_exist_is_found_at_the_end_of_the_day_before() -> None:
    # Beirut puts its clocks forward at midnight.
    beirut = ZoneInfo("Asia/Beirut")
    assert hour_fault(date(2024, 3, 30), beirut, closes=True) == "missing"
    assert hour_fault(date(2024, 3, 31), beirut) == "missing"
    assert hour_fault(date(2024, 3, 30), beirut) is None


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), ZONES)
def test_an_hour_without_fault_comes_back_from_utc_as_it_was_written(wall: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    if hour_fault(wall, zone) is None:
        assert opening(wall, zone).astimezone(zone).replace(tzinfo=None) == wall
        assert closing(wall, zone) == opening(wall, zone)


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), ZONES)
def test_a_day_closes_when_the_next_one_opens(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    assert closing(day, zone) == opening(day + timedelta(days=1), zone)
    assert timedelta(hours=22) < closing(day, zone) - opening(day, zone) < timedelta(hours=26)


@given(st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.integers(0, 60), ZONES, st.randoms(use_true_random=False))
def test_a_stage_is_one_window_in_each_area_whatever_the_order_of_the_areas(
    day: date, length: int, zone: str, dice: Random
) -> None:
    dates = {"opens": day, "closes": day + timedelta(days=length), "zone": zone}
    stages = tuple(s.model_copy(update=dates) if s.id == "review" else s for s in SMALL.stages)
    file = SMALL.model_copy(update={"stages": stages})
    shuffled = file.model_copy(update={"areas": tuple(dice.sample(file.areas, len(file.areas)))})
    plan = resolve(file)
    assert resolve(shuffled) == plan
    assert [w.opens_at for w in plan.windows] == sorted(w.opens_at for w in plan.windows)
    reviews = [w for w in plan.windows if w.stage == "review"]
    assert {w.area for w in reviews} == {a.code for a in file.areas}
    for found in reviews:
        opens, ends = found.opens_at.astimezone(ZoneInfo(zone)), found.closes_at.astimezone(ZoneInfo(zone))
        assert (opens.date(), ends.date()) == (day, day + timedelta(days=length + 1))
        assert (opens.hour, ends.hour) == (0, 0)


def test_as_published_every_instant_is_itself() -> None:
    timeline = resolve(small_file())
    pace = pace_for(timeline, datetime(2030, 1, 1, tzinfo=UTC), False, None)
    assert all(pace.real(w.closes_at) == w.closes_at for w in timeline.windows)
    assert pace.span(timedelta(days=3)) == timedelta(days=3)


def test_opened_now_the_first_registration_opens_now_and_days_keep_their_length() -> None:
    timeline, now = resolve(small_file()), datetime(2030, 1, 1, 12, tzinfo=UTC)
    pace = pace_for(timeline, now, True, None)
    registration = next(w for w in timeline.windows if w.stage == "registration")
    assert pace.real(registration.opens_at) == now
    assert pace.real(registration.closes_at) - now == registration.closes_at - registration.opens_at


def test_a_day_of_two_seconds_makes_a_season_of_minutes() -> None:
    timeline, now = resolve(small_file()), datetime(2030, 1, 1, 12, tzinfo=UTC)
    pace = pace_for(timeline, now, False, timedelta(seconds=2))
    registration = next(w for w in timeline.windows if w.stage == "registration")
    assert pace.real(registration.opens_at) == now
    assert pace.real(registration.closes_at) - now == timedelta(seconds=2 * 53)
    assert pace.span(timedelta(days=14)) == timedelta(seconds=28)


def test_a_day_of_no_length_is_refused() -> None:
    with pytest.raises(BadInput, match="2s"):
        pace_for(resolve(small_file()), datetime(2030, 1, 1, tzinfo=UTC), False, timedelta(0))


@given(INSTANTS, INSTANTS, INSTANTS, st.floats(1e-4, 10))
def test_real_and_nominal_undo_each_other_within_a_millisecond(
    nominal: datetime, anchor: datetime, real: datetime, rate: float
) -> None:
    pace = Pace(anchor_nominal=anchor, anchor_real=real, rate=rate)
    happens = pace.real(nominal)
    assert abs(pace.real(pace.nominal(happens)) - happens) < timedelta(milliseconds=1)
    # The other way, the microsecond to which a real instant is kept is 1/rate microseconds of the season's.
    assert abs(pace.nominal(pace.real(nominal)) - nominal) < timedelta(milliseconds=1) + timedelta(
        microseconds=2 / rate
    )


@given(INSTANTS, INSTANTS, st.floats(1e-4, 10))
def test_a_pace_keeps_the_order_of_instants(first: datetime, second: datetime, rate: float) -> None:
    pace = Pace(
        anchor_nominal=datetime(2024, 1, 1, tzinfo=UTC), anchor_real=datetime(2030, 1, 1, tzinfo=UTC), rate=rate
    )
    if first <= second:
        assert pace.real(first) <= pace.real(second)
