"""The command `season`: words on stdout, problems on stderr, and an exit code that tells one from the other."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from asyncio import to_thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from desk.cli import app
from records.database import Database
from tests.desk.town import SEASON
from tests.seasons import SMALL

WINDOW = f"{SEASON}/EU/screening"


@pytest.fixture
async def season(town: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Runs the command against the town."""
    monkeypatch.setenv("SEASON_DATABASE_URL", database_url)
    monkeypatch.setenv("SEASON_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in ("SEASON_TEMPORAL_ADDRESS", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    async def run(*words: str, given: str | None = None) -> Result:
        # In a thread of its own: each command starts its own event loop.
        return await to_thread(CliRunner().invoke, app, list(words), given)

    return run


def test_help_comes_quickly_and_names_every_command() -> None:
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "desk.cli", "--help"], capture_output=True, text=True, check=True)
    assert time.monotonic() - begun < 2.0  # 0.2 s on an idle machine
    for name in ("start", "extend", "explain", "next", "up", "rehearse", "demo", "check", "worker", "migrate"):
        assert f"\n  {name} " in done.stdout


def test_help_needs_no_database_and_no_temporal() -> None:
    code = "import sys, desk.cli; print([m for m in ('sqlalchemy', 'temporalio', 'fastapi') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["start", "status", "next", "extend", "close", "pause", "cancel", "explain", "log"])
def test_each_command_shows_examples(name: str) -> None:
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert "Examples:" in answer.output


async def test_the_status_of_the_only_season_needs_no_name(season: Any) -> None:
    answer = await season("status")
    assert answer.exit_code == 0, answer.output
    assert "Mini competition (small-2024): running" in answer.stdout
    assert "! One notice could not be delivered" in answer.stdout
    assert "Asia/Shanghai" in answer.stdout


async def test_json_is_all_that_is_on_stdout(season: Any) -> None:
    for words in (
        ("status",),
        ("list",),
        ("windows",),
        ("entries",),
        ("log",),
        ("next",),
        ("explain", "2024-EU-LH-0001"),
    ):
        answer = await season(*words, "--json")
        assert answer.exit_code == 0, answer.output
        json.loads(answer.stdout)
        assert answer.stderr == ""


async def test_it_speaks_chinese_when_asked_or_by_the_environment(season: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "小型大赛 (small-2024): 进行中" in (await season("status", "--lang", "zh")).stdout
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "进行中" in (await season("windows")).stdout
    assert (await season("windows", "--lang", "fr")).exit_code == 2


async def test_explain_tells_a_life_in_order(season: Any) -> None:
    answer = await season("explain", "2024-EU-LH-0001")
    told = answer.stdout
    assert told.index("begun as a draft") < told.index("recommended the project") < told.index("submitted in time")
    assert "Notice to applicant-1@example.org: receipt of the submission. The mail server answered: 250 OK." in told
    assert "Europe/Brussels" in told
    assert "What is next" in told
    assert "Screening: closes in Europe." in told


async def test_an_extension_is_done_once_and_told(season: Any) -> None:
    answer = await season("extend", WINDOW, "--by", "1h", "--reason", "many cases")
    assert answer.exit_code == 0, answer.output
    assert "Screening, Europe is open; it closes at" in answer.stdout
    assert "The Temporal server does not answer" in answer.stderr
    assert "many cases" in (await season("log", "--window", WINDOW)).stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("extend", f"{SEASON}/EU/registration", "--by", "1d", "--reason", "x"), 1, "it is closed since"),
        (("extend", WINDOW, "--until", "2024-01-01T00:00Z", "--reason", "x"), 1, "is not later"),
        (("extend", WINDOW, "--until", "2030-01-01T00:00", "--reason", "x"), 2, "no time zone"),
        (("extend", "small-2024/XX/registration", "--by", "1d", "--reason", "x"), 1, "There is no window"),
        (("extend", WINDOW, "--by", "1d"), 2, "A reason is missing"),
        (("extend", WINDOW, "--by", "soon", "--reason", "x"), 2, "not a length of time"),
        (("extend", "--by", "1d", "--reason", "x"), 2, "Name one window"),
        (("status", "nowhere"), 1, "There is no season 'nowhere'"),
        (("explain", "2024-EU-LH-9999"), 1, "There is no entry"),
        (("pause", "--reason", ""), 2, "A reason is missing"),
        (("resume", "--reason", "x"), 1, "not paused"),
        (("worker", "coffee"), 2, "no kind of worker"),
        (("nonsense",), 2, "nonsense"),
        (("extend", "--nonsense"), 2, "nonsense"),
    ],
)
async def test_what_is_refused_says_why_and_changes_nothing(
    season: Any, town: Database, words: tuple[str, ...], code: int, told: str
) -> None:
    before = (await season("log", "--json")).stdout
    answer = await season(*words)
    assert (answer.exit_code, told in answer.stderr) == (code, True), answer.output
    assert answer.stdout == ""
    assert (await season("log", "--json")).stdout == before


async def test_a_dry_run_says_what_would_be_and_changes_nothing(season: Any) -> None:
    before = (await season("windows", "--json")).stdout
    answer = await season("extend", WINDOW, "--by", "1h", "--reason", "x", "--dry-run")
    assert answer.stdout.startswith("This would be accepted:\n")
    assert (await season("cancel", "--reason", "x", "--dry-run")).stdout.endswith("Season small-2024 is cancelled.\n")
    every = await season("extend", "--all-areas", "--stage", "screening", "--by", "1h", "--reason", "x", "--dry-run")
    assert every.exit_code == 0, every.output
    assert (await season("extend", WINDOW, "--by", "-1h", "--reason", "x", "--dry-run")).exit_code == 2
    after = (await season("windows", "--json")).stdout
    assert json.loads(after) == json.loads(before)


async def test_a_stage_is_extended_in_all_areas(season: Any) -> None:
    answer = await season("extend", "--all-areas", "--stage", "screening", "--by", "1h", "--reason", "x", "--json")
    assert answer.exit_code == 0, answer.output
    assert {done["window"] for done in json.loads(answer.stdout)["done"]} == {WINDOW, f"{SEASON}/SG/screening"}


@pytest.mark.parametrize("manner", [(), ("--dry-run",)])
async def test_a_stage_that_no_area_has_is_refused_in_words(season: Any, manner: tuple[str, ...]) -> None:
    answer = await season("extend", "--all-areas", "--stage", "nonsense", "--by", "1h", "--reason", "x", *manner)
    assert answer.exit_code == 1
    assert "has no window of stage 'nonsense'" in answer.output


async def test_pause_and_resume_of_the_season(season: Any) -> None:
    assert "is paused" in (await season("pause", "--reason", "an outage")).stdout
    assert "The season is paused" in (await season("status")).stdout
    assert "is running" in (await season("resume", "--reason", "over")).stdout


async def test_cancelling_asks_first(season: Any) -> None:
    answer = await season("cancel", "--reason", "x", given="n\n")
    assert answer.exit_code == 1
    assert "Mini competition (small-2024): running" in (await season("status")).stdout
    assert (await season("cancel", "--reason", "x", "--yes")).exit_code == 0
    assert (await season("status")).exit_code == 1  # none runs any more


async def test_a_season_is_started_from_its_file_and_again_without_harm(season: Any) -> None:
    words = ("start", str(SMALL), "--id", "second", "--open-now", "--day", "2s")
    dry = await season(*words, "--dry-run")
    assert "Season second would be started" in dry.stdout
    answer = await season(*words)
    assert answer.exit_code == 0, answer.output
    assert "Season second is started: 14 windows." in answer.stdout
    assert "was started before" in (await season(*words)).stdout
    assert (await season("status")).exit_code == 2  # two run: which one?


async def test_without_a_database_it_says_how_to_have_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("SEASON_DATABASE_URL", raising=False)
    answer = await to_thread(CliRunner().invoke, app, ["status", "--data", str(tmp_path)])
    assert answer.exit_code == 1
    assert "season up" in answer.stderr
