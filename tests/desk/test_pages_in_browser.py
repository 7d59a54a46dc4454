"""The pages in a real browser: nothing overflows, nothing is out of reach, countdowns run by the server's clock."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright

from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from records.database import Database
from tests.desk.looks import shut_out
from tests.desk.town import SEASON

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = (
    "/", f"/seasons/{SEASON}", f"/seasons/{SEASON}/windows", f"/windows/{SEASON}/EU/screening",
    f"/seasons/{SEASON}/entries", f"/seasons/{SEASON}/entries/2024-EU-LH-0001",
    f"/seasons/{SEASON}/entries/2024-EU-LH-0002", f"/seasons/{SEASON}/next",
    f"/seasons/{SEASON}/log", f"/seasons/{SEASON}/notices", f"/seasons/{SEASON}/import", f"/seasons/{SEASON}/hooks", "/mails",
    f"/seasons/{SEASON}/screening", f"/seasons/{SEASON}/screening/2024-EU-DE-0001", "/nowhere",
    f"/seasons/{SEASON}/notices/bounces", f"/seasons/{SEASON}/notices/campaigns", f"/seasons/{SEASON}/notices/templates", f"/seasons/{SEASON}/notices/templates/receipt",
    f"/seasons/{SEASON}/notices/campaigns/{SEASON}/receipt",
    f"/seasons/{SEASON}/notices/people/1", "/sign-in", "/sign-in/used-up", "/staff/sign-in", "/privacy", "/privacy/people",
)  # fmt: skip


pytestmark = pytest.mark.timeout(600)
"""Longer than other tests: where no Chromium is, the first test waits until it has been installed."""


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; installed where it is missing, and a failure that says how where it cannot be."""
    done = subprocess.run([str(ROOT / "scripts" / "install-chromium")], capture_output=True, text=True)
    if done.returncode:
        pytest.fail(done.stderr.strip(), pytrace=False)
    return done.stdout.strip()


@asynccontextmanager
async def open_browser(path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture
async def address(town: Database, tmp_path: Path) -> AsyncIterator[str]:
    """Where the console is served for this test."""
    app = create_app(desk := Desk(town, None))
    add_console(app, desk, mail=tmp_path)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_no_page_overflows_or_shuts_anyone_out(address: str, chromium: str, language: str) -> None:
    wrong: list[str] = []
    async with open_browser(chromium) as browser:
        page = await browser.new_page(bypass_csp=True)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        for path in PAGES:
            await page.goto(f"{address}{path}?lang={language}")
            wrong += await shut_out(page)
    assert wrong == []


async def test_the_policy_lets_our_own_script_run_and_the_page_refreshes_itself(address: str, chromium: str) -> None:
    complaints: list[str] = []
    async with open_browser(chromium) as browser:
        page = await browser.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.goto(f"{address}/seasons/{SEASON}?lang=en")
        first = await page.locator("[data-until]").first.get_attribute("data-until")
        stamp = await page.locator("[data-now]").first.get_attribute("data-now")
        async with page.expect_response(lambda answer: answer.url.endswith("/live"), timeout=15_000) as waiting:
            pass
        assert (await waiting.value).status == 200
        await page.wait_for_function(
            "stamp => document.querySelector('[data-now]').dataset.now !== stamp", arg=stamp, timeout=10_000
        )
        assert await page.locator("[data-until]").first.get_attribute("data-until") == first
    assert complaints == []


async def test_countdowns_run_by_the_servers_clock(address: str, chromium: str) -> None:
    async with open_browser(chromium) as browser:
        page = await browser.new_page()
        # A laptop whose clock is years ahead must not change what is left.
        await page.add_init_script("const real = Date.now; Date.now = () => real() + 5 * 365 * 86400e3;")
        await page.goto(f"{address}/seasons/{SEASON}?lang=en")
        await page.wait_for_timeout(1200)
        text = await page.locator("[data-until]").first.text_content()
        assert text is not None
        assert " d " in text


async def test_a_window_is_extended_by_keyboard(address: str, chromium: str) -> None:
    async with open_browser(chromium) as browser:
        page = await browser.new_page()
        await page.goto(f"{address}/windows/{SEASON}/EU/screening?lang=en")
        await page.get_by_label("By how long").focus()
        await page.keyboard.type("1h")
        await page.keyboard.press("Tab")
        await page.keyboard.type("many cases")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**done=extend")
        assert "many cases" in await page.locator("main").inner_text()


async def test_pages_work_without_script(address: str, chromium: str) -> None:
    async with open_browser(chromium) as browser:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{address}/seasons/{SEASON}?lang=zh")
        assert "待处理" in await page.locator("main").inner_text()
