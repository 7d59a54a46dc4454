"""The pages of a channel, over HTTP and in a real browser: two channels, neither of which sees the other's."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import socket
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner

from desk.access import Entrance
from desk.api import create_app
from desk.cli import app as commands
from desk.client import Desk
from desk.console import add_console
from models.forms import ChannelForm, PersonForm
from records import access, channel_work, channels, endorsements, entries, people, staff
from records.database import Database, at_instant, clock_of
from rules.season_file import load
from tests.desk.looks import shut_out
from tests.desk.test_pages_in_browser import ROOT, chromium, open_browser
from tests.seasons import begin, entry_form

__all__ = ["chromium"]
SEASON = "small-2024"
HARBOUR = ROOT / "seasons" / "examples" / "harbour-2025.yaml"
URL = "https://season.example.org"
FORMULA = "=HYPERLINK(1)"
TALENT = {
    "name": "Lin", "email": "lin@example.org", "area": "EU", "track": "LH", "title": "A new lens", "language": "zh",
}  # fmt: skip


class Town:
    """A closed desk with a season that registers, and channels whose contacts are signed in."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.app: FastAPI = create_app(desk := Desk(database, None), entrance=Entrance(False, URL))
        add_console(self.app, desk)
        self.cookies: dict[str, str] = {}

    async def build(self) -> Town:
        await begin(self.database, datetime.now(UTC) - timedelta(days=1), open_now=True)
        for code, name in (("INNO", FORMULA), ("OTHER", "Another office")):
            contact = PersonForm(email=f"{code.lower()}@example.org", name=f"Contact of {code}")
            form = ChannelForm(code=code, name=name, contact=contact, quota=2)
            await channels.add_channel(self.database, SEASON, form)
            await self.enter(code, contact.email)
        return self

    async def build_lists(self) -> list[str]:
        """Another season, whose registration is over and whose lists are open: the numbers of INNO's projects."""
        start = datetime.now(UTC) - timedelta(days=47)
        await begin(self.database, start, season="harbour", file=load(HARBOUR), open_now=True)
        with at_instant(start + timedelta(days=1)):
            contact = PersonForm(email="inno@example.org", name="Contact of INNO")
            form = ChannelForm(code="INNO", name="Innovation office", contact=contact)
            await channels.add_channel(self.database, "harbour", form)
            for n in range(3):
                project = entry_form(n, area="SUZ", track="FOOD")
                entry = await entries.draft(self.database, "harbour", project, channel="INNO")
                await entries.submit(self.database, entry)
        view = await channel_work.of_channel(self.database, "harbour", "INNO")
        return sorted(entry.number for entry in view.entries)

    async def enter(self, who: str, email: str) -> None:
        link = await access.ask_link(self.database, email)
        assert link is not None
        used = await access.use_link(self.database, link.token)
        assert used is not None
        self.cookies[who] = used[0]

    def client(self, who: str | None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        head = {"Cookie": f"season_session={self.cookies[who]}"} if who else {}
        return httpx.AsyncClient(transport=transport, base_url=URL, headers=head)

    async def mails(self, template: str) -> list[str]:
        """To whom notices of this kind are queued."""
        found = await self.database.at_once(
            """SELECT p.email FROM deliveries d JOIN people p ON p.id = d.person_id
               JOIN campaigns c ON c.id = d.campaign_id WHERE c.template = :template""",
            template=template,
        )
        return [row["email"] for row in found]


@pytest.fixture
async def town(database: Database) -> Town:
    return await Town(database).build()


def number_in(answer: httpx.Response) -> str:
    """The number of the entry to which a redirect leads back."""
    assert answer.status_code == 303, answer.text
    found = re.search(r"number=([\w-]+)", answer.headers["location"])
    assert found is not None, answer.headers["location"]
    return found[1]


async def test_a_channel_returns_its_own_submitted_project_while_it_ranks_and_no_other(town: Town) -> None:
    first, second, third = await town.build_lists()
    here = "/channel/harbour/INNO"
    sure = {"number": first, "reason": "The plan is not signed.", "sure": "1", "command": "the-same"}
    async with town.client("INNO") as inno:
        page = (await inno.get(f"{here}?lang=en")).text
        assert page.count(f'action="{here}/return"') == 3
        assert (await inno.post(f"{here}/return", data={**sure, "sure": ""})).status_code == 422
        for _ in range(2):
            assert number_in(await inno.post(f"{here}/return", data=sure)) == first
        assert await town.mails("returned_for_correction") == ["applicant-0@example.org"]
        await town.database.at_once("UPDATE entries SET state = 'undecided' WHERE number = :n RETURNING id", n=second)
        assert (await inno.post(f"{here}/return?lang=zh", data={**sure, "number": second})).status_code == 409
        await town.database.at_once("UPDATE windows SET state = 'paused' WHERE kind = 'endorsement' RETURNING id")
        closed = await inno.post(f"{here}/return?lang=zh", data={**sure, "number": third, "command": "another"})
        assert (closed.status_code, "仅可在推荐排序期间退回项目。" in closed.text) == (409, True)
    asked = await town.database.at_once("SELECT asked_by, reason FROM corrections")
    assert asked == [{"asked_by": "channel/INNO", "reason": "The plan is not signed."}]


async def test_a_channel_registers_reminds_and_sees_what_is_missing_and_another_sees_nothing_of_it(town: Town) -> None:
    here = f"/channel/{SEASON}/INNO"
    async with town.client("INNO") as inno, town.client("OTHER") as other, town.client(None) as nobody:
        assert here in (await inno.get("/channels")).text
        assert f'href="{here}"' not in (await other.get("/channels")).text
        number = number_in(await inno.post(f"{here}/register", data=TALENT))
        assert await town.mails("channel_registered") == ["lin@example.org"]

        page = (await inno.get(f"{here}?lang=en")).text
        for said in (number, "A new lens", "Still missing", "the project plan", "1 / 2", "registered", "My channels"):
            assert said in page
        assert "尚缺" in (await inno.get(f"{here}?lang=zh")).text
        # A double click reminds once, and the second press is answered with a sentence.
        pressed = await asyncio.gather(*(inno.post(f"{here}/nudge?lang=en", data={"number": number}) for _ in range(2)))
        assert sorted(answer.status_code for answer in pressed) == [303, 409]
        assert "You may remind again from" in max(pressed, key=lambda answer: answer.status_code).text
        assert await town.mails("channel_nudge") == ["lin@example.org"]

        for path in (here, f"{here}/ledger.csv", f"/channel/{SEASON}/NONE"):
            assert (await other.get(path)).status_code == 404
            assert (await nobody.get(path)).headers["location"].startswith("/sign-in")
        for act in ("nudge", "take-back", "new-code", "register"):
            answer = await other.post(f"{here}/{act}", data={**TALENT, "number": number, "reason": "x", "sure": "1"})
            assert answer.status_code == 404
        assert number not in (await other.get(f"/channel/{SEASON}/OTHER")).text
        # The same entry, from the other side: it vouches, and is second.
        vouched = await other.post(
            f"/channel/{SEASON}/OTHER/vouch", data={"number": number, "email": "lin@example.org"}
        )
        assert number_in(vouched) == number
        assert "another channel was first" in (await other.get(f"/channel/{SEASON}/OTHER?lang=en")).text
        taken = await inno.post(f"{here}/take-back", data={"number": number, "reason": "not ours", "sure": "1"})
        assert number_in(taken) == number
        assert "another channel was first" not in (await other.get(f"/channel/{SEASON}/OTHER?lang=en")).text
    # The contact who registered it may fill it in for the talent; another contact may not.
    async with town.client("INNO") as inno, town.client("OTHER") as other:
        assert (await other.get(f"/my/{SEASON}/{number}")).status_code == 404


async def test_a_talent_comes_by_the_invitation_link_and_the_old_link_stops(town: Town) -> None:
    here = f"/channel/{SEASON}/INNO"
    async with town.database.transaction() as connection:
        talent = PersonForm(email="mei@example.org", name="Mei")
        await people.keep(connection, [talent], await clock_of(connection))
    await town.enter("mei", "mei@example.org")
    async with town.client("INNO") as inno, town.client("mei") as mei:
        link = re.search(r'id="invite-link">([^<]+)<', (await inno.get(here)).text)
        assert link is not None
        assert FORMULA in (await mei.get(link[1])).text
        answer = await mei.post(link[1], data={"area": "EU", "track": "LH", "via": link[1].partition("via=")[2]})
        assert answer.status_code == 303, answer.text
        assert [(e.act, e.applicant, e.counts) for e in (await channel_work.of_channel(town.database, SEASON, "INNO")).entries] == [
            ("invited", "Mei", True)
        ]  # fmt: skip
        assert (await inno.post(f"{here}/new-code?lang=en", data={})).status_code == 422
        assert (await inno.post(f"{here}/new-code", data={"sure": "1"})).status_code == 303
        assert link[1] not in (await inno.get(here)).text
        assert FORMULA not in (await mei.get(link[1])).text


async def test_a_form_that_is_wrong_says_where_and_keeps_what_was_written(town: Town) -> None:
    here = f"/channel/{SEASON}/INNO/register"
    async with town.client("INNO") as inno:
        for field, value, said in (
            ("name", "", "applicant&#39;s name"), ("email", "nobody", "is no mail address"), ("area", "", "an area"),
            ("area", "XX", "is no area"), ("track", "XX", "is no track"), ("title", "x" * 201, "a title"),
        ):  # fmt: skip
            answer = await inno.post(f"{here}?lang=en", data={**TALENT, "title": "Kept title", field: value})
            assert answer.status_code == 422, field
            assert said in answer.text
            assert field == "title" or "Kept title" in answer.text
        for n in range(2):
            talent = {**TALENT, "email": f"talent-{n}@example.org"}
            assert (await inno.post(here, data=talent)).status_code == 303
        answer = await inno.post(f"{here}?lang=zh", data=TALENT)
        assert (answer.status_code, "推荐名额 2 个已用完" in answer.text) == (409, True)
    assert not await town.database.at_once("SELECT 1 FROM people WHERE email = 'lin@example.org'")


async def test_the_ledger_is_exported_and_no_cell_is_a_formula(
    town: Town, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEASON_DATABASE_URL", database_url)
    monkeypatch.setenv("SEASON_DATA_DIR", str(tmp_path))
    here = f"/channel/{SEASON}/INNO"
    async with town.client("INNO") as inno, town.client("OTHER") as other:
        number = number_in(await inno.post(f"{here}/register", data=TALENT))
        await other.post(f"/channel/{SEASON}/OTHER/vouch", data={"number": number, "email": "lin@example.org"})
        reasons = ("+1", "-1", "@x", "\t=1", "=1", "＝1", " =1")
        await inno.post(f"{here}/take-back", data={"number": number, "reason": "@SUM(A1)", "sure": "1"})
        answer = await inno.get(f"{here}/ledger.csv?lang=zh")
    assert answer.content.startswith("\ufeff渠道代码,渠道名称,项目编号,推荐方式,时间（Asia/Shanghai）".encode())
    head, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert line[:4] == ["INNO", f"'{FORMULA}", number, "代报名"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+08:00", line[4])
    assert line[5:] == ["否", "'@SUM(A1)", "草稿", "草稿", "", ""]
    assert len(head) == len(line)

    async def season(*words: str) -> str:
        done = await to_thread(CliRunner().invoke, commands, list(words))
        assert done.exit_code == 0, done.output
        return done.stdout

    found = json.loads(await season("ledger", SEASON, "--json"))
    assert [(x["channel"], x["act"], x["counts"], x["furthest"]) for x in found] == [
        ("INNO", "registered", False, "draft"), ("OTHER", "vouched", True, "draft"),
    ]  # fmt: skip
    told = await season("explain", number, "--lang", "en")
    assert "The channel INNO recommended the project by registering it; another recommendation counts." in told
    assert "The channel OTHER recommended the project by vouching for it; this recommendation counts." in told
    file = tmp_path / "ledger.csv"
    for reason in reasons:
        await town.database.at_once("UPDATE channels SET name = :name WHERE code = 'OTHER'", name=reason)
        await season("ledger", "--channel", "OTHER", "--csv", str(file), "--lang", "en")
        cells = [cell for line in csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline="")) for cell in line]
        assert f"'{reason}" in cells
        assert not [cell for cell in cells if cell.lstrip(" ")[:1] in tuple("=+-@\t\r＝＋－＠")]
    assert re.search(r"\nINNO +0/2 ", await season("channels", "list", "--lang", "en"))
    assert "quota 5 (it was 2)" in await season("channels", "quota", "OTHER", "5", "--reason", "more", "--lang", "en")
    assert [x["quota"] for x in json.loads(await season("channels", "list", "--json"))] == [2, 5]
    for words in (("quota", "OTHER", "0.5", "--reason", "x"), ("quota", "OTHER", "5"), ("quota", "NONE", "5", "--reason", "x")):  # fmt: skip
        done = await to_thread(CliRunner().invoke, commands, ["channels", *words])
        assert done.exit_code == (1 if "NONE" in words else 2), done.output


async def test_a_list_is_ranked_and_signed_on_the_page_once(town: Town) -> None:
    numbers = await town.build_lists()
    here = "/channel/harbour/INNO"
    async with town.client("INNO") as inno, town.client("OTHER") as other:
        page = (await inno.get(f"{here}?lang=en")).text
        fields = re.findall(r'name="(rank-\d+)" value="(\d)"', page)
        assert [place for _, place in fields] == ["1", "2", "3"]
        form = {"window": "harbour/SUZ/lists", "signer": "Wang", **{name: str(4 - int(n)) for name, n in fields}}
        assert (await other.post(f"{here}/list", data=form)).status_code == 404
        for wrong, said in (
            ({fields[0][0]: "2"}, "the same place"), ({fields[0][0]: "x"}, "is no place"),
            ({"do": "sign"}, "Tick the box"), ({"do": "sign", "sure": "1", "signer": ""}, "whoever signs"),
        ):  # fmt: skip
            answer = await inno.post(f"{here}/list?lang=en", data={**form, **wrong})
            assert (answer.status_code, said in answer.text) == (422, True), wrong
        for given, done in (({"do": "save"}, "rank"), ({"do": "sign", "sure": "1"}, "sign")):
            answer = await inno.post(f"{here}/list", data={**form, **given})
            assert answer.headers["location"].endswith(f"done={done}")
        page = (await inno.get(f"{here}?lang=en")).text
        assert "by Wang." in page
        assert "rank-" not in page
        assert re.findall(r"\d\. <span class=\"code\">([\w-]+)", page) == numbers[::-1]
        again = await inno.post(f"{here}/list?lang=zh", data={**form, "do": "sign", "sure": "1", "signer": "Li"})
        assert (again.status_code, "该名单已签署" in again.text) == (409, True)


async def test_staff_look_at_all_channels_and_act_for_none(town: Town) -> None:
    made = await staff.add(town.database, PersonForm(email="eva@example.org", name="Eva"), "support", None)
    town.cookies["eva"] = await access.open_staff_session(town.database, made.person_id)
    async with town.client("INNO") as inno, town.client("eva") as eva:
        number = number_in(await inno.post(f"/channel/{SEASON}/INNO/register", data=TALENT))
        assert "INNO" in (await eva.get(f"/seasons/{SEASON}/channels")).text
        page = (await eva.get(f"/channel/{SEASON}/INNO")).text
        assert number in page
        assert page.count("<form") == 1  # to sign out
        assert (await eva.post(f"/channel/{SEASON}/INNO/nudge", data={"number": number})).status_code == 404
        assert (await inno.get(f"/seasons/{SEASON}/channels")).status_code in (303, 403)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Where an app is served."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.mark.timeout(600)
async def test_no_page_of_a_channel_overflows_or_shuts_anyone_out(town: Town, chromium: str) -> None:
    for n in range(2):
        form = {**TALENT, "email": f"talent-{n}@example.org", "title": "A title that is long " * 8}
        async with town.client("INNO") as inno:
            await inno.post(f"/channel/{SEASON}/INNO/register", data=form)
    await town.build_lists()
    app = create_app(desk := Desk(town.database, None))
    add_console(app, desk)
    paths = ("/channels", f"/channel/{SEASON}/INNO", "/channel/harbour/INNO", f"/channel/{SEASON}/OTHER", f"/seasons/{SEASON}/channels")  # fmt: skip
    wrong: list[str] = []
    async with served(app) as address, open_browser(chromium) as browser:
        page = await browser.new_page(bypass_csp=True)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.context.add_cookies([{"name": "season_session", "value": town.cookies["INNO"], "url": address}])
        for path, language in product(paths, ("en", "zh")):
            await page.goto(f"{address}{path}?lang={language}")
            wrong += await shut_out(page)
        # The keyboard alone ranks and signs.
        await page.goto(f"{address}/channel/harbour/INNO?lang=en")
        await page.get_by_role("textbox", name="Place of").first.focus()
        for place in ("3", "1", "2"):
            await page.keyboard.press("Control+A")
            await page.keyboard.type(place)
            await page.keyboard.press("Tab")
        for key in ("Tab", "Tab", "Space", "Tab", "Enter"):
            await page.keyboard.press(key)
        await page.wait_for_url("**done=sign")
    assert wrong == []
    found = await endorsements.of_channel(town.database, "harbour", "INNO")
    assert [entry.title for entry in found[0].entries] == ["Project 1", "Project 2", "Project 0"]
