"""DKIM signatures, verified by dkimpy against the record that is to be published."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dkim
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from typer.testing import CliRunner

from desk.cli import app
from models.errors import BadInput
from notices.calendar import Calendar
from notices.message import build
from notices.render import Words
from notices.signing import Signer, relaxed
from notices.transport import SmtpTransport
from tests.notices.test_message import body, line
from tests.smtp_server import serving
from workers.embedded.doctor import CHECKS
from workers.settings import Settings

DATE = datetime(2024, 5, 28, 16, tzinfo=UTC)


@cache
def pem(bits: int = 2048, kind: str = "RSA") -> str:
    options = ["-pkeyopt", f"rsa_keygen_bits:{bits}"] if kind == "RSA" else []
    done = subprocess.run(["openssl", "genpkey", "-algorithm", kind, *options], capture_output=True, check=True)
    return done.stdout.decode()


def signer() -> Signer:
    return Signer("Season.example.org", "s2024", pem())


def verified(mail: bytes, by: Signer) -> bool:
    name, value = by.record()

    def dns(asked: bytes, timeout: int = 5) -> bytes:
        assert asked.decode().rstrip(".") == name
        return value.encode()

    return bool(dkim.verify(mail, dnsfunc=dns))


HELLO = Words("Hello", "Text\n")


def mail(words: Words = HELLO, name: str = "Lin", **more: Any) -> bytes:
    values: dict[str, Any] = {
        "sender": "Season office 组委会 <no-reply@season.example.org>", "to_name": name, "to_address": "lin@example.org",
        "message_id": "<1.s@example.org>", "date": DATE, "language": "zh", "season_id": "s", "campaign_id": "s/x",
        "signer": signer(), "unsubscribe": "https://season.example.org/unsubscribe/abc",
    }  # fmt: skip
    return build(words, **values | more)


@settings(max_examples=20, deadline=None)
@given(subject=line, text=body, html=body, name=line)
@example(subject="a", text=" \t\n\n \n\n", html="", name="")
@example(subject="琳" * 40, text="", html="<p>\t \t</p>  \n\n", name="琳" * 40)
def test_every_mail_that_is_signed_is_verified(subject: str, text: str, html: str, name: str) -> None:
    assert verified(mail(Words(subject, text, html), name, calendars=(Calendar("PUBLISH", "a b\r\n"),)), signer())


def test_whatever_a_reader_goes_by_is_covered_and_no_second_sender_can_be_put_in() -> None:
    data = mail()
    assert verified(data, signer())
    for old, new in (
        (b"Subject: Hello", b"Subject: Hullo"), (b"Text\r\n", b"Texts\r\n"), (b"unsubscribe/abc", b"unsubscribe/abd"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Other"), (b"16:00:00 +0000", b"16:00:01 +0000"),
        (b"To: Lin", b"To: Lim"), (b"List-Id: <s.", b"List-Id: <t."), (b"auto-generated", b"auto-replied"),
        (b"From: ", b"From: other@example.org\r\nFrom: "),
    ):  # fmt: skip
        assert data.count(old) == 1
        assert not verified(data.replace(old, new), signer()), new
    # A header that no reader goes by may change on the way, and so may blanks.
    assert verified(data.replace(b"X-Season-Campaign: s/x", b"X-Season-Campaign: t"), signer())
    assert verified(data.replace(b"Subject: Hello", b"subject:  Hello "), signer())


def test_a_mail_sent_again_has_the_same_signature() -> None:
    assert mail() == mail()
    assert b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=season.example.org;" in mail()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"b  c"]), max_size=12).map(b"".join))
def test_the_body_is_made_canonical_as_dkimpy_does_it(data: bytes) -> None:
    assert relaxed(data) == dkim.canonicalization.Relaxed.canonicalize_body(data)


def test_a_key_that_is_of_no_use_is_refused_and_never_repeated() -> None:
    secret = pem().splitlines()[3]
    for key, sentence in (
        ("nonsense", "no private key"), (pem(1024), "1024 bits"), (pem(kind="ED25519"), "not an RSA key"),
        (pem().replace(secret, secret[:9] + "!!" + secret[9:]), "no private key"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=sentence) as raised:
            Signer("example.org", "s", key)
        assert secret not in str(raised.value)
        assert "BEGIN" not in str(raised.value)
    for domain, selector in (("example", "s"), ("exa mple.org", "s"), ("example.org", ""), ("example.org", "s;x")):
        with pytest.raises(BadInput, match="SEASON_DKIM"):
            Signer(domain, selector, pem())
    assert secret not in repr(signer())


def test_the_settings_take_a_file_or_text_and_say_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem())
    one_line = pem().replace("\n", "\\n")
    for key in (str(file), pem(), one_line):
        made = Settings(dkim_domain="season.example.org", dkim_selector="s2024", dkim_key=SecretStr(key)).signer()
        assert made is not None
        assert made.record() == signer().record()
    assert Settings().signer() is None
    with pytest.raises(BadInput, match="SEASON_DKIM_KEY is not"):
        Settings(dkim_domain="example.org").signer()
    with pytest.raises(BadInput, match="SEASON_DKIM_DOMAIN is not"):
        Settings(dkim_key=SecretStr(pem())).signer()
    with pytest.raises(BadInput, match="no file that can be read"):
        Settings(dkim_domain="example.org", dkim_key=SecretStr(str(tmp_path / "none"))).signer()
    assert pem().splitlines()[3] not in repr(Settings(dkim_key=SecretStr(pem())))


async def test_the_doctor_tells_an_unusable_key_and_the_command_the_record_to_publish(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_text(pem())
    given = {"DKIM_DOMAIN": "season.example.org", "DKIM_SELECTOR": "s2024", "DKIM_KEY": str(tmp_path / "key.pem")}
    for name, value in given.items():
        monkeypatch.setenv(f"SEASON_{name}", value)
    (finding,) = await CHECKS["dkim"](Settings())
    assert (finding.ok, "s2024._domainkey.season.example.org" in finding.sentence) == (True, True)
    told = json.loads(CliRunner().invoke(app, ["notices", "dkim", "--json"]).output)
    assert (told["name"], told["value"]) == signer().record()
    monkeypatch.setenv("SEASON_DKIM_KEY", pem(1024))
    with pytest.raises(BadInput, match="1024 bits"):
        await CHECKS["dkim"](Settings())
    done = CliRunner().invoke(app, ["notices", "dkim"])
    assert (done.exit_code, "openssl genrsa" in done.output, pem(1024).splitlines()[3] in done.output) == (
        2,
        True,
        False,
    )


async def test_a_signature_outlives_the_way_to_the_mail_server() -> None:
    words = Words("琳", ".\n..\n.x\nFrom me\n trailing \t\n" + "a" * 1500 + "\n\n\n", "<p>\n.\n</p>")
    sent = mail(words, calendars=(Calendar("PUBLISH", "BEGIN:VCALENDAR\r\n.\r\n"),))
    async with serving() as server, SmtpTransport("127.0.0.1", server.port) as transport:
        await transport.send("office@season.example.org", "lin@example.org", sent)
    ((_, _, came),) = server.mails
    assert verified(came, signer())
