"""Instants in the clocks of the season, the area and the recipient."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models.errors import BadInput
from notices.instants import in_clock, in_clocks

CLOSE = datetime(2024, 5, 31, 16, tzinfo=UTC)


def test_a_deadline_at_midnight_is_the_end_of_its_day() -> None:
    assert in_clock(CLOSE, "Asia/Shanghai", "en", deadline=True) == "31 May 2024 24:00 (Asia/Shanghai, UTC+8)"
    assert in_clock(CLOSE, "Asia/Shanghai", "zh", deadline=True) == "2024年5月31日 24:00（北京时间，UTC+8）"


def test_an_opening_at_midnight_is_the_start_of_its_day() -> None:
    assert in_clock(CLOSE, "Asia/Shanghai", "en") == "1 Jun 2024 00:00 (Asia/Shanghai, UTC+8)"
    assert in_clock(CLOSE, "Asia/Shanghai", "zh") == "2024年6月1日 00:00（北京时间，UTC+8）"


def test_each_clock_is_told_once() -> None:
    zones = ("Asia/Shanghai", "Europe/Brussels", "Europe/Paris")
    assert in_clocks(CLOSE, zones, "en", deadline=True) == (
        "31 May 2024 24:00 (Asia/Shanghai, UTC+8) = 31 May 2024 18:00 (Europe/Brussels, UTC+2)"
    )
    assert in_clocks(CLOSE, ("UTC", None, "UTC"), "zh") == "2024年5月31日 16:00（协调世界时）"


def test_odd_offsets_and_seconds_are_exact() -> None:
    odd = datetime(2024, 5, 31, 16, 0, 5, 900_000, tzinfo=UTC)
    assert in_clock(odd, "Asia/Kathmandu", "en") == "31 May 2024 21:45:05 (Asia/Kathmandu, UTC+5:45)"
    assert in_clock(odd, "America/St_Johns", "en") == "31 May 2024 13:30:05 (America/St_Johns, UTC-2:30)"


def test_what_is_no_instant_and_no_zone_is_refused() -> None:
    for wrong in ("soon", "2024-05-31T16:00:00", datetime(2024, 5, 31)):
        with pytest.raises(BadInput):
            in_clock(wrong, "UTC", "en")
    for zone in ("Mars/Olympus", "../etc/passwd"):
        with pytest.raises(BadInput, match="no time zone"):
            in_clock(CLOSE, zone, "en")
