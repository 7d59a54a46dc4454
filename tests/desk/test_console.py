"""The console's pages: every one answers in both languages, and every act does what the CLI's does."""

from __future__ import annotations

import re

import httpx
import pytest

from desk import labels
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from models.text import Text
from records import reading
from records.database import Database
from tests.desk.town import SEASON

WINDOW = f"{SEASON}/EU/screening"
PAGES = (
    "/", f"/seasons/{SEASON}", f"/seasons/{SEASON}/live", f"/seasons/{SEASON}/windows", f"/seasons/{SEASON}/entries",
    f"/seasons/{SEASON}/entries?state=undecided&q=2024", f"/seasons/{SEASON}/entries/2024-EU-LH-0001",
    f"/seasons/{SEASON}/next?within=400d", f"/seasons/{SEASON}/log", f"/seasons/{SEASON}/log?window={WINDOW}",
    f"/seasons/{SEASON}/notices?state=failed", f"/windows/{WINDOW}", "/mails",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_speaks_both_languages(browser: httpx.AsyncClient, path: str) -> None:
    joint = "&" if "?" in path else "?"
    for language, marks in (("en", ("Asia/Shanghai", "Show")), ("zh", ("北京时间", "查看"))):
        answer = await browser.get(f"{path}{joint}lang={language}")
        assert answer.status_code == 200, answer.text
        assert any(mark in answer.text for mark in marks)
        assert "Undefined" not in answer.text
        assert "…" not in re.sub(r"<title>.*?</title>", "", answer.text)


async def test_the_language_is_kept(browser: httpx.AsyncClient) -> None:
    await browser.get("/?lang=zh")
    assert 'lang="zh-CN"' in (await browser.get("/")).text
    browser.cookies.clear()
    assert 'lang="zh-CN"' in (await browser.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"})).text
    assert '<html lang="en">' in (await browser.get("/", headers={"Accept-Language": "fr"})).text


async def test_the_season_page_shows_the_timeline_what_needs_attention_and_the_servers_now(
    browser: httpx.AsyncClient,
) -> None:
    page = (await browser.get(f"/seasons/{SEASON}")).text
    assert page.count('<svg class="strip') == 2
    assert ">✓<" in page
    assert ">now</text>" in page
    assert "One notice could not be delivered" in page
    assert 'data-now="' in page
    assert 'data-until="' in page
    assert "Screening: closes in Europe and Singapore." in page


async def test_only_legal_acts_are_offered(browser: httpx.AsyncClient) -> None:
    page = (await browser.get(f"/windows/{WINDOW}")).text
    assert re.findall(r'name="act" value="(\w+)"', page) == ["extend", "close", "pause"]
    over = (await browser.get(f"/windows/{SEASON}/EU/registration")).text
    assert re.findall(r'name="act" value="(\w+)"', over) == ["reopen"]
    assert re.findall(r'name="act" value="(\w+)"', (await browser.get(f"/windows/{SEASON}/EU/review")).text) == [
        "extend", "pause",
    ]  # fmt: skip


async def test_a_window_is_extended_by_its_form_once_though_sent_twice(
    browser: httpx.AsyncClient, town: Database
) -> None:
    before = await reading.window(town, WINDOW)
    form = {"act": "extend", "by": "1h", "reason": "many cases", "command": "the-same"}
    for _ in range(2):
        answer = await browser.post(f"/windows/{WINDOW}", data=form)
        assert answer.status_code == 303
        assert "Done: Extend" in (await browser.get(answer.headers["location"])).text
    after = await reading.window(town, WINDOW)
    assert (after.closes_at - before.closes_at).total_seconds() == 3600


async def test_a_refusal_is_shown_and_keeps_what_was_written(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(f"/windows/{WINDOW}", data={"act": "extend", "by": "soon", "reason": "my <reason>"})
    assert answer.status_code == 422
    assert "&#39;soon&#39; is not a length of time." in answer.text
    assert 'value="my &lt;reason&gt;"' in answer.text
    answer = await browser.post(f"/windows/{WINDOW}", data={"act": "extend", "by": "900d", "reason": "x"})
    assert answer.status_code == 409
    assert "past the close of" in answer.text


async def test_closing_asks_for_a_tick(browser: httpx.AsyncClient, town: Database) -> None:
    form = {"act": "close", "reason": "all is decided"}
    assert (await browser.post(f"/windows/{WINDOW}", data=form)).status_code == 422
    assert (await reading.window(town, WINDOW)).state == "open"
    assert (await browser.post(f"/windows/{WINDOW}", data={**form, "sure": "1"})).status_code == 303
    assert (await reading.window(town, WINDOW)).state == "closed"


async def test_a_season_is_paused_resumed_and_cancelled(browser: httpx.AsyncClient, town: Database) -> None:
    base = f"/seasons/{SEASON}"
    assert (await browser.post(f"{base}/pause", data={"reason": "x"})).status_code == 303
    assert "The season is paused" in (await browser.get(base)).text
    assert (await browser.post(f"{base}/pause", data={"reason": "x"})).status_code == 409
    assert (await browser.post(f"{base}/resume", data={"reason": "x"})).status_code == 303
    assert (await browser.post(f"{base}/cancel", data={"reason": "x"})).status_code == 422
    assert (await browser.post(f"{base}/cancel", data={"reason": "x", "sure": "1"})).status_code == 303
    assert (await reading.status(town, SEASON)).season.state == "cancelled"


async def test_unknown_addresses_answer_with_a_page(browser: httpx.AsyncClient) -> None:
    for path in ("/nowhere", "/seasons/nowhere", f"/seasons/{SEASON}/entries/X", "/windows/x/y", "/mails/..%2Fx"):
        answer = await browser.get(path)
        assert answer.status_code == 404, path
        assert "This did not work" in answer.text


async def test_nothing_is_loaded_from_elsewhere(browser: httpx.AsyncClient) -> None:
    for path in PAGES:
        answer = await browser.get(path)
        assert not re.findall(r'(?:src|action)="(?:https?:)?//', answer.text)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name in ("console.css", "console.js", "htmx.min.js", "icon.svg"):
        assert (await browser.get(f"/static/{name}")).status_code == 200


async def test_a_mail_is_shown_without_running_what_is_in_it(
    town: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from workers.embedded.mailsink import MailFolder

    folder = tmp_path_factory.mktemp("sink")
    app = create_app(desk := Desk(town, None))
    add_console(app, desk, mail=folder)
    content = b"Subject: Hello <b>\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>"
    name = MailFolder(folder).keep("season@localhost", ["a@example.org"], content).removeprefix("x")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as client:
        listed = (await client.get("/mails?to=A@example.org")).text
        assert "Hello &lt;b&gt;" in listed
        page = (await client.get(f"/mails/{name}")).text
        assert "<script>alert" not in page
        html = await client.get(f"/mails/{name}/html")
        assert "sandbox" in html.headers["content-security-policy"]


async def test_without_a_database_every_page_says_so() -> None:
    desk = Desk(Database("postgresql+asyncpg://nobody@127.0.0.1:1/none"), None)
    app = create_app(desk)
    add_console(app, desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as client:
        for path in ("/", f"/seasons/{SEASON}"):
            answer = await client.get(path, headers={"Accept-Language": "en"})
            assert answer.status_code == 503
            assert "The database does not answer. " in answer.text.replace("</p><p>", " ")


def test_every_label_is_in_both_languages() -> None:
    for table in (
        labels.LABELS,
        labels.CONCERNS,
        labels.COMING,
        labels.EVENTS,
        labels.NOTICES,
        labels.ACTORS,
        labels.RULES,
    ):
        for name, text in table.items():
            assert isinstance(text, Text)
            assert text.en, name
            assert text.zh, name
            assert set(re.findall(r"\{(\w+)\}", text.zh)) == set(re.findall(r"\{(\w+)\}", text.en)), name
