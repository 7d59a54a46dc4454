"""The report: its keys, its page."""

from __future__ import annotations

import json
from pathlib import Path

from rehearsal.page import write
from tests.rehearsal.conftest import Rehearse
from tests.seasons import SMALL

KEYS = {
    "season", "seed", "simulated_days", "wall_seconds", "entries", "windows", "notices", "ballots", "matches",
    "negotiations", "landings", "follow_ups", "findings", "phases", "digest",
}  # fmt: skip


def test_the_files_say_what_was_found(rehearsed: Rehearse, tmp_path: Path) -> None:
    report = rehearsed(SMALL, 40, 5, 3.5)
    write(report, tmp_path / "out")
    found = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert set(found) == KEYS
    assert set(found["entries"]) == {
        "started", "submitted", "refused_late", "eligible", "reviewed", "defended", "finalists", "awarded",
    }  # fmt: skip
    assert set(found["windows"]) == {"total", "closed", "accepted_late", "refused_early"}
    assert set(found["notices"]) == {
        "planned", "sent", "duplicate", "lost", "mails", "night", "day_off", "useless",
    }  # fmt: skip
    for finding in found["findings"]:
        assert set(finding) == {"code", "severity", "text", "count"}
        assert set(finding["text"]) == {"en", "zh"}


def test_the_page_needs_nothing_else(rehearsed: Rehearse, tmp_path: Path) -> None:
    write(rehearsed(SMALL, 40, 5, 3.5), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    assert "http" not in page.replace("http-equiv", "")
    assert 'class="zh"' in page
    assert 'class="en"' in page
