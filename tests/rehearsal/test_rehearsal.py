"""Whole seasons, lived through on the time-skipping server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.conftest import Rehearse
from tests.seasons import SMALL

SEASONS = Path(__file__).resolve().parents[2] / "seasons"
EXAMPLES = sorted((SEASONS / "examples").glob("*.yaml"))


def test_nothing_is_late_early_twice_or_lost(rehearsed: Rehearse) -> None:
    report = rehearsed(SMALL, 60, 4, 15)
    assert report.flaws() == []
    assert report.windows.total == report.windows.closed > 0
    assert report.notices.sent == report.notices.planned > 0
    assert [finding for finding in report.findings if finding.severity == "error"] == []


def test_a_season_goes_through_all_its_stages(rehearsed: Rehearse) -> None:
    report = rehearsed(SMALL, 60, 4, 15)
    entries = report.entries
    assert entries.started >= entries.submitted >= entries.eligible >= entries.reviewed > 0
    assert entries.refused_late > 0
    assert entries.defended > 0
    assert entries.awarded > 0
    assert report.ballots > 0
    assert report.matches > 0
    assert report.follow_ups > 0
    assert report.simulated_days > 365


def test_the_same_seed_gives_the_same_season(rehearsed: Rehearse) -> None:
    first = rehearsed(SMALL, 40, 5, 3.5)
    again = rehearsed.__wrapped__(SMALL, 40, 5, 3.5)  # type: ignore[attr-defined]
    assert again.digest == first.digest
    assert again.entries == first.entries


def test_another_seed_gives_another_season(rehearsed: Rehearse) -> None:
    assert rehearsed(SMALL, 40, 6, 3.5).digest != rehearsed(SMALL, 40, 5, 3.5).digest


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_rehearses_to_its_end(rehearsed: Rehearse, path: Path) -> None:
    report = rehearsed(path, 100, 1, 18)
    assert report.flaws() == []
    assert report.entries.awarded > 0
