"""What an entry must say before it may be submitted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.season import EntryRules
from rules.completeness import Written, checks, missing
from tests.seasons import small_file

TRACK = small_file().track("LH")
RULES = EntryRules(team_max=3, documents=("plan", "licence"), leader_degree="master")
WHOLE = Written("Cooling", "A plan.", ("medicine",), "doctor", 6, 3, ("plan", "licence"))


def test_a_whole_entry_lacks_nothing() -> None:
    assert {check.mark for check in checks(WHOLE, TRACK, RULES)} == {"ok"}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"title": " \n"}, "title"), ({"summary": ""}, "summary"), ({"fields": ()}, "fields"),
        ({"readiness": None}, "readiness"), ({"leader_degree": None}, "degree"), ({"documents": ("plan",)}, "document"),
    ],
)  # fmt: skip
def test_each_thing_that_is_missing_is_named_and_nothing_else(change: dict[str, object], what: str) -> None:
    found = missing(checks(replace(WHOLE, **change), TRACK, RULES))  # type: ignore[arg-type]
    assert [(check.what, check.about) for check in found] == [(what, "licence" if what == "document" else "")]


@pytest.mark.parametrize(("change", "what"), [({"leader_degree": "bachelor"}, "degree"), ({"team": 4}, "team")])
def test_what_the_entry_rules_will_refuse_is_said_and_does_not_keep_from_submitting(
    change: dict[str, object], what: str
) -> None:
    found = checks(replace(WHOLE, **change), TRACK, RULES)  # type: ignore[arg-type]
    assert missing(found) == ()
    assert [check.what for check in found if check.mark == "doubtful"] == [what]


def test_a_track_without_fields_asks_for_none() -> None:
    found = checks(replace(WHOLE, fields=()), small_file().track("DE"), RULES)
    assert missing(found) == ()
