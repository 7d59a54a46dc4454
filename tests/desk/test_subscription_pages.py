"""What mails lead to: one-click unsubscribing and the way back, the entry without a sign-in, the calendar."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import icalendar
import pytest
from ical.calendar_stream import IcsCalendarStream
from typer.testing import CliRunner

from activities.composing import Stationery
from activities.house import House
from activities.mail import MailDeeds
from desk.access import SESSION, Entrance
from desk.api import create_app
from desk.cli import app
from desk.client import Desk
from desk.console import add_console
from models.commands import Extend
from models.errors import BadInput
from models.results import CampaignRef
from records import access, addresses, campaigns, links, subscriptions, windows
from records.database import Database
from records.privacy.erasure import erase
from records.sealing import Seal
from tests.activities.test_dates import Box
from tests.desk.town import SEASON, build_town

URL = "https://season.example.org"
KEY = "a key of forty characters, for this test"
EU = f"{SEASON}/EU/registration"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Post:
    """A closed desk over a season that accepts registrations, and its mail."""

    def __init__(self, database: Database, url: str, mail: Path) -> None:
        self.database, self.url, self.box = database, url, Box()
        self.app = create_app(desk := Desk(database, None), entrance=Entrance(False, URL, None, "office@example.org"))
        add_console(self.app, desk, mail=mail)
        self.house = House(
            database, self.box, sender="office@example.org", public_url=URL, stationery=Stationery(seal=database.seal)
        )

    def client(self, cookie: str = "", **more: Any) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=URL, **more)
        if cookie:
            client.cookies.set(SESSION, cookie, domain="season.example.org")
        return client

    async def signed_in(self, email: str) -> httpx.AsyncClient:
        link = await access.ask_link(self.database, email)
        assert link is not None
        used = await access.use_link(self.database, link.token)
        assert used is not None
        return self.client(used[0])

    async def remind(self, name: str, template: str = "draft_reminder") -> dict[str, Any]:
        """Remind everybody with a draft in Europe; the mails, by address."""
        async with self.database.transaction() as connection:
            await campaigns.plan(connection, name, SEASON, template, "drafts", window=EU, area="EU")
        before = len(self.box.mails)
        await MailDeeds(self.house).send_batch(CampaignRef(campaign=name, season=SEASON))
        return dict(self.box.mails[before:])

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        return await self.database.at_once(sql, **values)

    async def draft(self) -> dict[str, Any]:
        """The one draft in Europe, and whose it is."""
        found = await self.rows(
            """SELECT e.id, e.number, p.id AS person, p.email FROM entries e JOIN people p ON p.id = e.applicant_id
               WHERE e.season_id = :s AND e.area = 'EU' AND e.state = 'draft'""",
            s=SEASON,
        )
        return found[0]


@pytest.fixture
async def post(database_url: str, tmp_path: Path) -> AsyncIterator[Post]:
    database = Database(database_url, secret_key=KEY)
    await build_town(database, began=timedelta(days=10))
    yield Post(database, database_url, tmp_path)
    await database.close()


def way_out(mail: Any) -> str:
    """The path at which a mail says that one unsubscribes."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(https://season\.example\.org(/unsubscribe/\S+))>", mail["List-Unsubscribe"].strip())
    assert found is not None
    return found[2]


def link_in(mail: Any) -> str:
    found = re.search(rf"{URL}(/do/\S+)", mail.get_body(("plain",)).get_content())
    assert found is not None
    return found[1]


async def test_one_click_of_a_mailbox_provider_unsubscribes_and_the_next_reminder_is_skipped_and_says_why(
    post: Post,
) -> None:
    draft = await post.draft()
    mail = (await post.remind("first"))[draft["email"]]
    path = way_out(mail)
    assert mail.get_body(("plain",)).get_content().rstrip().endswith(f"Unsubscribe: {URL}{path}")
    async with post.client() as provider:
        for _ in range(2):
            answer = await provider.post(path, data=ONE_CLICK)
            assert (answer.status_code, answer.headers.get("location")) == (200, None)  # RFC 8058: no redirect
    assert await post.remind("second") == {}
    (told,) = await post.rows("SELECT state, answer FROM deliveries WHERE campaign_id = 'second'")
    assert told["state"] == "skipped"
    assert re.fullmatch(r"unsubscribed on \d{4}-\d\d-\d\d", told["answer"])
    lines = await post.rows("SELECT actor, person_id FROM log WHERE event = 'notices.unsubscribed'")
    assert lines == [{"actor": f"person/{draft['person']}", "person_id": draft["person"]}]


async def test_what_must_be_known_is_still_sent_and_has_no_way_out(post: Post) -> None:
    draft = await post.draft()
    await subscriptions.opt_out(post.database, SEASON, draft["person"], by="page")
    async with post.database.transaction() as connection:
        who = [campaigns.Recipient(draft["person"], "en", entry_id=draft["id"])]
        await campaigns.plan(connection, "told", SEASON, "window_reopened", who, window=EU)
    await MailDeeds(post.house).send_batch(CampaignRef(campaign="told", season=SEASON))
    to, mail = post.box.mails[-1]
    assert (to, mail["List-Unsubscribe"]) == (draft["email"], None)


async def test_looking_changes_nothing_the_button_does_and_there_is_a_way_back(post: Post) -> None:
    draft = await post.draft()
    path = way_out((await post.remind("first"))[draft["email"]])
    async with post.client() as browser:
        page = (await browser.get(path)).text
        assert "Do you want no more reminders" in page
        assert (await browser.get(path)).text == page
        assert await post.rows("SELECT * FROM opt_outs") == []
        assert "You are unsubscribed since" in (await browser.post(path, data={"act": "out"})).text
        assert "恢复接收提醒" in (await browser.get(f"{path}?lang=zh")).text
        await browser.post(path, data={"act": "in"})
    assert await post.rows("SELECT * FROM opt_outs") == []
    assert list(await post.remind("second")) == [draft["email"]]


async def test_a_link_that_is_not_of_our_making_does_nothing(post: Post) -> None:
    draft = await post.draft()
    now = await post.database.now()
    good = links.make(post.database.seal, "unsubscribe", draft["person"], SEASON, now)
    foreign = links.make(Seal("another key of at least 32 characters"), "unsubscribe", draft["person"], SEASON, now)
    other = links.make(post.database.seal, "entry", draft["person"], draft["id"], now)
    changed = good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    async with post.client() as browser:
        for token in (foreign, other, changed, "x", "é", "." * 500, good[:30]):
            for path in (f"/unsubscribe/{token}", *([f"/do/{token}"] if token != other else [])):
                answer = await browser.get(path)
                assert answer.status_code == 410, path
                assert "no longer good" in answer.text
            assert (await browser.post(f"/unsubscribe/{token}", data=ONE_CLICK)).status_code == 410
            assert (await browser.get(f"/calendar/{token}.ics")).status_code == 404
    assert await post.rows("SELECT * FROM opt_outs") == []
    assert links.make(Seal(), "unsubscribe", draft["person"], SEASON, now) == ""
    assert links.read(Seal(), good, "unsubscribe") is None


async def test_a_person_chooses_kinds_for_each_season_and_the_command_shows_them(
    post: Post, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    draft = await post.draft()
    async with await post.signed_in(draft["email"]) as browser:
        kinds = await subscriptions.kinds_for(post.database, SEASON, draft["person"])
        page = (await browser.get("/my/notices?lang=en")).text
        assert page.count(" checked") == len(kinds) < len(subscriptions.KINDS)
        assert ("reminder to submit" in page, "reminder to score" in page) == (True, False)
        kept = [kind for kind in kinds if kind != "draft_reminder"]
        answer = await browser.post("/my/notices", data={"season": SEASON, "kind": kept})
        assert answer.headers["location"] == "/my/notices?saved=1"
        assert (await browser.get("/my/notices")).text.count(" checked") == len(kept)
        assert await post.remind("first") == {}
        assert list(await post.remind("other", "registration_open")) == [draft["email"]]
        wrong = await browser.post("/my/notices", data={"season": "none", "kind": "x"})
        assert (wrong.status_code, "is none of yours" in wrong.text) == (422, True)
        monkeypatch.setenv("SEASON_DATABASE_URL", post.url)
        monkeypatch.setenv("SEASON_DATA_DIR", str(tmp_path))
        told = await run("notices", "subscription", "--person", str(draft["person"]), "--lang", "en")
        assert "unsubscribed from" in told.output
        for wrong in (["--person", "999999"], ["--person", "1", "--season", "none"]):
            assert (await run("notices", "subscription", *wrong)).exit_code == 1
        told = await run("notices", "subscription", "--person", str(draft["person"]), "--json")
        assert [list(one["out"]) for one in json.loads(told.output)] == [["draft_reminder"]]
        await browser.post("/my/notices", data={"season": SEASON})
    (now,) = await subscriptions.of_person(post.database, draft["person"])
    assert set(now.out) == {subscriptions.ALL}
    with pytest.raises(BadInput, match="receipt"):
        await subscriptions.opt_out(post.database, SEASON, draft["person"], "receipt", by="page")


async def run(*args: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, app, list(args))


async def test_a_link_in_a_reminder_opens_the_draft_for_its_person_and_nothing_else(post: Post) -> None:
    draft = await post.draft()
    path = link_in((await post.remind("first"))[draft["email"]])
    own = f"/my/{SEASON}/{draft['number']}"
    async with post.client() as browser:
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, own)
        assert f"Path={own};" in answer.headers["set-cookie"]
        assert "HttpOnly" in answer.headers["set-cookie"]
        page = await browser.get(own)
        assert page.status_code == 200
        seen = re.search(r'name="seen" value="(\d+)"', page.text)
        assert seen is not None
        saved = await browser.post(f"{own}/save", data={"seen": seen[1], "title": "By the link"})
        assert saved.status_code in (200, 303, 422)
        assert "By the link" in (await browser.get(own)).text
        # What cannot be undone, and everything else, asks for a sign-in.
        for other in (f"{own}/withdraw", "/my", "/my/data", "/my/notices", f"/seasons/{SEASON}"):
            assert urlsplit((await browser.get(other)).headers["location"]).path.endswith("/sign-in"), other
        (another,) = await post.rows("SELECT number FROM entries WHERE area = 'SG' AND state = 'draft'")
        forged = {"Cookie": f"season_link={path.removeprefix('/do/')}"}
        answer = await browser.get(f"/my/{SEASON}/{another['number']}", headers=forged)
        assert answer.headers["location"].startswith("/sign-in")
    async with await post.signed_in("contact@example.org") as other:  # on a machine that several use
        assert (await other.get(own)).status_code == 404
        other.cookies.set("season_link", path.removeprefix("/do/"), domain="season.example.org")
        page = await other.get(own)
        assert (page.status_code, "Signed in as Contact" in page.text) == (200, True)
    (line,) = await post.rows(
        "SELECT DISTINCT actor FROM log WHERE event = 'entry.changed' AND entry_id = :e", e=draft["id"]
    )
    assert line["actor"] == "applicant"


async def test_a_link_ends_with_its_window_and_is_extended_with_it(post: Post) -> None:
    draft = await post.draft()
    path = link_in((await post.remind("first"))[draft["email"]])
    await post.rows(
        "UPDATE windows SET closes_at = clock_timestamp() + interval '0.2 s' WHERE id = :w RETURNING id", w=EU
    )
    await post.rows("SELECT pg_sleep(0.3)::text AS x")
    async with post.client() as browser:
        dead = await browser.get(f"{path}?lang=zh")
        assert (dead.status_code, "此链接已失效" in dead.text, "/sign-in?next=/my" in dead.text) == (410, True, True)
        await post.rows(
            "UPDATE windows SET closes_at = clock_timestamp() + interval '1 h' WHERE id = :w RETURNING id", w=EU
        )
        assert (await browser.get(path)).status_code == 303


async def test_links_are_made_void_by_their_person_by_the_office_and_by_a_corrected_address(post: Post) -> None:
    draft = await post.draft()

    async def good() -> bool:
        """Whether a link that was made a while ago opens the draft; it is as good as one of now, but for this."""
        at = await post.database.now() - timedelta(minutes=2)
        token = links.make(post.database.seal, "entry", draft["person"], draft["id"], at)
        async with post.client() as browser:
            return (await browser.get(f"/do/{token}")).status_code == 303

    async def forget() -> None:
        await post.rows("UPDATE people SET links_since = NULL WHERE id = :p RETURNING id", p=draft["person"])

    assert await good()
    async with await post.signed_in(draft["email"]) as browser:
        assert (await browser.post("/my/notices/links")).headers["location"] == "/my/notices?void=1"
    assert not await good()
    await forget()
    await links.revoke(post.database, draft["person"], actor="ops", reason="forwarded to a list")
    assert not await good()
    with pytest.raises(BadInput, match="reason"):
        await links.revoke(post.database, draft["person"], actor="ops")
    await forget()
    await addresses.correct(post.database, draft["person"], draft["email"], reason="the same", actor="ops")
    assert await good()
    await addresses.correct(post.database, draft["person"], "new@example.org", reason="told by phone", actor="ops")
    assert not await good()
    lines = await post.rows("SELECT actor FROM log WHERE event = 'person.links_revoked' ORDER BY id")
    assert [line["actor"] for line in lines] == [f"person/{draft['person']}", "ops"]


async def test_a_calendar_to_subscribe_to_follows_the_window_and_is_read_without_a_sign_in(post: Post) -> None:
    draft = await post.draft()
    mail = (await post.remind("first"))[draft["email"]]
    (file,) = mail.iter_attachments()
    (mailed,) = icalendar.Calendar.from_ical(file.get_payload(decode=True)).walk("VEVENT")
    async with await post.signed_in(draft["email"]) as browser:
        page = (await browser.get(f"/my/{SEASON}/{draft['number']}/calendar")).text
        found = re.search(rf"{URL}(/calendar/[\w.-]+\.ics)", page)
        assert found is not None
        assert f'href="webcal://season.example.org{found[1]}"' in page
        own = await browser.get(f"/my/{SEASON}/{draft['number']}/calendar.ics?lang=zh")
        assert "截止：" in own.text

    async def events() -> list[Any]:
        async with post.client() as program:
            answer = await program.get(found[1])
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert len(IcsCalendarStream.calendar_from_ics(answer.text).events) == 1
        return list(icalendar.Calendar.from_ical(answer.text).walk("VEVENT"))

    (before,) = await events()
    assert (before["uid"], before.end) == (mailed["uid"], mailed.end)
    async with post.database.transaction() as connection:
        await windows.steer(connection, Extend(window=EU, by=timedelta(days=2), actor="ops", reason="a flood"))
    (after,) = await events()
    assert (after["uid"], after.end) == (mailed["uid"], mailed.end + timedelta(days=2))
    assert int(after["sequence"]) > int(before["sequence"])
    await post.rows(
        "UPDATE people SET links_since = clock_timestamp() + interval '1 h' WHERE id = :p RETURNING id",
        p=draft["person"],
    )
    async with post.client() as program:
        assert (await program.get(found[1])).status_code == 404


async def test_an_erased_persons_links_open_nothing_and_its_opt_outs_are_gone(post: Post) -> None:
    draft = await post.draft()
    await subscriptions.opt_out(post.database, SEASON, draft["person"], by="page")
    token = links.make(post.database.seal, "unsubscribe", draft["person"], SEASON, await post.database.now())
    await erase(post.database, draft["email"], reason="asked", actor="ops", withdraw=True)
    assert await post.rows("SELECT * FROM opt_outs") == []
    async with post.client() as browser:
        assert (await browser.post(f"/unsubscribe/{token}", data=ONE_CLICK)).status_code == 410
