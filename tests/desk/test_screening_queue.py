"""Entries that wait for a person at screening: the queue, and the decision on its page and by command."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from models.errors import Refused
from models.facts import Finding, Screening
from models.text import Text
from records import screening
from records.database import Database, run
from records.privacy.export import export
from tests.desk.test_access import House, house
from tests.desk.test_cli import season
from tests.desk.town import SEASON

__all__ = ["house", "season"]

QUEUE = f"/seasons/{SEASON}/screening"
WAITING = "2024-EU-DE-0001"


@pytest.fixture
async def found(town: Database) -> int:
    """The id of the entry that waits; screening found its text to be alike another's."""
    (row,) = await town.at_once("SELECT id FROM entries WHERE number = :number", number=WAITING)
    like = Finding(
        "screening.near_duplicate", "ask", Text(en="The text is like another.", zh="文本相似。"),
        Text(en="The text is 87 % like 2024-EU-LH-0001.", zh="与 2024-EU-LH-0001 相似 87%。"),
    )  # fmt: skip
    async with town.transaction() as connection:
        await run(connection, "UPDATE entries SET state = 'submitted' WHERE id = :id", id=row["id"])
        await screening.keep(connection, SEASON, "screening", [Screening(row["id"], "undecided", (like,))])
    return int(row["id"])


async def state(database: Database, entry: int) -> str:
    (row,) = await database.at_once("SELECT state FROM entries WHERE id = :id", id=entry)
    return str(row["state"])


async def test_whoever_decides_reads_what_was_found_and_is_led_on_to_the_queue(
    browser: httpx.AsyncClient, town: Database, found: int
) -> None:
    queue = (await browser.get(QUEUE)).text
    assert "Waiting for a decision (1)" in queue
    assert "87 % like 2024-EU-LH-0001" in queue
    page = (await browser.get(f"{QUEUE}/{WAITING}")).text
    assert 'id="h-decide"' in page
    done = await browser.post(f"{QUEUE}/{WAITING}", data={"act": "eligible", "reason": "two projects", "command": "c"})
    assert done.status_code == 303
    after = (await browser.get(done.headers["location"])).text
    assert f"Done: {WAITING}, Eligible." in after
    assert "Nothing waits for a decision." in after
    assert await state(town, found) == "eligible"


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"act": "eligible", "reason": " "}, 422, "A reason is missing."),
        ({"act": "", "reason": "x"}, 422, "Choose what is to be done."),
        ({"act": "return", "reason": "x", "by": "soon"}, 422, "is not a length of time"),
        ({"act": "return", "reason": "x", "by": "900d"}, 409, "is past the close of"),
    ],
)
async def test_a_refused_decision_is_shown_and_changes_nothing(
    browser: httpx.AsyncClient, town: Database, found: int, form: dict[str, str], status: int, said: str
) -> None:
    answer = await browser.post(f"{QUEUE}/{WAITING}", data=form)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert await state(town, found) == "undecided"


async def test_an_entry_is_returned_from_its_page_and_stays_in_the_queue(
    browser: httpx.AsyncClient, town: Database, found: int
) -> None:
    form = {"act": "return", "reason": "page 4 is missing", "by": "1d"}
    assert (await browser.post(f"{QUEUE}/{WAITING}", data=form)).status_code == 303
    assert "returned, not answered yet" in (await browser.get(QUEUE)).text
    assert "page 4 is missing" in (await browser.get(f"{QUEUE}/{WAITING}")).text
    assert await state(town, found) == "undecided"


async def test_an_organiser_decides_in_the_own_area_alone(house: House, found: int) -> None:
    for who, status in (("other organiser", 403), ("support", 403), ("organiser", 303)):
        async with house.client(who) as client:
            form = {"act": "ineligible", "reason": "the same project"}
            assert (await client.post(f"{QUEUE}/{WAITING}", data=form)).status_code == status, who
    async with house.client("other organiser") as client:
        assert "Waiting for a decision (0)" in (await client.get(QUEUE)).text


async def test_of_two_who_decide_at_once_one_is_refused_in_words(town: Database, found: int) -> None:
    answers = await asyncio.gather(
        *(
            screening.decide_screening(town, found, eligible=yes, actor="staff/1", reason="seen")
            for yes in (True, False)
        ),
        return_exceptions=True,
    )
    (refused,) = (answer for answer in answers if isinstance(answer, Refused))
    assert "not undecided" in refused.sentence
    assert len(await town.at_once("SELECT 1 AS n FROM log WHERE event = 'entry.decided'")) == 1


async def test_an_id_that_decided_on_one_entry_decides_on_no_other(town: Database, found: int) -> None:
    async with town.transaction() as connection:
        await run(connection, "UPDATE entries SET state = 'undecided' WHERE id <> :id AND state = 'eligible'", id=found)
    (other, *_) = await town.at_once("SELECT id FROM entries WHERE state = 'undecided' AND id <> :id", id=found)
    for _ in range(2):
        decided = await screening.decide_screening(
            town, found, eligible=True, actor="staff/1", reason="seen", command_id="the-same"
        )
        assert decided == "eligible"
    with pytest.raises(Refused, match="another entry"):
        await screening.decide_screening(
            town, other["id"], eligible=True, actor="staff/1", reason="seen", command_id="the-same"
        )
    assert await state(town, other["id"]) == "undecided"


async def test_the_queue_and_the_decision_by_command(season: Any, town: Database, found: int) -> None:
    (one,) = json.loads((await season("screening", "--json")).stdout)
    assert one["number"] == WAITING
    assert "87 % like" in (await season("screening", "--area", "EU")).stdout
    assert "Nothing waits" in (await season("screening", "--area", "SG")).stdout
    dry = await season("decide", WAITING, "--eligible", "--reason", "seen", "--dry-run")
    assert dry.stdout == f"This would be accepted:\nDone: {WAITING}, eligible.\n"
    assert (await season("decide", WAITING, "--reason", "seen")).exit_code == 2
    assert (await season("decide", WAITING, "--eligible")).exit_code == 2
    assert await state(town, found) == "undecided"
    assert (await season("decide", WAITING, "--ineligible", "--reason", "seen")).exit_code == 0
    again = await season("decide", WAITING, "--eligible", "--reason", "seen")
    assert (again.exit_code, "not undecided" in again.output) == (1, True)


async def test_a_persons_copy_names_no_entry_of_others(town: Database, found: int) -> None:
    (row,) = await town.at_once("SELECT applicant_id FROM entries WHERE id = :id", id=found)
    copy = await export(town, str(row["applicant_id"]))
    assert "The text is like another." in str(copy.tables["log"])
    assert "2024-EU-LH-0001" not in str(copy.tables)


async def test_a_program_reads_the_queue_decides_once_by_its_key_and_returns_for_correction(
    house: House, found: int
) -> None:
    api = f"/api/seasons/{SEASON}"
    async with house.client("organiser") as client:
        (waiting,) = (await client.get(f"{api}/screening")).json()
        assert (waiting["number"], waiting["findings"][0]["en"]) == (WAITING, "The text is 87 % like 2024-EU-LH-0001.")
        body = {"reason": "page 4 is missing", "by": "1d"}
        tried = await client.post(f"{api}/entries/{WAITING}/return", params={"dry_run": True}, json=body)
        given = await client.post(f"{api}/entries/{WAITING}/return", json=body, headers={"Idempotency-Key": "r1"})
        assert (tried.status_code, given.status_code) == (200, 200)
        assert (await client.get(f"{api}/screening")).json()[0]["correction"] == "open"
        decision, key = {"eligible": True, "reason": "two projects"}, {"Idempotency-Key": "d1"}
        for _ in range(2):
            done = await client.post(f"{api}/entries/{WAITING}/decision", json=decision, headers=key)
            assert (done.status_code, done.json()["state"]) == (200, "eligible")
        late = await client.post(f"{api}/entries/{WAITING}/decision", json={"eligible": False, "reason": "no"})
        assert (late.status_code, late.json()["code"]) == (409, "entry.decided")
        unsaid = await client.post(f"{api}/entries/{WAITING}/decision", json={"eligible": False})
        assert (unsaid.status_code, "A reason is missing." in unsaid.text) == (422, True)
    async with house.client("other organiser") as client:
        assert (await client.get(f"{api}/screening")).json() == []
        refused = await client.post(f"{api}/entries/{WAITING}/decision", json=decision)
        assert refused.status_code == 403
    lines = await house.database.at_once("SELECT 1 AS n FROM log WHERE event = 'entry.decided'")
    assert len(lines) == 1
