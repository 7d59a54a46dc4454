"""Selection: the quota and no more, wild cards on top, the next in rank waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.facts import Ranked, SelectionRow
from models.states import Decision
from rules.selection import select, step_up

DIVISIONS = ("DT", "LH/startup", "LH/student")
QUOTAS = st.dictionaries(st.sampled_from(DIVISIONS), st.integers(0, 6))
WILD = st.dictionaries(st.integers(0, 25), st.just("a rare technology"), max_size=4)


@st.composite
def rankings(draw: st.DrawFn) -> list[Ranked]:
    """Entries in divisions; ranks rise but may have gaps where somebody left."""
    last: dict[str, int] = defaultdict(int)
    ranked = []
    for entry, (division, step) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(DIVISIONS), st.integers(1, 3)), max_size=25))
    ):
        last[division] += step
        ranked.append(Ranked(entry, division, last[division]))
    return draw(st.permutations(ranked))


@given(rankings(), QUOTAS, WILD, st.integers(0, 4))
def test_a_division_selects_its_quota_of_the_best_and_only_wild_cards_on_top(
    ranked: list[Ranked], quotas: dict[str, int], wild: dict[int, str], waiting: int
) -> None:
    rows = select(ranked, quotas, wild, waiting)
    assert {(r.entry_id, r.division, r.rank) for r in rows} == {(r.entry_id, r.division, r.rank) for r in ranked}
    assert len(rows) == len(ranked)
    for division, size in Counter(r.division for r in ranked).items():
        mine = sorted((r for r in rows if r.division == division), key=lambda r: r.rank)
        quota = quotas.get(division, 0)
        assert [r.decision == Decision.SELECTED for r in mine] == [n < quota for n in range(size)]
        rest = [r for r in mine[quota:] if r.entry_id not in wild]
        assert [r.decision for r in rest] == [
            Decision.WAITING if n < waiting else Decision.NOT_SELECTED for n in range(len(rest))
        ]


@given(rankings(), QUOTAS, WILD, st.integers(0, 4))
def test_a_wild_card_carries_its_reason_and_is_not_used_within_the_quota(
    ranked: list[Ranked], quotas: dict[str, int], wild: dict[int, str], waiting: int
) -> None:
    for row in select(ranked, quotas, wild, waiting):
        assert (row.decision == Decision.WILD_CARD) == (row.reason is not None)
        if row.decision == Decision.WILD_CARD:
            assert row.reason == wild[row.entry_id]
        elif row.entry_id in wild:
            assert row.decision == Decision.SELECTED


@given(rankings(), QUOTAS, st.integers(0, 4), st.sampled_from(DIVISIONS))
def test_the_best_of_those_who_wait_moves_up_first_and_then_the_next(
    ranked: list[Ranked], quotas: dict[str, int], waiting: int, division: str
) -> None:
    rows = select(ranked, quotas, {}, waiting)
    moved = []
    while (up := step_up(rows, division)) is not None:
        moved.append(next(r for r in rows if r.entry_id == up))
        rows = [r for r in rows if r.entry_id != up]
    assert all(r.division == division and r.decision == Decision.WAITING for r in moved)
    assert all(one.rank < two.rank for one, two in pairwise(moved))
    assert not [r for r in rows if r.division == division and r.decision == Decision.WAITING]


def test_nobody_moves_up_where_nobody_waits() -> None:
    rows = [SelectionRow(1, "DT", 1, Decision.SELECTED), SelectionRow(2, "LH", 1, Decision.WAITING)]
    assert step_up(rows, "DT") is None
