"""Lengths of time and instants as people write them: read, or refused in one sentence, however absurd."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from models.errors import BadInput
from models.instants import Instant, Span, parse_instant, parse_span

ABSURD = ("9" * 400 + "d", "999999999999d", "1000000000000000w", "101w" * 60, "36526d")


@pytest.mark.parametrize(
    ("text", "span"),
    [("90m", timedelta(minutes=90)), ("1d12h", timedelta(hours=36)), (2.5, timedelta(seconds=2.5)), ("36525d", timedelta(days=36525))],
)  # fmt: skip
def test_a_length_of_time_is_read(text: str | float, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", [*ABSURD, 1e300, float("inf"), -1e12, 10**400])
def test_a_length_of_more_than_a_hundred_years_is_refused_in_one_sentence(text: str | float) -> None:
    with pytest.raises(BadInput) as refused:
        parse_span(text)
    assert refused.value.code == "span.too_long"
    assert refused.value.sentence.endswith("is longer than 100 years.")
    assert len(refused.value.sentence) < 100


def test_what_is_no_number_is_no_length_of_time() -> None:
    with pytest.raises(BadInput, match="not a length of time"):
        parse_span(float("nan"))


@pytest.mark.parametrize("value", [*ABSURD, "P400000D", timedelta(days=400_000), 1e300])
def test_a_field_with_an_absurd_length_is_a_fault_of_the_input(value: object) -> None:
    with pytest.raises(ValidationError, match="longer than 100 years"):
        TypeAdapter(Span).validate_python(value)


@pytest.mark.parametrize("text", ["9999-12-31T23:59-08:00", "0001-01-01T00:00+08:00"])
def test_an_instant_that_lies_in_no_year_in_utc_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="beyond the years 1 to 9999"):
        parse_instant(text)
    with pytest.raises(ValidationError, match="beyond the years 1 to 9999"):
        TypeAdapter(Instant).validate_python(datetime.fromisoformat(text))
