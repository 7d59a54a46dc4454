"""Whole seasons, lived through on the time-skipping server."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.runner import rehearse
from rules.season_file import load
from tests.rehearsal.conftest import Rehearse
from tests.seasons import SMALL

SEASONS = Path(__file__).resolve().parents[2] / "seasons"
EXAMPLES = sorted((SEASONS / "examples").glob("*.yaml"))


def test_nothing_is_late_early_twice_or_lost(rehearsed: Rehearse) -> None:
    report = rehearsed(SMALL, 60, 4, 15)
    assert report.flaws() == []
    assert report.windows.total == report.windows.closed > 0
    assert 0 < report.notices.mails <= report.notices.sent <= report.notices.planned
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
    report = rehearsed(path, 60, 1, 18)
    assert report.flaws() == []
    assert report.entries.awarded > 0


def test_nobody_is_reminded_at_night_or_on_a_day_off_that_can_wait(tmp_path: Path) -> None:
    """The same season with the usual hours: they are kept by every mail, and not by chance."""
    usual = tmp_path / "usual.yaml"
    lines = SMALL.read_text(encoding="utf-8").splitlines()
    usual.write_text("\n".join(line for line in lines if not line.startswith("notices:")), encoding="utf-8")
    report = rehearse(load(usual), entries=40, seed=5, months=4)
    assert report.flaws() == []
    hours = dict(report.album.hours)
    assert sum(hours["routine"]) > 20
    assert sum(hours["routine"]) == sum(hours["routine"][8:20])
    assert sum(hours["essential"][8:20]) > sum(hours["essential"][:8]) + sum(hours["essential"][20:])
    assert sum(hours["at_once"][:8]) > 0
    assert report.notices.mails < report.notices.sent
