"""Names that are alike are found in whatever order, spacing and accents they are written; other years never match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.facts import Like, NamedPerson
from rules.likeness import like_persons, likeness, parts

LEAST = 0.88
NAMES = st.text(st.sampled_from("abcdeÉöñ王李明 -'"), min_size=1, max_size=14)


def found(*people: tuple[str, int | None]) -> dict[int, tuple[Like, ...]]:
    named = [NamedPerson(n, n, name, born) for n, (name, born) in enumerate(people)]
    return like_persons(named, set(range(len(people))), LEAST)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wang Xiaoming", "Xiaoming WANG"),
        ("Wang Xiao Ming", "Xiao-ming Wang"),
        ("王 小明", "王小明"),
        ("José Muñoz", "Jose Munoz"),
        ("Søren O'Brien", "soren obrien"),
        ("Wang Xiaoming", "Wang Xiaomimg"),
    ],
)
def test_one_name_written_in_two_ways_is_found_from_both_sides(one: str, other: str) -> None:
    likes = found((one, 1980), (other, 1980))
    assert [like.entry_id for like in likes[0]] == [1]
    assert [like.entry_id for like in likes[1]] == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [("王小明", "王小朋"), ("Zhang Wei", "Zhang Mei"), ("Anna Rossi", "Anna Petrov"), ("王伟", "Wang Wei")],
)
def test_another_name_is_not_found(one: str, other: str) -> None:
    assert found((one, 1980), (other, 1980)) == {}


@given(NAMES, NAMES)
def test_likeness_is_symmetric_and_whole_for_the_same_name_in_another_order(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    words = parts(one)
    if words:
        assert likeness(one, one) == 1
        assert likeness(one, " ".join(reversed(words))) == 1


@given(NAMES, st.integers(1950, 2005), st.one_of(st.none(), st.integers(1950, 2005)))
def test_without_one_birth_year_in_common_nobody_is_found(name: str, born: int, other: int | None) -> None:
    likes = found((name, born), (name, other))
    assert bool(likes) == (born == other and bool(parts(name)))


def test_one_mail_address_and_one_team_are_left_to_other_rules() -> None:
    people = [
        NamedPerson(1, 1, "Wang Wei", 1980),
        NamedPerson(2, 1, "Wang Wei", 1980),
        NamedPerson(1, 2, "Wei Wang", 1980),
    ]
    assert like_persons(people[:2], {1, 2}, LEAST) == {}
    assert like_persons([people[0], people[2]], {1, 2}, LEAST) == {}
    assert like_persons(people, {2}, LEAST) == {2: (Like(1, 1.0),)}
