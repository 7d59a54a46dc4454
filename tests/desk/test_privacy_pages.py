"""The pages of data protection: what anybody reads, what a person gets and asks for, what operations and staff do."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from desk.access import SESSION, Entrance
from desk.api import create_app
from desk.cli import app
from desk.client import Desk
from desk.console import add_console
from models.forms import PersonForm
from records import access, staff
from records.database import Database
from tests.desk.test_cli import season
from workers.embedded.mailsink import MailFolder, count_mails

__all__ = ["season"]
URL = "https://season.example.org"
EMAIL, NAME = "applicant-1@example.org", "Applicant 1"


class Office:
    """A closed desk over the town, with its mail sink."""

    def __init__(self, database: Database, mail: Path) -> None:
        self.database, self.mail = database, mail
        self.app = create_app(desk := Desk(database, None), entrance=Entrance(False, URL, None))
        add_console(self.app, desk, mail=mail)

    def client(self, cookie: str = "") -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=URL)
        if cookie:
            client.cookies.set(SESSION, cookie, domain="season.example.org")
        return client

    async def applicant(self) -> httpx.AsyncClient:
        link = await access.ask_link(self.database, EMAIL)
        assert link is not None
        used = await access.use_link(self.database, link.token)
        assert used is not None
        return self.client(used[0])

    async def operations(self) -> httpx.AsyncClient:
        made = await staff.add(self.database, PersonForm(email="ops@example.org", name="Ops"), "operations")
        return self.client(await access.open_staff_session(self.database, made.person_id))

    async def column(self, sql: str, **values: Any) -> list[Any]:
        return [next(iter(row.values())) for row in await self.database.at_once(sql, **values)]


@pytest.fixture
async def desk(town: Database, tmp_path: Path) -> Office:
    return Office(town, tmp_path)


async def test_everybody_reads_in_both_languages_what_is_kept_why_and_how_long(desk: Office) -> None:
    async with desk.client() as client:
        english = (await client.get("/privacy?lang=en")).text
        assert "To answer the question whether you were told." in english
        assert "1095 days" in english
        chinese = (await client.get("/privacy?lang=zh")).text
        assert "用于查证您是否已获通知。" in chinese
        assert "1095 天" in chinese
        assert 'href="/privacy"' in (await client.get("/sign-in")).text


async def test_a_person_takes_a_copy_and_asks_to_be_erased_and_operations_do_it(desk: Office) -> None:
    sink = MailFolder(desk.mail)
    for to in (EMAIL.upper(), "applicant-2@example.org"):
        sink.keep("season@localhost", [to], b"Subject: Hello\r\n\r\nDear you\r\n")
    async with await desk.applicant() as client:
        page = await client.get("/my/data?lang=en")
        assert (page.status_code, "Take a copy" in page.text) == (200, True)
        copy = json.loads((await client.get("/my/data/copy?kind=json")).text)
        assert copy["tables"]["people"][0]["email"] == EMAIL
        assert set(copy["topics"]) >= {"person", "entry", "notice", "log"}
        archive = zipfile.ZipFile(io.BytesIO((await client.get("/my/data/copy?kind=zip")).content))
        assert json.loads(archive.read("data.json"))["person"] == copy["person"]
        assert (await client.get("/my/data/copy?kind=pdf")).status_code == 404
        assert (await client.post("/my/data/erasure")).status_code == 422
        for _ in range(2):
            assert (await client.post("/my/data/erasure", data={"sure": "yes"})).status_code == 303
        assert "You asked on" in (await client.get("/my/data?lang=en")).text
        assert await desk.column("SELECT count(*) FROM log WHERE event = 'person.erasure_asked'") == [1]

        async with await desk.operations() as office:
            assert EMAIL in (await office.get("/privacy/people?lang=en")).text
            who = {"who": str(copy["person"])}
            refused = await office.post("/privacy/people", data=who)
            assert (refused.status_code, "takes part in a running season" in refused.text) == (409, True)
            shown = await office.post("/privacy/people", data={**who, "withdraw": "yes"})
            assert shown.status_code == 200
            assert 'action="/privacy/people/erase"' in shown.text
            assert await desk.column("SELECT name FROM people WHERE email = :e", e=EMAIL) == [NAME]
            unsure = await office.post("/privacy/people/erase", data={**who, "withdraw": "yes", "reason": "asked"})
            assert unsure.status_code == 422
            sure = {**who, "withdraw": "yes", "reason": f"{NAME} asked", "sure": "yes"}
            assert (await office.post("/privacy/people/erase", data=sure)).status_code == 200
            assert EMAIL not in (await office.get("/privacy/people")).text

        # Signed out at once, and unknown from then on.
        assert (await client.get("/my/data")).headers["location"].startswith("/sign-in")
    assert await access.ask_link(desk.database, EMAIL) is None
    assert count_mails(desk.mail) == 1
    (line,) = await desk.database.at_once("SELECT actor, reason FROM log WHERE event = 'person.erased'")
    assert line["actor"].startswith("staff/")
    assert NAME not in line["reason"]


async def test_staff_change_their_password_with_the_old_one_and_a_code(desk: Office) -> None:
    made = await staff.add(desk.database, PersonForm(email="eva@example.org", name="Eva"), "support")
    secret = parse_qs(urlsplit(made.otpauth).query)["secret"][0]
    elsewhere = await access.open_staff_session(desk.database, made.person_id)
    new = "a sentence of five words"

    async def code(steps: int = 0) -> str:
        return staff.code_at(secret, await desk.database.now(), steps)

    async with desk.client(await access.open_staff_session(desk.database, made.person_id)) as client:
        assert (await client.get("/staff/password")).status_code == 200
        for given, said in (
            ({"old": made.password, "new": "short", "again": "short"}, "too short"),
            ({"old": made.password, "new": new, "again": "another sentence of words"}, "in two ways"),
            ({"old": "wrong", "new": new, "again": new}, "password or the code is not right"),
            ({"old": made.password, "new": new, "again": new, "code": "000000"}, "password or the code is not right"),
        ):
            answer = await client.post("/staff/password?lang=en", data={"code": await code(), **given})
            assert (answer.status_code in (409, 422), said in answer.text) == (True, True), said
        given = {"old": made.password, "new": new, "again": new, "code": await code()}
        answer = await client.post("/staff/password", data=given)
        assert answer.headers["location"] == "/staff/password?changed=1"
        assert (await client.get("/staff/password?changed=1")).status_code == 200
    async with desk.client(elsewhere) as client:
        assert (await client.get("/staff/password")).headers["location"].startswith("/staff/sign-in")
    assert await staff.sign_in(desk.database, "eva@example.org", new, await code(1))


# The commands


@pytest.mark.parametrize("word", ["export", "asked", "erase", "retain"])
def test_each_command_shows_examples(word: str) -> None:
    answer = CliRunner().invoke(app, ["privacy", word, "--help"])
    assert (answer.exit_code, "Examples:" in answer.output) == (0, True)


async def test_a_copy_is_written_for_its_owner_alone_and_an_erasure_is_shown_before_it_is_done(
    town: Database, season: Any, tmp_path: Path
) -> None:
    file = tmp_path / "copy.json"
    made = await season("privacy", "export", EMAIL, str(file), "--json")
    assert made.exit_code == 0, made.output
    person = json.loads(file.read_text())["person"]
    assert json.loads(made.stdout)["person"] == person
    assert file.stat().st_mode & 0o777 == 0o600
    erase = ("privacy", "erase", str(person), "--reason", f"{NAME} asked", "--withdraw")
    would = await season(*erase, "--dry-run", "--lang", "zh")
    assert (would.exit_code, "撤回的项目：2024-EU-" in would.stdout) == (0, True)
    assert (await season(*erase)).exit_code == 2
    done = await season(*erase, "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert (json.loads(done.stdout)["already"], json.loads(done.stdout)["person"]) == (False, person)
    again = await season(*erase, "--yes")
    assert f"Person {person} was erased before." in again.stdout
    found = await town.at_once("SELECT name, birth_year FROM people WHERE id = :id", id=person)
    assert found == [{"name": "erased 已删除", "birth_year": None}]
    assert json.loads((await season("privacy", "asked", "--json")).stdout) == []
    assert json.loads((await season("privacy", "retain", "--dry-run", "--json")).stdout)["seasons"] == []
    assert "Nothing was kept too long." in (await season("privacy", "retain")).stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("export", "nobody@example.org", "new.json"), 1, "Nobody known here"),
        (("export", EMAIL, "copy.doc"), 2, "neither .json nor .zip"),
        (("erase", EMAIL), 2, "reason: it is empty"),
        (("erase", EMAIL, "--reason", "asked"), 1, "takes part in a running season"),
        (("erase", "99999", "--reason", "asked"), 1, "Nobody known here"),
    ],
)
async def test_what_does_not_fit_is_refused_in_a_sentence(
    season: Any, words: tuple[str, ...], code: int, sentence: str
) -> None:
    answer = await season("privacy", *words)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert sentence in answer.stderr
