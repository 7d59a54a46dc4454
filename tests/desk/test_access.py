"""Who may come to which address of the desk: every route, with everybody, against one table."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.routing import Mount

from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from desk.serve import build
from models.forms import PersonForm
from records import access, people, staff
from records.database import Database, clock_of
from tests.desk.town import SEASON
from workers.settings import Settings

WINDOW = f"{SEASON}/EU/screening"
URL = "https://season.example.org"

ALL = frozenset(
    {
        "nobody",
        "applicant",
        "support",
        "organiser",
        "other organiser",
        "operations",
        "read",
        "steer",
        "register",
        "bounces",
    }
)
LOOKS = frozenset({"support", "organiser", "other organiser", "operations", "read"})
STEERS = frozenset({"operations", "steer"})
STEERS_WINDOW = STEERS | {"organiser"}
BRINGS = STEERS_WINDOW | {"other organiser"}
OFFICE = frozenset({"operations"})
PEOPLE = frozenset({"applicant", "support", "organiser", "other organiser", "operations"})
REGISTERS = PEOPLE | {"register"}

MAY: dict[tuple[str, str], frozenset[str]] = {
    # Everybody
    ("GET", "/health"): ALL,
    ("GET", "/healthz"): ALL,
    ("GET", "/favicon.ico"): ALL,
    ("GET", "/static"): ALL,
    ("GET", "/api/openapi.json"): ALL,
    ("GET", "/sign-in"): ALL,
    ("POST", "/sign-in"): ALL,
    ("GET", "/sign-in/{token}"): ALL,
    ("POST", "/sign-in/{token}"): ALL,
    ("POST", "/sign-out"): ALL,
    ("GET", "/staff/sign-in"): ALL,
    ("POST", "/staff/sign-in"): ALL,
    # Registering a project: the way in for everybody, an entry for whoever it belongs to
    ("GET", "/enter/{season}"): ALL,
    ("POST", "/enter/{season}"): ALL,
    ("GET", "/my"): PEOPLE,
    # Data protection
    ("GET", "/privacy"): ALL,
    ("GET", "/my/data"): PEOPLE,
    ("GET", "/my/data/copy"): PEOPLE,
    ("POST", "/my/data/erasure"): PEOPLE,
    ("GET", "/privacy/people"): OFFICE,
    ("POST", "/privacy/people"): OFFICE,
    ("POST", "/privacy/people/erase"): OFFICE,
    ("GET", "/staff/password"): PEOPLE - {"applicant"},
    ("POST", "/staff/password"): PEOPLE - {"applicant"},
    # What mails lead to: the link says whom it is for
    ("GET", "/unsubscribe/{token}"): ALL,
    ("POST", "/unsubscribe/{token}"): ALL,
    ("GET", "/do/{token}"): ALL,
    ("GET", "/ask/{token}"): ALL,
    ("POST", "/ask/{token}"): ALL,
    ("GET", "/calendar/{token}.ics"): ALL,
    ("GET", "/my/notices"): PEOPLE,
    ("POST", "/my/notices"): PEOPLE,
    ("POST", "/my/notices/links"): PEOPLE,
    ("GET", "/my/{season}/{entry}/calendar"): PEOPLE,
    ("GET", "/my/{season}/{entry}/calendar.ics"): PEOPLE,
    ("GET", "/my/{season}/{entry}"): PEOPLE,
    ("POST", "/my/{season}/{entry}/save"): PEOPLE,
    ("GET", "/my/{season}/{entry}/preview"): PEOPLE,
    ("GET", "/my/{season}/{entry}/submit"): PEOPLE,
    ("POST", "/my/{season}/{entry}/submit"): PEOPLE,
    ("GET", "/my/{season}/{entry}/receipt"): PEOPLE,
    ("GET", "/my/{season}/{entry}/withdraw"): PEOPLE,
    ("POST", "/my/{season}/{entry}/withdraw"): PEOPLE,
    ("POST", "/my/{season}/{entry}/answer"): PEOPLE,
    ("GET", "/my/{season}/{entry}/documents"): PEOPLE,
    ("POST", "/my/{season}/{entry}/documents"): PEOPLE,
    ("GET", "/my/{season}/{entry}/documents/{document}"): PEOPLE,
    ("POST", "/my/{season}/{entry}/documents/{document}/remove"): PEOPLE,
    ("GET", "/seasons/{season}/entries/{entry}/documents/{document}"): LOOKS,
    # Channels: their contacts act, staff look; whoever else is signed in is told that there is none
    ("GET", "/channels"): PEOPLE,
    ("GET", "/channel/{season}/{code}"): LOOKS | {"applicant"},
    ("GET", "/channel/{season}/{code}/ledger.csv"): LOOKS | {"applicant"},
    ("POST", "/channel/{season}/{code}/{act}"): PEOPLE,
    ("GET", "/seasons/{season}/channels"): LOOKS,
    # Questions of the API
    ("GET", "/api/seasons"): LOOKS,
    ("GET", "/api/seasons/{season}"): LOOKS,
    ("GET", "/api/seasons/{season}/windows"): LOOKS,
    ("GET", "/api/seasons/{season}/entries"): LOOKS,
    ("GET", "/api/seasons/{season}/entries/{entry}"): LOOKS,
    ("GET", "/api/seasons/{season}/entries/{entry}/life"): LOOKS,
    ("GET", "/api/seasons/{season}/log"): LOOKS,
    ("GET", "/api/seasons/{season}/next"): LOOKS,
    ("GET", "/api/seasons/{season}/notices"): LOOKS,
    # Commands of the API
    ("POST", "/api/seasons"): STEERS,
    ("POST", "/api/seasons/{season}/stages/{stage}/extend"): STEERS,
    ("POST", "/api/seasons/{season}/pause"): STEERS,
    ("POST", "/api/seasons/{season}/resume"): STEERS,
    ("POST", "/api/seasons/{season}/cancel"): STEERS,
    ("POST", "/api/seasons/{season}/entries/{entry}/grace"): STEERS_WINDOW,
    ("GET", "/api/seasons/{season}/screening"): LOOKS,
    ("POST", "/api/seasons/{season}/entries/{entry}/decision"): STEERS_WINDOW,
    ("POST", "/api/seasons/{season}/entries/{entry}/return"): STEERS_WINDOW,
    ("POST", "/api/windows/{window:path}/extend"): STEERS_WINDOW,
    ("POST", "/api/windows/{window:path}/close"): STEERS_WINDOW,
    ("POST", "/api/windows/{window:path}/reopen"): STEERS_WINDOW,
    ("POST", "/api/windows/{window:path}/pause"): STEERS_WINDOW,
    ("POST", "/api/windows/{window:path}/resume"): STEERS_WINDOW,
    # Webhooks, and reports of mails that came back
    ("GET", "/seasons/{season}/hooks"): OFFICE,
    ("POST", "/seasons/{season}/hooks"): OFFICE,
    ("GET", "/api/seasons/{season}/hooks"): STEERS,
    ("POST", "/api/seasons/{season}/hooks"): STEERS,
    ("DELETE", "/api/seasons/{season}/hooks/{hook}"): STEERS,
    ("POST", "/api/seasons/{season}/hooks/{hook}/rotate"): STEERS,
    ("POST", "/api/seasons/{season}/hooks/{hook}/test"): STEERS,
    ("GET", "/api/seasons/{season}/hook-events"): STEERS,
    ("POST", "/api/seasons/{season}/hook-events/{event}/retry"): STEERS,
    ("GET", "/api/bounces"): OFFICE | {"support", "read"},
    ("POST", "/api/bounces"): OFFICE | {"bounces"},
    # Outgoing mail: held and released, campaigns, the outbox
    ("POST", "/seasons/{season}/notices"): STEERS,
    ("GET", "/seasons/{season}/notices/bounces"): OFFICE | {"support", "read"},
    ("GET", "/seasons/{season}/notices/campaigns"): LOOKS,
    ("GET", "/seasons/{season}/notices/templates"): LOOKS,
    ("GET", "/seasons/{season}/notices/templates/{template}"): LOOKS,
    ("GET", "/seasons/{season}/notices/templates/{template}/{language}/html"): LOOKS,
    ("GET", "/seasons/{season}/notices/campaigns/{campaign:path}"): LOOKS,
    ("POST", "/seasons/{season}/notices/campaigns/{campaign:path}"): STEERS,
    ("GET", "/seasons/{season}/notices/people/{person}"): LOOKS,
    ("GET", "/api/seasons/{season}/hold"): LOOKS,
    ("GET", "/api/seasons/{season}/campaigns"): LOOKS,
    ("GET", "/api/seasons/{season}/campaigns/{campaign:path}"): LOOKS,
    ("GET", "/api/seasons/{season}/people/{person}/notices"): LOOKS,
    ("POST", "/api/hold"): STEERS,
    ("POST", "/api/release"): STEERS,
    ("POST", "/api/seasons/{season}/hold"): STEERS,
    ("POST", "/api/seasons/{season}/release"): STEERS,
    ("POST", "/api/seasons/{season}/campaigns/{campaign:path}/send"): STEERS,
    ("POST", "/api/seasons/{season}/campaigns/{campaign:path}/discard"): STEERS,
    ("GET", "/api/seasons/{season}/campaigns/{campaign:path}/mails"): LOOKS,
    ("GET", "/api/seasons/{season}/campaigns/{campaign:path}/mails/{person}"): LOOKS,
    ("PUT", "/api/seasons/{season}/campaigns/{campaign:path}/mails/{person}"): STEERS,
    ("DELETE", "/api/seasons/{season}/campaigns/{campaign:path}/mails/{person}"): STEERS,
    # Registering by the API: whoever is signed in, and programs for that
    ("GET", "/api/seasons/{season}/registrations"): REGISTERS,
    ("POST", "/api/seasons/{season}/registrations"): REGISTERS,
    ("GET", "/api/seasons/{season}/registrations/{number}"): REGISTERS,
    ("PUT", "/api/seasons/{season}/registrations/{number}"): REGISTERS,
    ("GET", "/api/seasons/{season}/registrations/{number}/receipt"): REGISTERS,
    ("POST", "/api/seasons/{season}/registrations/{number}/submit"): REGISTERS,
    ("POST", "/api/seasons/{season}/registrations/{number}/withdraw"): REGISTERS,
    # The console
    ("GET", "/"): LOOKS,
    ("GET", "/seasons/{season}"): LOOKS,
    ("GET", "/seasons/{season}/live"): LOOKS,
    ("GET", "/seasons/{season}/windows"): LOOKS,
    ("GET", "/seasons/{season}/entries"): LOOKS,
    ("GET", "/seasons/{season}/entries/{entry}"): LOOKS,
    ("GET", "/seasons/{season}/screening"): LOOKS,
    ("GET", "/seasons/{season}/screening/{entry}"): LOOKS,
    ("POST", "/seasons/{season}/screening/{entry}"): STEERS_WINDOW,
    ("GET", "/seasons/{season}/next"): LOOKS,
    ("GET", "/seasons/{season}/log"): LOOKS,
    ("GET", "/seasons/{season}/notices"): LOOKS,
    ("GET", "/windows/{window:path}"): LOOKS,
    ("POST", "/seasons/{season}/{act}"): STEERS,
    ("POST", "/windows/{window:path}"): STEERS_WINDOW,
    ("POST", "/seasons/{season}/entries/{entry}/grace"): STEERS_WINDOW,
    # Spreadsheets
    ("GET", "/seasons/{season}/import"): BRINGS,
    ("POST", "/seasons/{season}/import"): BRINGS,
    ("GET", "/seasons/{season}/import/templates/{kind}.{form}"): BRINGS,
    ("GET", "/seasons/{season}/import/{key}"): BRINGS,
    ("POST", "/seasons/{season}/import/{key}"): BRINGS,
    ("GET", "/seasons/{season}/import/{key}/live"): BRINGS,
    ("GET", "/seasons/{season}/import/{key}/problems.{form}"): BRINGS,
    ("GET", "/seasons/{season}/export/{what}.{form}"): LOOKS,
    # The mails of the embedded sink: links that sign in are among them
    ("GET", "/mails"): OFFICE,
    ("GET", "/mails/{name}"): OFFICE,
    ("GET", "/mails/{name}/html"): OFFICE,
}

VALUES = {
    "{season}": SEASON, "{stage}": "screening", "{act}": "pause", "{entry}": "2024-EU-LH-0001",
    "{window:path}": WINDOW, "{number}": "2024-EU-LH-0001", "{token}": "x", "{name}": "x", "{code}": "INNO",
    "{kind}": "entries", "{what}": "windows", "{form}": "csv", "{key}": "x", "{document}": "1",
    "{hook}": "1", "{event}": "1", "{campaign:path}": f"{SEASON}/receipt", "{person}": "1",
}  # fmt: skip


class Post:
    """Keeps the links that were to be mailed."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def __call__(self, link: access.Link, address: str) -> None:
        self.sent.append((link.email, address))


class House:
    """A closed desk, and everybody who comes to it."""

    def __init__(self, app: FastAPI, database: Database, post: Post) -> None:
        self.app, self.database, self.post = app, database, post
        self.who: dict[str, dict[str, str]] = {"nobody": {}}

    def client(self, who: str = "nobody", **head: str) -> httpx.AsyncClient:
        """A browser or program of somebody."""
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=URL, headers={**self.who[who], **head})

    async def invite(self) -> None:
        """Give everybody what they come in with."""
        for role, area, name in (
            ("support", None, "support"), ("organiser", "EU", "organiser"), ("organiser", "SG", "other organiser"),
            ("operations", None, "operations"),
        ):  # fmt: skip
            made = await staff.add(self.database, person(name), role, area)
            self._cookie(name, await access.open_staff_session(self.database, made.person_id))
        async with self.database.transaction() as connection:
            await people.keep(connection, [person("applicant")], await clock_of(connection))
        link = await access.ask_link(self.database, person("applicant").email)
        assert link is not None
        used = await access.use_link(self.database, link.token)
        assert used is not None
        self._cookie("applicant", used[0])
        for scope in ("read", "steer", "register", "bounces"):
            _, secret = await access.make_token(self.database, scope, [scope])
            self.who[scope] = {"Authorization": f"Bearer {secret}"}

    def _cookie(self, name: str, cookie: str) -> None:
        self.who[name] = {"Cookie": f"season_session={cookie}"}


def person(name: str) -> PersonForm:
    return PersonForm(email=f"{name.replace(' ', '.')}@example.org", name=name)


@pytest.fixture
async def house(town: Database, tmp_path: Any) -> House:
    post = Post()
    app = create_app(desk := Desk(town, None), entrance=Entrance(False, URL, post))
    add_console(app, desk, mail=tmp_path)
    house = House(app, town, post)
    await house.invite()
    return house


def addresses(app: FastAPI) -> set[tuple[str, str]]:
    """Every address that the app answers, however it came to it. A kind of route that is not known here fails."""

    def of(route: Any) -> set[tuple[str, str]]:
        if isinstance(route, Mount):
            return {("GET", route.path)}
        if hasattr(route, "methods"):
            return {(method, route.path) for method in route.methods or () if method != "HEAD"}
        inner = (*route.effective_candidates(), *route.effective_low_priority_routes())  # a router that was included
        return {address for one in inner for address in of(one)}

    return {address for route in app.routes for address in of(route)}


async def test_every_address_is_in_the_table(house: House) -> None:
    assert addresses(house.app) == set(MAY)


async def test_the_app_as_it_is_served_has_no_other_address(house: House, tmp_path: Any) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    assert addresses(build(settings)) == set(MAY)


def shut_out(path: str, answer: httpx.Response) -> bool:
    """Whether an answer says: not you."""
    if answer.status_code in (401, 403):
        return True
    goes = answer.headers.get("location", "")
    return not path.startswith(("/sign-", "/staff/sign-in")) and goes.startswith(("/sign-in", "/staff/sign-in"))


@pytest.mark.parametrize("who", sorted(ALL))
async def test_each_may_do_what_the_table_says_and_nothing_else(house: House, who: str) -> None:
    wrong = []
    # Signing out comes last, as it would end the walk.
    for (method, path), may in sorted(MAY.items(), key=lambda item: item[0][1] == "/sign-out"):
        url = path
        for name, value in VALUES.items():
            url = url.replace(name, value)
        async with house.client(who) as client:
            # Without a reason no command is carried out: whoever may give it is told so.
            answer = await client.request(method, url, **({"json": {}} if "/api/" in path and method == "POST" else {}))
        if shut_out(path, answer) == (who in may):
            wrong.append((method, path, answer.status_code, answer.headers.get("location")))
    assert not wrong
    actors = await house.database.at_once("SELECT DISTINCT actor FROM log WHERE event LIKE 'window.%ed'")
    assert {row["actor"] for row in actors} <= {"system"}


async def test_an_open_desk_asks_nobody(town: Database, tmp_path: Any) -> None:
    app = create_app(desk := Desk(town, None))
    add_console(app, desk, mail=tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as client:
        for path in ("/", f"/windows/{WINDOW}", "/mails", "/api/seasons"):
            assert (await client.get(path)).status_code == 200
        answer = await client.post(f"/api/windows/{WINDOW}/extend", json={"reason": "x", "by": "1h"})
        assert answer.status_code == 200
        assert "Open desk" in (await client.get("/")).text


@pytest.mark.parametrize(("who", "actor"), [("operations", "staff/"), ("organiser", "staff/"), ("steer", "token/")])
async def test_the_log_names_who_acted(house: House, who: str, actor: str) -> None:
    async with house.client(who) as client:
        answer = await client.post(f"/api/windows/{WINDOW}/extend", json={"reason": "x", "by": "1h"})
        assert answer.status_code == 200, answer.text
        await client.post(f"/windows/{WINDOW}", data={"act": "extend", "by": "1h", "reason": "y"})
    found = await house.database.at_once("SELECT actor FROM log WHERE event = 'window.extended'")
    assert len(found) == 2
    assert len({row["actor"] for row in found}) == 1
    assert found[0]["actor"].startswith(actor)


async def test_a_token_for_one_season_opens_no_other(house: House) -> None:
    await house.database.at_once(
        "INSERT INTO seasons (id, state, file, pace, started_at)"
        " SELECT 'other', state, file, pace, started_at FROM seasons LIMIT 1"
    )
    _, secret = await access.make_token(house.database, "both", ["read", "steer"], season="other")
    async with house.client("nobody", Authorization=f"Bearer {secret}") as client:
        assert (await client.get("/api/seasons/other/log")).status_code == 200
        for path in ("/api/seasons", f"/api/seasons/{SEASON}", f"/windows/{WINDOW}"):
            assert (await client.get(path)).status_code == 403
        assert (await client.post(f"/api/windows/{WINDOW}/close", json={"reason": "x"})).status_code == 403


async def test_a_token_that_is_no_good_is_told_so_though_the_browser_is_signed_in(house: House) -> None:
    async with house.client("operations", Authorization="Bearer season_wrong") as client:
        answer = await client.get("/api/seasons")
    assert (answer.status_code, answer.json()["code"]) == (401, "token.unknown")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_api_answers_nobody_with_a_problem_and_a_page_shows_the_way(house: House) -> None:
    async with house.client() as client:
        answer = await client.get("/api/seasons")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "sign_in.needed"
        page = await client.get(f"/seasons/{SEASON}/log?entry=1&lang=zh")
        assert page.headers["location"] == f"/staff/sign-in?next=/seasons/{SEASON}/log%3Fentry%3D1%26lang%3Dzh"
        head = {"HX-Request": "true", "HX-Current-URL": f"{URL}/seasons/{SEASON}"}
        part = await client.get(f"/seasons/{SEASON}/live", headers=head)
        assert (part.status_code, part.headers["hx-redirect"]) == (401, f"/staff/sign-in?next=/seasons/{SEASON}")


async def test_who_may_not_is_told_in_both_languages(house: House) -> None:
    async with house.client("applicant") as client:
        assert "您无权进行此操作" in (await client.get("/?lang=zh")).text
        assert "This is not open to you" in (await client.get("/?lang=en")).text


async def test_acts_are_offered_to_those_alone_who_may(house: House) -> None:
    for who, acts in (("support", 0), ("other organiser", 0), ("organiser", 3), ("operations", 3)):
        async with house.client(who) as client:
            assert (await client.get(f"/windows/{WINDOW}")).text.count('name="act"') == acts, who
            draft = (await client.get(f"/seasons/{SEASON}/entries/2024-EU-LH-0002")).text
            assert ('id="h-grace"' in draft) == bool(acts), who
            assert ('id="h-steer"' in (await client.get(f"/seasons/{SEASON}")).text) == (who == "operations")
