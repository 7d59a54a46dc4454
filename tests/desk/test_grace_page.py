"""More time for one entry, given on its page."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from records import reading
from records.database import Database
from tests.desk.town import SEASON

DRAFT, DECIDED = (f"/seasons/{SEASON}/entries/2024-EU-LH-000{n}" for n in (2, 1))
FORM = {"by": "6h", "reason": "a power cut", "sure": "1", "command": "the-same"}


async def graces(town: Database) -> list[datetime]:
    return [row["until"] for row in await town.at_once("SELECT until FROM graces")]


async def test_an_entry_gets_more_time_by_its_form_once_though_sent_twice(
    browser: httpx.AsyncClient, town: Database
) -> None:
    for _ in range(2):
        answer = await browser.post(f"{DRAFT}/grace", data=FORM)
        assert answer.status_code == 303
        page = (await browser.get(answer.headers["location"])).text
        assert "Done: Give more time" in page
        assert "a power cut" in page
    assert len(await graces(town)) == 1
    told = await town.at_once("SELECT d.data FROM deliveries d WHERE d.campaign_id LIKE '%grace_given'")
    assert [row["data"]["reason"] for row in told] == ["a power cut"]


async def test_it_may_be_given_until_an_instant(browser: httpx.AsyncClient, town: Database) -> None:
    until = (await reading.window(town, f"{SEASON}/EU/screening")).closes_at
    form = {**FORM, "by": "", "until": until.isoformat()}
    assert (await browser.post(f"{DRAFT}/grace", data=form)).status_code == 303
    assert await graces(town) == [until]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"sure": ""}, 422, "Tick the box"),
        ({"reason": " "}, 422, "A reason is missing."),
        ({"by": "soon"}, 422, "&#39;soon&#39; is not a length of time."),
        ({"until": "tomorrow"}, 422, "&#39;tomorrow&#39; is not an instant."),
        ({"by": ""}, 422, "either until when or by how long"),
        ({"by": "90d"}, 409, "is past the close of"),
    ],
)
async def test_a_refusal_is_shown_and_keeps_what_was_written(
    browser: httpx.AsyncClient, town: Database, change: dict[str, str], status: int, said: str
) -> None:
    answer = await browser.post(f"{DRAFT}/grace", data={**FORM, **change})
    assert answer.status_code == status
    assert said in answer.text
    written = {**FORM, **change}["reason"].strip()
    assert f'name="reason" value="{written}"' in answer.text
    assert await graces(town) == []


async def test_an_entry_that_is_decided_has_no_form_and_gets_no_grace(browser: httpx.AsyncClient) -> None:
    assert 'id="h-grace"' in (await browser.get(DRAFT)).text
    assert 'id="h-grace"' not in (await browser.get(DECIDED)).text
    refused = await browser.post(f"{DECIDED}/grace", data=FORM)
    assert (refused.status_code, "grace would change nothing" in refused.text) == (409, True)
