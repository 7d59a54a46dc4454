"""Judges for entries: hard rules, coverage against an independent maximum flow, balance, shortages."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Set as AbstractSet
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.facts import EntryToReview, JudgeAvailable
from rules import assignment
from rules.assignment import assign, may_score, replacement

ORGANISATIONS = st.sampled_from([None, "", "KU Leuven", "ku leuven ", "Shenzhen University"])
TRACKS = st.sampled_from(["LH", "DT", "AM"])
Case = tuple[list[EntryToReview], list[JudgeAvailable], set[tuple[int, int]], int, int]


@st.composite
def cases(draw: st.DrawFn, entries: int = 8, judges: int = 6) -> Case:
    people = st.integers(1, 12)
    found = [
        EntryToReview(100 + n, draw(TRACKS), draw(ORGANISATIONS), draw(people), draw(st.frozensets(people, max_size=2)))
        for n in range(draw(st.integers(1, entries)))
    ]
    serve = [
        JudgeAvailable(
            n, draw(people), draw(st.frozensets(TRACKS, max_size=2)), draw(ORGANISATIONS),
            draw(st.integers(0, 6)), draw(st.integers(0, 3)),
        )
        for n in range(draw(st.integers(0, judges)))
    ]  # fmt: skip
    conflicts = draw(st.sets(st.tuples(st.integers(0, judges), st.integers(100, 100 + entries)), max_size=10))
    return found, serve, conflicts, draw(st.integers(1, 4)), draw(st.integers(1, 6))


def most_pairs(case: Case) -> int:
    """The maximum flow by augmenting paths (Ford and Fulkerson), written apart from the rule."""
    entries, judges, conflicts, per_entry, max_load = case
    room = {j.id: max(0, min(max_load, j.max_load) - j.load) for j in judges}
    allowed = {e.id: [j.id for j in judges if may_score(e, j, conflicts)] for e in entries}
    has: dict[int, set[int]] = defaultdict(set)
    of: dict[int, set[int]] = defaultdict(set)

    def augment(entry: int, seen: set[int]) -> bool:
        for judge in allowed[entry]:
            if judge in seen or judge in has[entry]:
                continue
            seen.add(judge)
            if len(of[judge]) >= room[judge]:
                other = next((o for o in sorted(of[judge]) if augment(o, seen)), None)
                if other is None:
                    continue
                of[judge].discard(other)
                has[other].discard(judge)
            of[judge].add(entry)
            has[entry].add(judge)
            return True
        return False

    return sum(augment(e.id, set()) for e in entries for _ in range(per_entry))


def check(case: Case) -> None:
    entries, judges, conflicts, per_entry, max_load = case
    plan = assign(*case)
    entry, judge = {e.id: e for e in entries}, {j.id: j for j in judges}
    assert len(set(plan.pairs)) == len(plan.pairs)
    assert list(plan.pairs) == sorted(plan.pairs)
    assert all(may_score(entry[e], judge[j], conflicts) for e, j in plan.pairs)
    loads = Counter(j for _, j in plan.pairs)
    assert all(n <= max(0, min(max_load, judge[j].max_load) - judge[j].load) for j, n in loads.items())
    given_to = Counter(e for e, _ in plan.pairs)
    assert all(given_to[e.id] <= per_entry for e in entries)
    assert {s.entry_id: s.missing for s in plan.short} == {
        e.id: per_entry - given_to[e.id] for e in entries if given_to[e.id] < per_entry
    }
    assert len(plan.pairs) == most_pairs(case)
    all_loads = [loads[j.id] for j in judges] or [0]
    assert (plan.load_max, plan.load_min) == (max(all_loads), min(all_loads))


@settings(max_examples=100)
@given(cases())
def test_a_plan_obeys_every_hard_rule_and_covers_as_much_as_can_be(case: Case) -> None:
    check(case)


@settings(max_examples=60)
@given(cases(entries=12, judges=10))
def test_with_few_candidates_each_the_coverage_is_still_the_maximum(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignment, "_CANDIDATES", 1)
        patch.setattr(assignment, "_WIDEN", 2)
        check(case)


@settings(max_examples=40)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(case: Case, dice: random.Random) -> None:
    entries, judges, conflicts, per_entry, max_load = case
    mixed = dice.sample(entries, len(entries)), dice.sample(judges, len(judges))
    assert assign(*mixed, conflicts, per_entry, max_load) == assign(*case)


def off_track(pairs: AbstractSet[tuple[int, int]], entries: list[EntryToReview], judges: list[JudgeAvailable]) -> int:
    track, of = {e.id: e.track for e in entries}, {j.id: j.tracks for j in judges}
    return sum(bool(of[j]) and track[e] not in of[j] for e, j in pairs)


@settings(max_examples=40)
@given(cases(entries=3, judges=3))
def test_no_other_plan_of_the_same_coverage_has_more_judges_of_the_right_track(case: Case) -> None:
    entries, judges, conflicts, per_entry, max_load = case
    plan = assign(*case)
    room = {j.id: max(0, min(max_load, j.max_load) - j.load) for j in judges}
    allowed = [(e.id, j.id) for e in entries for j in judges if may_score(e, j, conflicts)]
    missing = sorted((s.missing for s in plan.short), reverse=True)

    def spread(pairs: tuple[tuple[int, int], ...]) -> list[int]:
        count = Counter(e for e, _ in pairs)
        return sorted((per_entry - count[e.id] for e in entries if count[e.id] < per_entry), reverse=True)

    fewest = min(
        off_track(set(pairs), entries, judges)
        for pairs in combinations(allowed, len(plan.pairs))
        if all(n <= room[j] for j, n in Counter(j for _, j in pairs).items())
        and all(n <= per_entry for n in Counter(e for e, _ in pairs).values())
        and spread(pairs) == missing
    )
    assert off_track(set(plan.pairs), entries, judges) == fewest


def test_loads_are_even_where_all_judges_are_alike() -> None:
    entries = [EntryToReview(n, "LH") for n in range(70)]
    judges = [JudgeAvailable(n, 1000 + n) for n in range(20)]
    plan = assign(entries, judges, set(), 3, 40)
    assert (plan.load_min, plan.load_max) == (10, 11)


def test_who_has_a_load_already_gets_less() -> None:
    entries = [EntryToReview(n, "LH") for n in range(10)]
    judges = [JudgeAvailable(1, 1001, load=6), JudgeAvailable(2, 1002), JudgeAvailable(3, 1003)]
    loads = Counter(j for _, j in assign(entries, judges, set(), 1, 40).pairs)
    assert loads[1] <= 1
    assert abs(loads[2] - loads[3]) <= 1


def test_a_shortage_is_shared_instead_of_leaving_one_entry_without_any_judge() -> None:
    entries = [EntryToReview(n, "LH") for n in range(3)]
    judges = [JudgeAvailable(n, 1000 + n, max_load=2) for n in range(3)]
    plan = assign(entries, judges, set(), 3, 40)
    assert [s.missing for s in plan.short] == [1, 1, 1]


def test_a_track_with_too_few_judges_gets_those_of_other_tracks() -> None:
    entries = [EntryToReview(n, "LH") for n in range(300)]
    judges = [JudgeAvailable(n, 1000 + n, frozenset({"LH" if n < 4 else "DT"}), max_load=10) for n in range(120)]
    plan = assign(entries, judges, set(), 3, 10)
    assert plan.short == ()
    assert sum(j < 4 for _, j in plan.pairs) == 40


@pytest.mark.parametrize(
    ("judges", "conflicts", "max_load", "why"),
    [
        (2, frozenset(), 9, "judges"),
        (4, frozenset({(0, 1), (1, 1)}), 9, "conflicts"),
        (4, frozenset(), 0, "load"),
    ],
)
def test_a_shortage_says_what_binds_first(
    judges: int, conflicts: frozenset[tuple[int, int]], max_load: int, why: str
) -> None:
    serve = [JudgeAvailable(n, 1000 + n) for n in range(judges)]
    (short,) = assign([EntryToReview(1, "LH")], serve, conflicts, 3, max_load).short
    assert short.why == why


def test_without_any_judge_every_entry_is_short_of_all() -> None:
    plan = assign([EntryToReview(1, "LH"), EntryToReview(2, "LH")], [], set(), 3, 40)
    assert [(s.entry_id, s.missing, s.why) for s in plan.short] == [(1, 3, "judges"), (2, 3, "judges")]


@settings(max_examples=100)
@given(cases(entries=1), st.frozensets(st.integers(0, 6), max_size=3))
def test_a_replacement_is_the_least_loaded_judge_of_the_best_track_that_may_score(
    case: Case, already: frozenset[int]
) -> None:
    (entry, *_), judges, conflicts, _, max_load = case
    found = replacement(entry, judges, conflicts, already, max_load)
    able = [
        j
        for j in judges
        if j.id not in already and j.load < j.max_load and j.load < max_load and may_score(entry, j, conflicts)
    ]
    right = [j for j in able if not j.tracks or entry.track in j.tracks]
    assert (found is None) == (not able)
    if found is not None:
        chosen = next(j for j in able if j.id == found)
        assert chosen in (right or able)
        assert chosen.load == min(j.load for j in (right or able))


def test_a_large_season_is_assigned_in_seconds() -> None:
    dice = random.Random(7)
    tracks = ["LH", "DT", "AM", "NE", "MA"]
    entries = [EntryToReview(n, dice.choice(tracks), f"o{dice.randrange(400)}", 10**6 + n) for n in range(2_000)]
    judges = [JudgeAvailable(n, n, frozenset({dice.choice(tracks)}), f"o{dice.randrange(400)}") for n in range(300)]
    began = time.process_time()
    plan = assign(entries, judges, set(), 3, 40)
    assert plan.short == ()
    assert off_track(set(plan.pairs), entries, judges) == 0
    assert time.process_time() - began < 10
