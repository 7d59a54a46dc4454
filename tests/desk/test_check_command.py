"""`season check`: the timeline on three clocks, the problems, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from desk.cli import app as season
from desk.cli import check
from tests.rules.planted import REFERENCE, line_of, planted, stage

_app = typer.Typer()
_app.callback()(lambda: None)
check.register(_app)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)


def run(*words: str) -> Result:
    """The command, by itself."""
    return CliRunner().invoke(_app, ["check", *words])


@pytest.fixture
def backwards(tmp_path: Path) -> Path:
    """A file whose registration ends before it opens."""
    path = tmp_path / "mine.yaml"
    path.write_text(planted("closes: 2024-05-31", "closes: 2024-04-01", after=stage("registration")), encoding="utf-8")
    return path


def test_the_timeline_is_shown_on_the_seasons_clock_the_areas_and_utc() -> None:
    answer = run(str(REFERENCE))
    assert answer.exit_code == 0, answer.output
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert "Season time, CN, SG 2024-04-09 09:00 → 2024-05-31 24:00 UTC+08:00" in lines
    assert "UTC 2024-04-09 01:00 → 2024-05-31 16:00 UTC+00:00" in lines
    assert "EU, ND 2024-04-09 03:00 → 2024-05-31 18:00 UTC+02:00" in lines
    assert "Project exhibition (event) 2024-07-15 09:00 → 2024-07-17 17:00 Season time" in lines


def test_every_area_and_every_stage_with_a_window_is_shown() -> None:
    text = run(str(REFERENCE)).stdout
    for name in ("(registration)", "(defence)", "(finals)", "(ceremony)", "NZ", "USW", "AE"):
        assert name in text


def test_warnings_are_shown_and_still_exit_0() -> None:
    answer = run(str(REFERENCE))
    assert "Warning  stages.finals.opens" in answer.stdout
    assert "0 errors, 3 warnings" in answer.stdout


def test_an_error_is_shown_with_file_line_and_remedy_and_exits_1(backwards: Path) -> None:
    answer = run(str(backwards))
    line = line_of(backwards.read_text(encoding="utf-8"), "closes:", after=stage("registration"))
    assert answer.exit_code == 1
    assert f"{backwards}:{line}  Error  stages.registration.closes" in answer.stdout
    assert "ends at 2024-04-02 00:00 (Asia/Shanghai), before it opens" in answer.stdout
    assert "→ Write a 'closes' that is later than 'opens'." in answer.stdout
    assert "No season can start from this file." in answer.stdout


def test_it_speaks_chinese_when_asked() -> None:
    answer = run(str(REFERENCE), "--lang", "zh")
    assert "2024中国海外人才创新创业大赛" in answer.stdout
    assert "赛季时间" in answer.stdout
    assert "0 个错误，3 个警告" in answer.stdout


def test_json_holds_the_timeline_and_the_problems_and_nothing_else_is_on_stdout(backwards: Path) -> None:
    answer = run(str(backwards), "--json")
    told = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert (told["season"], told["errors"]) == (
        "cotiec-2024",
        len([p for p in told["problems"] if p["severity"] == "error"]),
    )
    first = next(p for p in told["problems"] if p["code"] == "window.backwards")
    assert first["value"] == "2024-04-01"
    assert set(first["sentence"]) == {"en", "zh"}
    window = next(w for w in told["timeline"]["windows"] if w["id"] == "cotiec-2024/EU/review")
    assert window["opens"] == {
        "utc": "2024-06-04T10:00:00Z", "season": "2024-06-04T18:00:00+08:00", "area": "2024-06-04T12:00:00+02:00",
    }  # fmt: skip


def test_a_file_of_the_wrong_form_has_no_timeline_but_all_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(planted("team_max: 5", "team_max: many").replace("zone: Asia/Tokyo", "zon: Asia/Tokyo"), "utf-8")
    answer = run(str(path))
    assert answer.exit_code == 1
    assert "No timeline" in answer.stdout
    assert "entry_rules.team_max" in answer.stdout
    assert "areas.JP.zon" in answer.stdout


def test_an_unknown_zone_is_an_error_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(planted("zone: Asia/Tokyo", "zone: Asia/Tokio"), "utf-8")
    answer = run(str(path))
    assert answer.exit_code == 1
    assert "Did you mean 'Asia/Tokyo'?" in answer.stdout


def test_an_unknown_notice_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(planted("template: match_reminder", "template: match_remainder"), "utf-8")
    answer = run(str(path))
    assert answer.exit_code == 1
    assert "Did you mean 'match_reminder'?" in answer.stdout


@pytest.mark.parametrize("content", [None, "id: a\n  b: c", ""])
def test_what_cannot_be_read_exits_2_with_a_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_text(content, "utf-8")
    answer = CliRunner().invoke(season, ["check", str(path)])
    assert answer.exit_code == 2
    assert "mine.yaml" in answer.stderr
    assert "Traceback" not in answer.output


def test_help_shows_examples() -> None:
    answer = run("--help")
    assert answer.exit_code == 0
    assert "season check my-season.yaml --json" in answer.output
