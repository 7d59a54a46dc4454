"""An entry that was returned for correction, on its applicant's page: changed, answered once, in both languages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.commands import CloseNow, Return
from records import corrections, entries, windows
from records.database import Database
from tests.desk.test_applying import JSON, PAGE, SEASON, Way, seen
from tests.desk.test_cli import season as season
from tests.seasons import begin, entry_form

WHY = "Page 4 of the plan is missing."


@pytest.fixture
async def way(database: Database, tmp_path: Path) -> Way:
    """A season whose registration is over; its one entry waits undecided for a person."""
    await begin(database, datetime.now(UTC), open_now=True)
    entry = await entries.draft(database, SEASON, entry_form(fields=("medicine",), readiness=6))
    await entries.submit(database, entry)
    async with database.transaction() as connection:
        await windows.steer(connection, CloseNow(actor="ops", reason="the end", window=f"{SEASON}/EU/registration"))
    await database.at_once("UPDATE entries SET state = 'undecided' RETURNING id")
    return Way(database, tmp_path)


async def give_back(way: Way) -> None:
    async with way.database.transaction() as connection:
        command = Return(entry=1, by=timedelta(days=2), reason=WHY, actor="ops/eu")
        await corrections.return_for_correction(connection, command)


async def test_a_returned_entry_is_changed_and_answered_on_its_own_page(way: Way) -> None:
    async with way.browser() as ada:
        await way.come_in(ada, "applicant-1@example.org")
        page = (await ada.get(PAGE)).text
        assert 'id="project"' not in page
        assert 'id="correction"' not in page
        await give_back(way)
        page = (await ada.get(PAGE)).text
        assert WHY in page
        assert f'action="{PAGE}/answer"' in page
        assert 'value="submit"' not in page
        part = {"seen": await seen(ada), "title": "Whole now", "name": "Ada"}
        assert (await ada.post(f"{PAGE}/save", data=part, headers=JSON)).status_code == 200
        unsure = await ada.post(f"{PAGE}/answer", data={"answer": "It is in now."})
        assert unsure.status_code == 422
        assert "It is in now.</textarea>" in unsure.text
        answer = {"answer": "It is in now.", "sure": "1"}
        done = await ada.post(f"{PAGE}/answer", data=answer)
        assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}#correction")
        page = (await ada.get(PAGE)).text
        assert "It is in now." in page
        assert f'action="{PAGE}/answer"' not in page
        assert "The correction of the project was answered." in page
        again = await ada.post(f"{PAGE}/answer?lang=zh", data=answer)
        assert again.status_code == 409
        assert "补正已答复，且只能答复一次。" in again.text
        assert (await ada.post(f"{PAGE}/save", data=part, headers=JSON)).status_code == 409
        # What the rules made of it is told with all results, not before.
        assert "eligible" not in (await ada.get(f"{PAGE}?lang=en")).text.split("<main")[1].lower()
    own = await way.database.at_once("SELECT state, title FROM entries")
    assert own[0]["title"] == "Whole now"


async def test_who_does_not_lead_the_team_or_comes_late_does_not_answer(way: Way) -> None:
    await give_back(way)
    async with way.browser() as stranger, way.browser() as ada:
        await way.come_in(stranger, "somebody@example.org")
        answer = {"answer": "Mine.", "sure": "1"}
        assert (await stranger.post(f"{PAGE}/answer", data=answer)).status_code == 404
        await way.database.at_once(
            "UPDATE corrections SET until = :at RETURNING id", at=datetime.now(UTC) - timedelta(seconds=1)
        )
        await way.come_in(ada, "applicant-1@example.org")
        late = await ada.post(f"{PAGE}/answer", data=answer)
        assert late.status_code == 409
        assert "The correction of entry" in late.text
        assert "No answer came in time." in late.text
    assert [c.state for c in await corrections.of_entry(way.database, 1)] == ["missed"]


async def test_an_entry_is_returned_by_the_command_once_after_it_was_tried(season: Any, database: Database) -> None:
    await begin(database, datetime.now(UTC), season="returned-2024", open_now=True)
    entry = await entries.draft(database, "returned-2024", entry_form())
    words = ("return", str(entry), "--by", "2d", "--reason", WHY, "--as", "ops/eu")
    refused = await season(*words)
    assert (refused.exit_code, "is draft; it cannot be returned" in refused.stderr) == (1, True)
    await entries.submit(database, entry)
    tried = await season(*words, "--dry-run", "--json")
    assert json.loads(tried.stdout)["dry_run"]
    assert await corrections.of_entry(database, entry) == ()
    assert "2024-EU-LH-0001 is returned for correction" in (await season(*words)).stdout
    again = await season(*words)
    assert (again.exit_code, "is returned already" in again.stderr) == (1, True)
    life = (await season("explain", str(entry), "--lang", "zh")).stdout
    assert "退回补正" in life
