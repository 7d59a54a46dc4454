"""The entry rules: each reason to refuse alone is enough, a question alone leaves the entry undecided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.facts import Screening, ScreeningFacts
from models.season import EntryRules
from rules.screening import screen

RULES = EntryRules(team_max=5, documents=("plan", "consent"), leader_degree="master")
GOOD: dict[str, Any] = {
    "entry_id": 7,
    "team": (1, 2, 3),
    "documents": frozenset({"plan", "consent", "video"}),
    "leader_degree": "doctor",
    "summary_length": 400,
}
DEGREES = ("none", "bachelor", "master", "doctor")


def screened(rules: EntryRules = RULES, **changes: Any) -> Screening:
    return screen(ScreeningFacts(**{**GOOD, **changes}), rules)


def test_an_entry_that_keeps_every_rule_is_eligible_without_findings() -> None:
    assert screened() == Screening(7, "eligible", ())


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"team": (1, 2, 3, 4, 5, 6)}, "screening.team_max", ("6", "5")),
        ({"documents": frozenset({"plan"})}, "screening.documents", ("consent",)),
        ({"leader_degree": "bachelor"}, "screening.leader_degree", ("bachelor", "master")),
        ({"leader_degree": None}, "screening.leader_degree", ("none", "master")),
        ({"person_in_entries": {2: (3, 4), 3: (4,)}}, "screening.one_entry_per_person", ("2 of the team", "1 entry")),
        ({"track_known": False}, "screening.track", ("track",)),
    ],
)
def test_a_broken_rule_refuses_and_names_value_and_limit(
    changes: dict[str, Any], code: str, named: tuple[str, ...]
) -> None:
    found = screened(**changes)
    assert found.decision == "ineligible"
    assert [(f.code, f.severity) for f in found.findings] == [(code, "refuse")]
    assert all(word in found.findings[0].text.en for word in named)
    assert found.findings[0].text.zh


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"twin_entries": (9,)}, "screening.same_title"), ({"leader_degree": "licence"}, "screening.leader_degree")],
)
def test_what_a_rule_cannot_know_is_asked_of_a_person(changes: dict[str, Any], code: str) -> None:
    found = screened(**changes)
    assert found.decision == "undecided"
    assert [(f.code, f.severity) for f in found.findings] == [(code, "ask")]


def test_a_reason_to_refuse_outweighs_a_question_and_both_are_told() -> None:
    found = screened(twin_entries=(9,), documents=frozenset())
    assert found.decision == "ineligible"
    assert [f.code for f in found.findings] == ["screening.documents", "screening.documents", "screening.same_title"]


def test_a_person_may_be_in_several_entries_where_the_season_allows_it() -> None:
    rules = RULES.model_copy(update={"one_entry_per_person": False})
    assert screened(rules, person_in_entries={2: (3,)}).decision == "eligible"


def test_without_a_required_degree_any_degree_will_do() -> None:
    rules = RULES.model_copy(update={"leader_degree": "none"})
    assert {screened(rules, leader_degree=d).decision for d in (None, "licence", *DEGREES)} == {"eligible"}


@given(st.integers(0, 12), st.integers(1, 12))
def test_a_team_is_refused_exactly_above_the_limit(size: int, limit: int) -> None:
    rules = RULES.model_copy(update={"team_max": limit})
    assert (screened(rules, team=tuple(range(size))).decision == "ineligible") == (size > limit)


@given(st.sampled_from(DEGREES), st.sampled_from(DEGREES))
def test_a_degree_counts_from_the_required_one_up(has: str, needs: str) -> None:
    rules = RULES.model_copy(update={"leader_degree": needs})
    enough = DEGREES.index(has) >= DEGREES.index(needs)
    assert screened(rules, leader_degree=has).decision == ("eligible" if enough else "ineligible")


@given(st.frozensets(st.sampled_from(["plan", "consent", "video", "patent"])))
def test_each_missing_document_is_one_finding(documents: frozenset[str]) -> None:
    found = screened(documents=documents)
    assert len(found.findings) == len({"plan", "consent"} - documents)
