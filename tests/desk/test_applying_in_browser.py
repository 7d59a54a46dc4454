"""Registering a project in a real browser: by keyboard alone, saved while one writes, out of nobody's reach."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import FilePayload, Page, async_playwright, expect

from desk.access import SESSION, Entrance
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from desk.documents import Shelf
from models.commands import Return
from models.forms import PersonForm
from records import access, applying, corrections, doors, entries, links, people, subscriptions
from records.database import Database, clock_of
from records.sealing import Seal
from records.store import open_store
from tests import uploads
from tests.desk.looks import shut_out
from tests.desk.test_pages_in_browser import FLAGS, chromium
from tests.seasons import begin, entry_form

__all__ = ["chromium"]
SEASON = "small-2024"
MINE = PersonForm(email="applicant-1@example.org", name="Ada Lin", language="en", zone="Europe/Lisbon", country="BE")
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def address(database: Database, tmp_path: Path) -> AsyncIterator[str]:
    """Where a closed desk with a season that is open is served for this test."""
    await begin(database, datetime.now(UTC), open_now=True)
    app = create_app(desk := Desk(database, None), entrance=Entrance(False, "http://127.0.0.1"))
    add_console(app, desk, mail=tmp_path, shelf=Shelf(open_store(tmp_path / "documents")))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


async def cookie(database: Database) -> str:
    """The session of the applicant, signed in by a link."""
    async with database.transaction() as connection:
        await people.keep(connection, [MINE], await clock_of(connection))
    link = await access.ask_link(database, MINE.email)
    assert link is not None
    used = await access.use_link(database, link.token)
    assert used is not None
    return used[0]


async def write(page: Page, label: str, text: str) -> None:
    """Go on by the tab key until this field has the focus, then write."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        name = await page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")
        if name == label:
            await page.keyboard.type(text)
            return
    pytest.fail(f"the tab key never comes to {label}")


async def test_a_project_is_registered_by_keyboard_alone_and_saves_itself(
    database: Database, address: str, chromium: str
) -> None:
    session = await cookie(database)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
        await context.add_cookies([{"name": SESSION, "value": session, "url": address}])
        page, wrong = await context.new_page(), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(f"{address}/enter/{SEASON}")
        await write(page, "Area", "Europe")
        await write(page, "Track", "Life")
        await write(page, "Begin a draft", " ")
        await page.wait_for_url("**/my/**")
        await write(page, "Title", "Solid-state cooling")
        await write(page, "Project plan", "No refrigerants.")
        # Nothing was pressed: it was saved while it was written.
        await expect(page.locator("#save-state")).to_contain_text("Saved at")
        own = await applying.of_entry(database, 1)
        assert (own.title, own.summary) == ("Solid-state cooling", "No refrigerants.")
        await write(page, "Medicine", " ")
        await write(page, "Technology readiness, 1 to 9", "6")
        await write(page, "Year of birth", "85")
        await page.keyboard.press("Tab")
        await expect(page.locator("#birth_year-wrong")).to_contain_text("'85' is no year of birth")
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.type("1985")
        await write(page, "Degree of the leader", "doc")
        await write(page, "Name", "Bo")
        await expect(page.locator("#member-1-email-wrong")).to_be_hidden()
        await write(page, "Mail address", "bo@example.org")
        async with page.expect_file_chooser() as choosing:
            await write(page, "File", " ")
        plan = FilePayload(name="plan.pdf", mimeType="application/pdf", buffer=uploads.pdf())
        await (await choosing.value).set_files(plan)
        await write(page, "Upload", " ")
        await expect(page.locator("#documents")).to_contain_text("plan.pdf")
        await write(page, "Check and submit", " ")
        await page.wait_for_url("**/submit")
        await write(page, "I have read the project through and submit it.", " ")
        await write(page, "Submit", " ")
        await page.wait_for_url("**/receipt")
        assert "2024-EU-LH-0001" in await page.locator("main").inner_text()
        await browser.close()
    own = await applying.of_entry(database, 1)
    assert (own.state, own.applicant.birth_year, own.leader_degree) == ("submitted", 1985, "doctor")
    assert [m.email for m in own.team] == ["bo@example.org"]
    assert wrong == []
    # However often it saved itself, the log tells it once.
    lines = await database.at_once("SELECT count(*) AS n FROM log WHERE event = 'entry.changed'")
    assert lines[0]["n"] == 1


async def test_of_two_tabs_the_later_is_told_and_chooses(database: Database, address: str, chromium: str) -> None:
    session = await cookie(database)
    await entries.draft(database, SEASON, entry_form(1))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context(locale="en-GB")
        await context.add_cookies([{"name": SESSION, "value": session, "url": address}])
        one, two = await context.new_page(), await context.new_page()
        for page in (one, two):
            await page.goto(f"{address}/my/{SEASON}/2024-EU-LH-0001")
        await one.get_by_label("Title").fill("From the first tab")
        await expect(one.locator("#save-state")).to_contain_text("Saved at")
        await two.get_by_label("Title").fill("From the second tab")
        await expect(two.locator("#save-state")).to_contain_text("changed elsewhere")
        assert (await applying.of_entry(database, 1)).title == "From the first tab"
        await two.get_by_role("button", name="Save mine over it").click()
        await expect(two.get_by_role("status").first).to_contain_text("Saved at")
        await browser.close()
    assert (await applying.of_entry(database, 1)).title == "From the second tab"


async def doors_of(database: Database, entry: int) -> list[str]:
    """Links to judge this entry, and to say whether one takes part with it, in windows that are open."""
    now, paths = await database.now(), []
    for kind, thing in (
        ("review", """INSERT INTO assignments (season_id, stage, area, window_id, entry_id, judge_id, state, assigned_at)
           SELECT :season, w.stage, w.area, w.id, :entry, j.id, 'active', now() FROM w, (INSERTED) j RETURNING window_id"""),
        ("confirmation", """INSERT INTO invitations (window_id, entry_id, state, invited_at, answers)
           SELECT w.id, :entry, 'invited', now(), '{}' FROM w RETURNING window_id"""),
    ):  # fmt: skip
        opened = """WITH w AS (UPDATE windows SET state = 'open', opens_at = now() - interval '1 day',
            closes_at = now() + interval '1 day' WHERE season_id = :season AND kind = :kind
              AND coalesce(area, 'EU') = 'EU' RETURNING id, stage, area)"""
        if kind == "review":
            opened += """, judge AS (INSERT INTO judges (season_id, person_id, area, tracks, max_load, created_at)
              VALUES (:season, 1, 'EU', '[]', 9, now()) RETURNING id) """
            thing = thing.replace("(INSERTED)", "judge")
        (row,) = await database.at_once(f"{opened} {thing}", season=SEASON, kind=kind, entry=entry)
        token = links.make(database.seal, "task", 1, doors.thing_of(row["window_id"], entry), now)
        paths.append(f"/ask/{token}")
    return paths


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_no_page_of_an_applicant_overflows_or_shuts_anyone_out(
    database: Database, address: str, chromium: str, language: str
) -> None:
    session = await cookie(database)
    mine = f"/my/{SEASON}/2024-EU-LH-0001"
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context(bypass_csp=True)
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))

        async def look(*paths: str) -> None:
            for path in paths:
                await page.goto(f"{address}{path}?lang={language}")
                wrong.extend(await shut_out(page))

        await look(f"/enter/{SEASON}")
        await context.add_cookies([{"name": SESSION, "value": session, "url": address}])
        await look("/my", f"/enter/{SEASON}")
        entry = await entries.draft(database, SEASON, entry_form(1, title="W" * 200, fields=["medicine"]))
        await look("/my", mine, f"{mine}/preview", f"{mine}/submit", f"{mine}/withdraw")
        database.seal = Seal("k" * 40)  # so that there are links in mails
        token = links.make(database.seal, "unsubscribe", 1, SEASON, await database.now())
        await look("/my/notices", f"{mine}/calendar", f"/unsubscribe/{token}", "/do/none")
        await look(*await doors_of(database, entry))
        await subscriptions.opt_out(database, SEASON, 1, by="page")
        await look(f"/unsubscribe/{token}", "/my/notices")
        await entries.submit(database, entry)
        await look(f"{mine}/receipt")
        async with database.transaction() as connection:
            command = Return(entry=entry, actor="ops", reason="W" * 200)
            await corrections.return_for_correction(connection, command)
        await database.at_once("UPDATE entries SET state = 'undecided' RETURNING id")
        await look(mine)
        await corrections.answer(database, entry, "W" * 200)
        await look(mine)
        await entries.withdraw(database, entry, reason="enough")
        await look(mine)
        await browser.close()
    assert wrong == []
