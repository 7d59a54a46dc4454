"""Awards: prizes by rank in each division, as many as there are, best first."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from models.facts import AwardRow, Ranked
from models.season import Prize
from models.text import Text
from rules.awards import give

NAME = Text(en="x", zh="x")
RANKED = st.lists(st.sampled_from(["DT", "LH"]), max_size=20).map(
    lambda divisions: [Ranked(n, d, divisions[: n + 1].count(d)) for n, d in enumerate(divisions)]
)
PRIZES = st.lists(st.integers(1, 4), max_size=4).map(
    lambda counts: [Prize(code=f"p{n}", name=NAME, each=each) for n, each in enumerate(counts)]
)


@given(RANKED.flatmap(st.permutations), PRIZES)
def test_no_entry_has_two_prizes_and_no_prize_is_given_too_often(ranked: list[Ranked], prizes: list[Prize]) -> None:
    awards = give(ranked, prizes)
    assert len({a.entry_id for a in awards}) == len(awards)
    each = {p.code: p.each for p in prizes}
    assert all(n <= each[prize] for (_, prize), n in Counter((a.division, a.prize) for a in awards).items())
    for division, size in Counter(r.division for r in ranked).items():
        assert sum(a.division == division for a in awards) == min(size, sum(each.values()))


@given(RANKED.flatmap(st.permutations), PRIZES)
def test_a_better_rank_never_has_a_lesser_prize(ranked: list[Ranked], prizes: list[Prize]) -> None:
    order = {p.code: n for n, p in enumerate(prizes)}
    awards = give(ranked, prizes)
    for one in awards:
        for two in awards:
            if one.division == two.division and one.rank < two.rank:
                assert order[one.prize] <= order[two.prize]


def test_prizes_beyond_the_entries_stay_with_the_organisers() -> None:
    prizes = [Prize(code="first", name=NAME, each=1), Prize(code="second", name=NAME, each=2)]
    assert give([Ranked(4, "DT", 1), Ranked(9, "DT", 2)], prizes) == [
        AwardRow(4, "DT", "first", 1),
        AwardRow(9, "DT", "second", 2),
    ]
