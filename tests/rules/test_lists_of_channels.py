"""Where in a season file the lists of channels may stand."""

from __future__ import annotations

from rules.season_file import problems
from tests.rules.planted import SEASONS

TEXT = (SEASONS / "examples" / "harbour-2025.yaml").read_text(encoding="utf-8")
LISTS = TEXT[TEXT.index("  - id: lists") : TEXT.index("  - id: screening")]


def codes(text: str) -> list[str]:
    return [p.code for p in problems(text, "season.yaml") if p.severity == "error"]


def test_lists_stand_between_a_registration_and_the_screening() -> None:
    assert codes(TEXT) == []
    rest = TEXT.replace(LISTS, "")
    assert codes(rest) == []
    for before in ("  - id: review\n", "  - id: needs\n"):
        assert "endorsement.place" in codes(rest.replace(before, LISTS + before))


def test_a_rule_for_unsigned_lists_that_there_is_not_is_an_error() -> None:
    assert codes(TEXT.replace("unsigned: sign_as_is", "unsigned: sign")) == ["form.literal_error"]
