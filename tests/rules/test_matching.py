"""Matching: hard filters, capacities, no blocking pair, scores that add up."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.facts import MatchPair, MatchRound, NeedToMeet, ProjectToMatch
from rules.matching import match

FIELDS = st.frozensets(st.sampled_from(["medicine", "devices", "robots", "chips"]), max_size=3)
TRACKS = st.sampled_from(["LH", "DT"])
PROJECTS = st.lists(
    st.builds(
        ProjectToMatch, st.integers(1, 20), TRACKS, FIELDS, st.integers(1, 9), st.sampled_from([0.0, 0.25, 0.5, 1.0])
    ),
    max_size=9,
    unique_by=lambda p: p.entry_id,
)
NEEDS = st.lists(
    st.builds(
        NeedToMeet, st.integers(1, 20), st.frozensets(TRACKS, min_size=1), FIELDS, st.integers(1, 9), st.integers(0, 3)
    ),
    max_size=7,
    unique_by=lambda n: n.need_id,
)
ALREADY = st.frozensets(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=20)


def alone(project: ProjectToMatch, need: NeedToMeet, already: frozenset[tuple[int, int]]) -> MatchPair | None:
    """The pair as if both were alone in the world: its score, or None where a hard filter says no."""
    room = NeedToMeet(need.need_id, need.tracks, need.fields, need.readiness, 1)
    pairs = match([project], [room], 1, already).pairs
    return pairs[0] if pairs else None


def liked_by_project(pair: MatchPair) -> tuple[float, int]:
    return (-pair.score, pair.need_id)


def liked_by_need(pair: MatchPair) -> tuple[float, int]:
    return (-pair.score, pair.entry_id)


@settings(max_examples=120)
@given(PROJECTS, NEEDS, st.integers(1, 3), ALREADY)
def test_no_project_and_need_would_both_rather_have_each_other(
    projects: list[ProjectToMatch], needs: list[NeedToMeet], per_entry: int, already: frozenset[tuple[int, int]]
) -> None:
    found = match(projects, needs, per_entry, already)
    chosen = {(p.entry_id, p.need_id) for p in found.pairs}
    for project in projects:
        for need in needs:
            pair = alone(project, need, already)
            if pair is None or (project.entry_id, need.need_id) in chosen:
                continue
            has = [p for p in found.pairs if p.entry_id == project.entry_id]
            holds = [p for p in found.pairs if p.need_id == need.need_id]
            project_would = len(has) < per_entry or liked_by_project(pair) < max(map(liked_by_project, has))
            need_would = len(holds) < need.capacity or (
                bool(holds) and liked_by_need(pair) < max(map(liked_by_need, holds))
            )
            assert not (project_would and need_would)


@settings(max_examples=100)
@given(PROJECTS, NEEDS, st.integers(1, 3), ALREADY)
def test_filters_and_capacities_hold_on_both_sides(
    projects: list[ProjectToMatch], needs: list[NeedToMeet], per_entry: int, already: frozenset[tuple[int, int]]
) -> None:
    found = match(projects, needs, per_entry, already)
    project, need = {p.entry_id: p for p in projects}, {n.need_id: n for n in needs}
    assert max(Counter(p.entry_id for p in found.pairs).values(), default=0) <= per_entry
    assert all(c <= need[n].capacity for n, c in Counter(p.need_id for p in found.pairs).items())
    for pair in found.pairs:
        assert project[pair.entry_id].track in need[pair.need_id].tracks
        assert project[pair.entry_id].readiness >= need[pair.need_id].readiness
        assert (pair.entry_id, pair.need_id) not in already
        assert 0 <= pair.score <= 1
        assert sum(pair.parts.values()) == pytest.approx(pair.score, abs=1e-9)
    assert set(found.unmatched_projects) == set(project) - {p.entry_id for p in found.pairs}
    assert set(found.unmatched_needs) == set(need) - {p.need_id for p in found.pairs}


@settings(max_examples=60)
@given(PROJECTS, NEEDS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_change_a_round(
    projects: list[ProjectToMatch], needs: list[NeedToMeet], dice: random.Random
) -> None:
    mixed = dice.sample(projects, len(projects)), dice.sample(needs, len(needs))
    assert match(*mixed, 2, frozenset()) == match(projects, needs, 2, frozenset())


def test_more_fields_in_common_win() -> None:
    project = ProjectToMatch(1, "LH", frozenset({"medicine", "devices"}))
    needs = [
        NeedToMeet(1, frozenset({"LH"}), frozenset({"medicine"})),
        NeedToMeet(2, frozenset({"LH"}), frozenset({"medicine", "devices"})),
        NeedToMeet(3, frozenset({"LH"}), frozenset({"robots"})),
    ]
    assert [p.need_id for p in match([project], needs, 1, frozenset()).pairs] == [2]


def test_the_better_result_gets_the_last_place() -> None:
    projects = [ProjectToMatch(1, "LH", rank_share=0.2), ProjectToMatch(2, "LH", rank_share=0.9)]
    found = match(projects, [NeedToMeet(1, frozenset({"LH"}))], 1, frozenset())
    assert [p.entry_id for p in found.pairs] == [2]
    assert found.unmatched_projects == (1,)


def test_nobody_to_match_is_no_error() -> None:
    assert match([], [], 3, frozenset()) == MatchRound((), (), ())


def test_a_full_season_is_matched_in_seconds() -> None:
    dice = random.Random(5)
    tracks, fields = ["LH", "DT", "AM", "NE", "MA"], [f"f{n}" for n in range(20)]
    projects = [
        ProjectToMatch(n, dice.choice(tracks), frozenset(dice.sample(fields, 2)), dice.randint(1, 9), dice.random())
        for n in range(1_000)
    ]
    needs = [
        NeedToMeet(n, frozenset({dice.choice(tracks)}), frozenset(dice.sample(fields, 3)), dice.randint(1, 5), 3)
        for n in range(500)
    ]
    began = time.process_time()
    assert len(match(projects, needs, 3, frozenset()).pairs) > 1_000
    assert time.process_time() - began < 5
