"""Sessions: every entry one turn, inside the window, no judge twice at a time, no conflict on a panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.facts import EntryToReview, JudgeAvailable, SessionPlan
from models.season import DefenceStage
from models.text import Text
from rules.assignment import may_score
from rules.defence import plan_sessions

OPENS = datetime(2024, 6, 29, 0, 0, tzinfo=UTC)
ORGANISATIONS = st.sampled_from([None, "A", "B", "C"])
DIVISIONS = ("DT", "LH/startup", "LH/student")


def stage(panel: int = 5, most: int = 12) -> DefenceStage:
    day = OPENS.date()
    return DefenceStage(
        kind="defence", id="defence", name=Text(en="Defence", zh="答辩"), opens=day, closes=day, rubric="r",
        panel_size=panel, entries_per_session=most,
    )  # fmt: skip


def entry(number: int, division: str = "DT", organisation: str | None = None) -> EntryToReview:
    return EntryToReview(number, division.split("/")[0], organisation, 1000 + number)


def plan(
    entries: list[EntryToReview],
    divisions: dict[int, str],
    judges: list[JudgeAvailable],
    closes: datetime,
    conflicts: AbstractSet[tuple[int, int]] = frozenset(),
    opens: datetime = OPENS,
    zone: str = "Europe/Brussels",
    of: DefenceStage | None = None,
) -> SessionPlan:
    return plan_sessions(entries, divisions, judges, conflicts, of or stage(), "hybrid", opens, closes, zone, "seed")


@settings(max_examples=120)
@given(
    divisions=st.lists(st.sampled_from(DIVISIONS), min_size=1, max_size=30),
    organisations=st.lists(ORGANISATIONS, min_size=30, max_size=30),
    judges=st.lists(st.tuples(ORGANISATIONS, st.integers(1000, 1040)), max_size=14),
    conflicts=st.sets(st.tuples(st.integers(0, 13), st.integers(0, 29)), max_size=12),
    panel=st.integers(1, 7),
    most=st.integers(1, 12),
    opens=st.integers(0, 24 * 60),
    minutes=st.integers(1, 5 * 24 * 60),
    zone=st.sampled_from(["Europe/Brussels", "Asia/Shanghai", "America/Los_Angeles", "Pacific/Auckland"]),
)
def test_any_season_can_be_planned_without_breaking_a_rule(
    divisions: list[str],
    organisations: list[str | None],
    judges: list[tuple[str | None, int]],
    conflicts: set[tuple[int, int]],
    panel: int,
    most: int,
    opens: int,
    minutes: int,
    zone: str,
) -> None:
    entries = {n: entry(n, d, organisations[n]) for n, d in enumerate(divisions)}
    serve = {n: JudgeAvailable(n, person, frozenset(), org) for n, (org, person) in enumerate(judges)}
    begins = OPENS + timedelta(minutes=opens)
    ends = begins + timedelta(minutes=minutes)
    found = plan(
        list(entries.values()), dict(enumerate(divisions)), list(serve.values()), ends, conflicts, begins, zone,
        stage(panel, most),
    )  # fmt: skip
    assert sorted(s.entry_id for x in found.sessions for s in x.slots) == sorted(entries)
    missing = {s.entry_id: s.missing for s in found.short}
    for session in found.sessions:
        assert begins <= session.starts_at <= session.ends_at <= ends
        assert 1 <= len(session.slots) <= most
        assert [s.position for s in session.slots] == list(range(1, len(session.slots) + 1))
        assert session.starts_at == session.slots[0].starts_at
        assert {divisions[s.entry_id] for s in session.slots} == {session.division}
        assert len(set(session.judges)) == len(session.judges) <= panel
        for turn in session.slots:
            assert all(may_score(entries[turn.entry_id], serve[j], conflicts) for j in session.judges)
            assert missing.get(turn.entry_id, 0) == panel - len(session.judges)
    for one, two in combinations(found.sessions, 2):
        if one.starts_at < two.ends_at and two.starts_at < one.ends_at:
            assert not set(one.judges) & set(two.judges)


def test_sessions_lie_in_the_local_daytime_one_after_another() -> None:
    entries = [entry(n) for n in range(40)]
    judges = [JudgeAvailable(n, n) for n in range(5)]
    found = plan(entries, dict.fromkeys(range(40), "DT"), judges, OPENS + timedelta(days=3))
    zone = ZoneInfo("Europe/Brussels")
    assert not found.short
    assert Counter(len(s.slots) for s in found.sessions) == {10: 4}
    for session in found.sessions:
        start, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
        assert start.date() == end.date()
        assert start.hour >= 9
        assert end.hour * 60 + end.minute <= 18 * 60


def test_turns_last_the_pitch_and_the_questions() -> None:
    found = plan([entry(1), entry(2)], {1: "DT", 2: "DT"}, [JudgeAvailable(1, 1)], OPENS + timedelta(days=1))
    (session,) = found.sessions
    assert session.slots[1].starts_at - session.slots[0].starts_at == timedelta(minutes=15)
    assert session.ends_at - session.starts_at == timedelta(minutes=30)


def test_the_day_on_which_clocks_change_is_no_exception() -> None:
    opens = datetime(2024, 3, 30, 23, 0, tzinfo=UTC)
    found = plan([entry(1)], {1: "DT"}, [JudgeAvailable(1, 1)], opens + timedelta(days=1), opens=opens)
    assert found.sessions[0].starts_at == datetime(2024, 3, 31, 7, 0, tzinfo=UTC)


def test_a_window_too_short_for_one_room_runs_sessions_side_by_side() -> None:
    entries = [entry(n) for n in range(24)]
    opens = datetime(2024, 6, 29, 8, 0, tzinfo=UTC)
    judges = [JudgeAvailable(n, n) for n in range(10)]
    found = plan(entries, dict.fromkeys(range(24), "DT"), judges, opens + timedelta(hours=3), opens=opens)
    assert not found.short
    assert {s.starts_at for s in found.sessions} == {opens}


def test_a_window_at_night_is_used_all_the_same() -> None:
    opens = datetime(2024, 6, 29, 20, 0, tzinfo=UTC)
    closes = opens + timedelta(hours=1)
    found = plan([entry(1)], {1: "DT"}, [JudgeAvailable(1, 1)], closes, opens=opens)
    assert found.sessions[0].starts_at == opens


def test_a_judge_in_conflict_is_replaced_by_another() -> None:
    judges = [JudgeAvailable(n, n) for n in range(6)]
    found = plan([entry(1)], {1: "DT"}, judges, OPENS + timedelta(days=1), {(0, 1)})
    assert found.sessions[0].judges == (1, 2, 3, 4, 5)
    assert not found.short


def test_entries_change_sessions_where_that_completes_the_panels() -> None:
    entries = [entry(n, organisation=org) for n, org in enumerate(["A", "B", "B", "A"])]
    judges = [JudgeAvailable(n, n, frozenset(), org) for n, org in enumerate(["A", "B", None, None])]
    found = plan(entries, dict.fromkeys(range(4), "DT"), judges, OPENS + timedelta(days=2), of=stage(panel=3, most=2))
    assert not found.short
    assert [{s.entry_id for s in x.slots} for x in found.sessions] == [{1, 2}, {0, 3}] or [
        {s.entry_id for s in x.slots} for x in found.sessions
    ] == [{0, 3}, {1, 2}]


def test_parallel_panels_swap_judges_until_both_are_complete() -> None:
    opens = datetime(2024, 6, 29, 8, 0, tzinfo=UTC)
    entries = [entry(1, "DT"), entry(2, "LH/student", "A")]
    judges = [JudgeAvailable(n, n, frozenset(), "A" if n > 1 else None) for n in range(4)]
    found = plan(
        entries, {1: "DT", 2: "LH/student"}, judges, opens + timedelta(minutes=20), opens=opens, of=stage(panel=2)
    )
    assert {s.division: s.judges for s in found.sessions} == {"DT": (2, 3), "LH/student": (0, 1)}


@pytest.mark.parametrize(
    ("judges", "conflicts", "why"),
    [(2, frozenset(), "judges"), (3, frozenset({(0, 1)}), "conflicts")],
)
def test_a_smaller_panel_is_told_with_its_reason(judges: int, conflicts: frozenset[tuple[int, int]], why: str) -> None:
    serve = [JudgeAvailable(n, n) for n in range(judges)]
    found = plan([entry(1)], {1: "DT"}, serve, OPENS + timedelta(days=1), conflicts, of=stage(panel=3))
    assert [(s.entry_id, s.missing, s.why) for s in found.short] == [(1, 1, why)]
    assert len(found.sessions[0].judges) == 2


def test_judges_of_the_track_sit_first_and_seats_are_shared_out() -> None:
    entries = [entry(n) for n in range(24)]
    judges = [JudgeAvailable(n, n, frozenset({"DT" if n < 10 else "LH"})) for n in range(20)]
    found = plan(entries, dict.fromkeys(range(24), "DT"), judges, OPENS + timedelta(days=2))
    assert sorted(j for s in found.sessions for j in s.judges) == list(range(10))


def test_the_order_is_drawn_from_the_published_seed() -> None:
    entries = [entry(n) for n in range(12)]
    divisions, judges = dict.fromkeys(range(12), "DT"), [JudgeAvailable(n, n) for n in range(5)]
    closes = OPENS + timedelta(days=2)
    one = plan_sessions(entries, divisions, judges, set(), stage(), "online", OPENS, closes, "UTC", "one")
    same = plan_sessions(entries[::-1], divisions, judges[::-1], set(), stage(), "online", OPENS, closes, "UTC", "one")
    other = plan_sessions(entries, divisions, judges, set(), stage(), "online", OPENS, closes, "UTC", "two")
    assert one == same
    assert [s.entry_id for s in one.sessions[0].slots] != [s.entry_id for s in other.sessions[0].slots]
    assert one.sessions[0].lot_seed.startswith("one")


def test_without_entries_there_is_nothing_to_plan() -> None:
    assert plan([], {}, [], OPENS + timedelta(days=1)) == SessionPlan(())


def overlap(one: tuple[datetime, datetime], two: tuple[datetime, datetime]) -> bool:
    return one[0] < two[1] and two[0] < one[1]


@settings(max_examples=120)
@given(
    divisions=st.lists(st.sampled_from(DIVISIONS), min_size=1, max_size=24),
    elsewhere=st.lists(
        st.lists(st.tuples(st.integers(0, 3 * 24 * 4), st.integers(1, 40)), max_size=4), min_size=1, max_size=9
    ),
    panel=st.integers(1, 5),
    most=st.integers(1, 12),
    minutes=st.integers(1, 3 * 24 * 60),
)
def test_nobody_sits_on_two_panels_at_once_wherever_the_other_one_is(
    divisions: list[str], elsewhere: list[list[tuple[int, int]]], panel: int, most: int, minutes: int
) -> None:
    quarter = timedelta(minutes=15)
    judges = [
        JudgeAvailable(
            n, n, busy=tuple((OPENS + at * quarter, OPENS + (at + length) * quarter) for at, length in spans)
        )
        for n, spans in enumerate(elsewhere)
    ]
    entries = [entry(n, division) for n, division in enumerate(divisions)]
    closes = OPENS + timedelta(minutes=minutes)
    found = plan(entries, dict(enumerate(divisions)), judges, closes, of=stage(panel, most))
    assert sorted(s.entry_id for x in found.sessions for s in x.slots) == list(range(len(entries)))
    missing = {s.entry_id: s.missing for s in found.short}
    for session in found.sessions:
        mine = session.starts_at, session.ends_at
        assert OPENS <= session.starts_at <= session.ends_at <= closes
        assert not [j for j in session.judges if any(overlap(mine, span) for span in judges[j].busy)]
        for turn in session.slots:
            assert missing.get(turn.entry_id, 0) == panel - len(session.judges)
    for one, two in combinations(found.sessions, 2):
        if overlap((one.starts_at, one.ends_at), (two.starts_at, two.ends_at)):
            assert not set(one.judges) & set(two.judges)


def test_where_the_judges_sit_elsewhere_in_the_morning_the_sessions_are_in_the_afternoon() -> None:
    nine, noon = OPENS + timedelta(hours=7), OPENS + timedelta(hours=10)
    judges = [JudgeAvailable(n, n, busy=((nine, noon),)) for n in range(5)]
    entries = [entry(n) for n in range(12)]
    found = plan(entries, dict.fromkeys(range(12), "DT"), judges, OPENS + timedelta(days=1))
    assert not found.short
    assert [s.starts_at for s in found.sessions] == [noon]


def test_where_the_judges_are_never_free_the_panel_is_short_and_says_why() -> None:
    judges = [JudgeAvailable(n, n, busy=((OPENS, OPENS + timedelta(days=1)),)) for n in range(5)]
    found = plan([entry(1)], {1: "DT"}, judges, OPENS + timedelta(days=1))
    assert [(s.missing, s.why) for s in found.short] == [(5, "load")]
    assert found.sessions[0].judges == ()
