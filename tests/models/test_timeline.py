"""The pace of a season: from its own calendar to the real one and back, as far as there are years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.errors import BadInput
from models.timeline import Pace

MAY = datetime(2024, 5, 1, tzinfo=UTC)


def pace(rate: float) -> Pace:
    return Pace(anchor_nominal=MAY, anchor_real=MAY, rate=rate)


def test_a_pace_maps_there_and_back() -> None:
    found = pace(0.5)
    assert found.real(MAY + timedelta(days=2)) == MAY + timedelta(days=1)
    assert found.nominal(MAY + timedelta(days=1)) == MAY + timedelta(days=2)
    assert found.span(timedelta(days=2)) == timedelta(days=1)


@pytest.mark.parametrize("rate", [1e6, 1e300])
def test_a_pace_so_slow_that_years_run_out_says_so(rate: float) -> None:
    for stretch in (pace(rate).real, pace(1 / rate).nominal):
        with pytest.raises(BadInput) as refused:
            stretch(MAY + timedelta(days=365))
        assert refused.value.code == "pace.too_far"
        assert refused.value.sentence == "At this pace the season would run past the year 9999."
    with pytest.raises(BadInput, match="past the year 9999"):
        pace(rate).span(timedelta(days=36_525))


def test_a_shift_beyond_the_last_year_says_so_too() -> None:
    late = Pace(anchor_nominal=MAY, anchor_real=datetime(9999, 12, 1, tzinfo=UTC))
    with pytest.raises(BadInput, match="past the year 9999"):
        late.real(MAY + timedelta(days=365))
