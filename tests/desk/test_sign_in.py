"""The pages of signing in: by a link from a mail, by password and code, and out again."""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiosmtpd.smtp import SMTP

from desk.access import Entrance, safe_next
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from desk.link_mail import LinkMail, written
from models.forms import PersonForm
from records import access, people, staff
from records.database import Database, clock_of
from tests.desk.test_access import URL, House, Post, house
from tests.desk.town import SEASON
from workers.settings import Settings

__all__ = ["house"]
APPLICANT = "applicant@example.org"


async def ask(house: House, email: str = APPLICANT, next: str = "") -> httpx.Response:
    async with house.client() as client:
        return await client.post("/sign-in", data={"email": email, "next": next})


async def test_a_link_from_the_mail_signs_in_by_its_button_alone(house: House) -> None:
    assert (await ask(house, next=f"/seasons/{SEASON}")).status_code == 200
    [(to, address)] = house.post.sent
    assert to == APPLICANT
    assert address.startswith(f"{URL}/sign-in/")
    async with house.client() as client:
        for _ in range(3):  # as programs that scan mails do
            page = await client.get(address)
            assert page.status_code == 200
            assert '<form method="post"' in page.text
            assert "season_session" not in page.headers.get("set-cookie", "")
        answer = await client.post(address)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/seasons/{SEASON}")
        cookie = answer.headers["set-cookie"]
        for part in ("season_session=", "HttpOnly", "SameSite=lax", "Secure", "Path=/", "Max-Age=1209600"):
            assert part in cookie
        assert (await client.post(address)).status_code == 410
        gone = await client.get(f"{address}?lang=zh")
        assert gone.status_code == 410
        assert "该链接已失效" in gone.text


async def test_the_answer_never_tells_whether_an_address_is_known(house: House) -> None:
    known, unknown = await ask(house), await ask(house, "nobody@example.org")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    for _ in range(6):
        assert (await ask(house)).text == known.text
    assert len(house.post.sent) == 4  # five an hour, one of them by the fixture
    assert all(to == APPLICANT for to, _ in house.post.sent)


async def test_what_is_no_address_is_said_at_the_field(house: House) -> None:
    for wrong in ("", "lin", "<script>", "a@b@c"):
        answer = await ask(house, wrong)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert "<script>" not in answer.text.replace('<script src="/static', "")


async def test_no_address_and_no_link_is_logged(house: House, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the browser of the test
    await ask(house)
    await ask(house, "nobody@example.org")
    out = capsys.readouterr()
    for text in (caplog.text, out.out, out.err):
        assert "@example.org" not in text
        assert house.post.sent[0][1].rsplit("/", 1)[1] not in text


async def test_the_season_office_signs_in_with_password_and_code_and_out_again(house: House) -> None:
    made = await staff.add(house.database, PersonForm(email="new@example.org", name="New"), "operations")
    secret = parse_qs(urlsplit(made.otpauth).query)["secret"][0]
    form = {"email": "new@example.org", "password": made.password, "next": f"/seasons/{SEASON}"}
    async with house.client() as client:
        wrong = await client.post("/staff/sign-in?lang=zh", data={**form, "code": "000000"})
        assert wrong.status_code == 409
        assert "邮箱地址、密码或验证码有误" in wrong.text
        assert made.password not in wrong.text
        code = staff.code_at(secret, await house.database.now())
        answer = await client.post("/staff/sign-in?lang=en", data={**form, "code": f"{code[:3]} {code[3:]}"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/seasons/{SEASON}")
        page = await client.get(answer.headers["location"] + "?lang=en")
        assert page.status_code == 200
        assert "Signed in as New" in page.text
        cookie = client.cookies["season_session"]
        out = await client.post("/sign-out")
        assert out.headers["location"] == "/sign-in?left=1"
        assert "season_session" not in client.cookies
        assert "You are signed out" in (await client.get(out.headers["location"])).text
    assert await access.who_is(house.database, cookie) is None


async def test_who_asked_for_nothing_more_than_to_sign_in_is_told_so(house: House) -> None:
    await ask(house)
    async with house.client() as client:
        answer = await client.post(house.post.sent[0][1])
        assert "Signed in as applicant" in (await client.get(answer.headers["location"] + "?lang=en")).text


async def test_signing_in_again_ends_the_session_before(house: House) -> None:
    await ask(house)
    old = house.who["applicant"]["Cookie"].partition("=")[2]
    async with house.client("applicant") as client:
        assert (await client.post(house.post.sent[0][1])).status_code == 303
    assert await access.who_is(house.database, old) is None


@pytest.mark.parametrize("page", ["/sign-in", "/sign-in?left=1", "/staff/sign-in", "/sign-in/x"])
async def test_each_page_speaks_both_languages_and_has_labels(house: House, page: str) -> None:
    async with house.client() as client:
        joint = "&" if "?" in page else "?"
        for language, word in (("en", "Sign in"), ("zh", "登录")):
            text = (await client.get(f"{page}{joint}lang={language}")).text
            assert word in text
            for field in text.split('<input type="')[1:]:
                if not field.startswith("hidden"):
                    assert f'<label for="{field.split("id=", 1)[1].split(chr(34))[1]}"' in text


@pytest.mark.parametrize(
    "foreign",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "",
        "x",
    ],
)
def test_one_never_goes_on_to_another_site(foreign: str) -> None:
    assert safe_next(foreign) == "/"
    assert safe_next("/seasons/a?b=c") == "/seasons/a?b=c"


async def test_without_its_database_the_page_says_so() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    app = create_app(desk := Desk(away, None), entrance=Entrance(False, URL, Post()))
    add_console(app, desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as client:
        answer = await client.post("/sign-in", data={"email": APPLICANT})
        assert answer.status_code == 503


# The mail


async def link_for(database: Database, language: str) -> access.Link:
    form = PersonForm.model_validate({"email": APPLICANT, "name": "Lin 琳", "language": language})
    async with database.transaction() as connection:
        await people.keep(connection, [form], await clock_of(connection))
    link = await access.ask_link(database, APPLICANT)
    assert link is not None
    return link


@pytest.mark.parametrize(("language", "word"), [("en", "Your sign-in link"), ("zh", "您的登录链接")])
async def test_the_mail_is_in_the_persons_language_and_holds_the_link(
    database: Database, language: str, word: str
) -> None:
    link = await link_for(database, language)
    address = f"{URL}/sign-in/{link.token}"
    mail = message_from_bytes(written(link, address, "Season office <season@example.org>"), policy=policy.default)
    assert mail["Subject"] == word
    body: Any = mail
    assert address in body.get_content()
    assert link.token not in str(mail["Message-ID"])
    assert mail["Date"].datetime == (link.expires_at - timedelta(minutes=20)).replace(microsecond=0)


async def test_the_mail_reaches_the_mail_server(database: Database, tmp_path: Path) -> None:
    taken: list[Any] = []

    class Keep:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            taken.append(envelope)
            return "250 OK"

    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Keep()), "127.0.0.1", 0)
    async with server:
        settings = Settings(data_dir=tmp_path, smtp_host="127.0.0.1", smtp_port=server.sockets[0].getsockname()[1])
        link = await link_for(database, "en")
        await LinkMail(settings)(link, f"{URL}/sign-in/{link.token}")
    assert [envelope.rcpt_tos for envelope in taken] == [[APPLICANT]]


async def test_a_mail_server_that_is_away_stops_nothing_and_no_address_is_logged(
    tmp_path: Path, capsys: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path, smtp_host="127.0.0.1", smtp_port=1)
    token = secrets.token_urlsafe()
    link = access.Link(token, 7, "Lin", APPLICANT, "en", None, datetime.now(UTC))
    await LinkMail(settings, again=(0.01,))(link, f"{URL}/sign-in/{token}")
    said = "".join(capsys.readouterr()) + caplog.text
    assert "mail.server_down" in said
    assert "example.org" not in said
    assert token not in said
