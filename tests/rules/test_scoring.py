"""Totals, scores, ranks and digests, against an oracle in exact fractions."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Refused
from models.facts import RankRow
from models.season import Criterion, Rubric
from models.text import Text
from rules.scoring import ballot_total, digest, rank, score

NAME = Text(en="x", zh="x")
WEIGHTS = {"technology": 40, "market": 35, "team": 25}
RUBRIC = Rubric(code="r", criteria=tuple(Criterion(code=c, name=NAME, weight=w) for c, w in WEIGHTS.items()))
TOTALS = st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=9)


def to_cents(value: Fraction) -> Decimal:
    """Half up, in whole numbers."""
    return Decimal(floor(value * 100 + Fraction(1, 2))) / 100


@given(TOTALS, st.randoms(use_true_random=False))
def test_the_score_does_not_depend_on_the_order_of_the_ballots(totals: list[Decimal], dice: random.Random) -> None:
    mixed = dice.sample(totals, len(totals))
    assert score(mixed, "trimmed_mean") == score(totals, "trimmed_mean")


@given(TOTALS)
def test_from_four_ballots_on_one_highest_and_one_lowest_are_dropped(totals: list[Decimal]) -> None:
    rest = [Fraction(t) for t in totals]
    if len(rest) >= 4:
        rest.remove(max(rest))
        rest.remove(min(rest))
    mean = sum(rest, Fraction(0)) / len(rest)
    found = score(totals, "trimmed_mean")
    assert found is not None
    assert found.used == len(rest)
    assert found.rounded == to_cents(mean)
    assert abs(Fraction(found.exact) - mean) <= Fraction(1, 2 * 10**8)


@given(TOTALS)
def test_the_plain_mean_counts_every_ballot(totals: list[Decimal]) -> None:
    found = score(totals, "mean")
    assert found is not None
    assert found.used == len(totals)
    assert found.rounded == to_cents(sum(map(Fraction, totals), Fraction(0)) / len(totals))


def test_without_ballots_there_is_no_score() -> None:
    assert score([], "trimmed_mean") is None


def test_half_a_cent_is_rounded_up() -> None:
    found = score([Decimal("85.00"), Decimal("85.01")], "mean")
    assert found is not None
    assert found.rounded == Decimal("85.01")


@given(st.fixed_dictionaries({c: st.decimals(0, w, places=1).map(float) for c, w in WEIGHTS.items()}))
def test_a_ballot_totals_its_points_exactly(scores: dict[str, float]) -> None:
    assert ballot_total(scores, RUBRIC) == sum(Decimal(str(v)) for v in scores.values())


def test_full_points_are_a_hundred() -> None:
    assert str(ballot_total(WEIGHTS, RUBRIC)) == "100.00"


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"team": None}, "ballot.missing", "team"),
        ({"luck": 1.0}, "ballot.unknown", "luck"),
        ({"team": 25.5}, "ballot.range", "25.5"),
        ({"team": -0.1}, "ballot.range", "-0.1"),
        ({"team": float("nan")}, "ballot.range", "nan"),
        ({"team": float("inf")}, "ballot.range", "inf"),
    ],
)
def test_a_bad_ballot_is_refused_with_criterion_and_remedy(
    change: dict[str, float | None], code: str, named: str
) -> None:
    scores = {k: v for k, v in {**WEIGHTS, **change}.items() if v is not None}
    with pytest.raises(Refused) as refused:
        ballot_total(scores, RUBRIC)
    assert refused.value.code == code
    assert next(iter(change)) in refused.value.sentence
    assert named in refused.value.sentence
    assert refused.value.remedy


ROWS = st.lists(
    st.builds(
        RankRow,
        st.integers(1, 500),
        st.sampled_from(["LH", "DT/student"]),
        st.none() | st.sampled_from([Decimal("80.5"), Decimal("90"), Decimal("0")]),
        st.sampled_from([Decimal("30"), Decimal("31")]),
    ),
    max_size=30,
    unique_by=lambda r: r.entry_id,
)


@given(ROWS)
def test_the_ranks_of_a_division_are_one_to_the_number_of_its_entries(rows: list[RankRow]) -> None:
    ranked = rank(rows, "seed")
    assert sorted((r.entry_id, r.division) for r in ranked) == sorted((r.entry_id, r.division) for r in rows)
    for division, count in Counter(r.division for r in rows).items():
        assert sorted(r.rank for r in ranked if r.division == division) == list(range(1, count + 1))


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_change_a_rank(rows: list[RankRow], dice: random.Random) -> None:
    assert rank(dice.sample(rows, len(rows)), "seed") == rank(rows, "seed")


@given(ROWS)
def test_the_better_score_then_the_main_criterion_then_the_lot_decides(rows: list[RankRow]) -> None:
    row = {r.entry_id: r for r in rows}
    ranked = rank(rows, "seed")
    for better, worse in pairwise(ranked):
        if better.division != worse.division:
            continue
        one, two = row[better.entry_id], row[worse.entry_id]
        if two.exact is None:
            continue
        assert one.exact is not None
        assert (one.exact, one.main_criterion) >= (two.exact, two.main_criterion)
        if (one.exact, one.main_criterion) == (two.exact, two.main_criterion):
            lots = [hashlib.sha256(f"seed:{r.entry_id}".encode()).hexdigest() for r in (one, two)]
            assert lots == sorted(lots)


def test_entries_without_a_score_come_last_even_behind_zero_points() -> None:
    rows = [RankRow(1, "LH", None, Decimal(40)), RankRow(2, "LH", Decimal(0), Decimal(0))]
    assert [r.entry_id for r in rank(rows, "seed")] == [2, 1]


def test_another_seed_draws_other_lots() -> None:
    rows = [RankRow(n, "LH", Decimal(80)) for n in range(40)]
    assert rank(rows, "one") != rank(rows, "two")


BALLOTS = st.lists(
    st.tuples(
        st.integers(1, 99),
        st.dictionaries(st.sampled_from(list(WEIGHTS)), st.integers(0, 25).map(float)),
        st.decimals(0, 100, places=2),
    ),
    max_size=5,
    unique_by=lambda b: b[0],
)


@settings(max_examples=60)
@given(BALLOTS, st.randoms(use_true_random=False))
def test_a_digest_is_the_same_for_any_order_and_notation(
    ballots: list[tuple[int, dict[str, float], Decimal]], dice: random.Random
) -> None:
    mixed = [(a, {c: int(v) for c, v in reversed(s.items())}, t.normalize()) for a, s, t in ballots]
    assert digest(dice.sample(mixed, len(mixed))) == digest(ballots)


def test_a_digest_changes_with_any_point() -> None:
    one = digest([(1, {"team": 20.0}, Decimal("20.00"))])
    assert (
        len({one, digest([(1, {"team": 20.5}, Decimal("20.00"))]), digest([(2, {"team": 20.0}, Decimal("20.00"))])})
        == 3
    )
