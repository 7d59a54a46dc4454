"""Mails, held against the standard library's EmailMessage after parsing."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import BadInput
from notices.calendar import Calendar
from notices.message import bare_address, build, message_id
from notices.render import Words

DATE = datetime(2024, 5, 28, 16, 0, 7, 5, tzinfo=UTC)
SENDER = "Season office 组委会 <no-reply@season.example.org>"


def _build_words(words: Words, **other: Any) -> bytes:
    values: dict[str, Any] = {
        "sender": SENDER, "to_name": "Lin", "to_address": "lin@example.org", "message_id": "<1.s@example.org>",
        "date": DATE, "language": "zh", "season_id": "cotiec-2024", "campaign_id": "cotiec-2024/x",
    }  # fmt: skip
    return build(words, **values | other)


def _build(
    subject: str = "Hello", body: str = "Text\n", name: str = "Lin", to: str = "lin@example.org", **other: Any
) -> bytes:
    values: dict[str, Any] = {
        "sender": SENDER, "to_name": name, "to_address": to, "message_id": "<1.s@example.org>", "date": DATE,
        "language": "zh", "season_id": "cotiec-2024", "campaign_id": "cotiec-2024/EU/registration/receipt",
    }  # fmt: skip
    return build(Words(subject, body), **values | other)


def _parsed(data: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.SMTP).parsebytes(data)
    assert isinstance(message, EmailMessage)
    return message


def _standard(subject: str, body: str, name: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = SENDER
    message["To"] = Address(name, addr_spec="lin@example.org")
    message["Subject"] = subject
    message["Date"] = DATE.replace(microsecond=0)
    message["Message-ID"] = "<1.s@example.org>"
    message.set_content(body)
    return _parsed(message.as_bytes())


def _name(data: bytes) -> str:
    """The recipient's name by RFC 2047: the newer parser of this Python puts spaces between the parts of long ones."""
    phrase = parseaddr(message_from_bytes(data)["To"])[0]
    return str(make_header(decode_header(phrase)))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


line = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), max_size=120).map(
    lambda text: " ".join(text.split())
)
body = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60),
        st.sampled_from(
            [".", "..", ".x", "From me", "", "a" * 1500, "神" * 700, " trailing \t", "a=b=3D", "\r", "--x"]
        ),
    ),
    max_size=8,
).flatmap(lambda parts: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(parts)))


@settings(max_examples=250, deadline=None)
@given(subject=line, text=body, name=line)
@example(subject="=?utf-8?q?no?=", text=".\r\n..\r\n", name='O\'Neill, "Jo" \\ (x)')
@example(subject="a" * 300, text="", name="琳" * 60)
@example(subject="Ωmega: x  😀", text="\r\r\n", name="=?x?=")
def test_a_mail_reads_as_the_standard_librarys_does(subject: str, text: str, name: str) -> None:
    data = _build(subject, text, name)
    ours = _parsed(data)
    assert not ours.defects
    assert ours["Subject"] == subject
    assert _name(data) == name
    assert ours["To"].addresses[0].addr_spec == "lin@example.org"
    assert len(ours["To"].addresses) == 1
    standard = _standard(subject, text, name)
    assert _lines(ours.get_content()) == _lines(standard.get_content())
    for header in ("From", "Date", "Message-ID", "Content-Type", "MIME-Version"):
        assert ours[header] == standard[header]
    # Its encoder loses some spaces and quotes; where it gives back what it was given, ours says the same.
    if standard["Subject"] == subject:
        assert ours["Subject"] == standard["Subject"]
    if len(name.encode()) <= 42:  # one encoded word; more of them only the RFC's own reading joins, see _name
        assert ours["To"].addresses[0].display_name == name
        if standard["To"].addresses[0].display_name == name:
            assert str(ours["To"].addresses[0]) == str(standard["To"].addresses[0])


def _whole(subject: str, text: str, html: str, file: str) -> EmailMessage:
    """The mail with all its parts, as the standard library builds it."""
    message = _standard(subject, text, "Lin")
    message.add_alternative(html, subtype="html")
    name, params = "season.ics", {"method": "REQUEST", "charset": "utf-8"}
    message.add_attachment(file.encode(), maintype="text", subtype="calendar", filename=name, params=params)
    return _parsed(message.as_bytes(policy=policy.SMTP))


@settings(max_examples=150, deadline=None)
@given(subject=line, text=body, html=body.filter(bool), file=body)
@example(subject="a", text="--=_a\n--=_m\n--", html="--=_a--\n<p>\r\n--=_m--", file="")
def test_a_mail_with_html_and_a_calendar_file_reads_as_the_standard_librarys_does(
    subject: str, text: str, html: str, file: str
) -> None:
    mail = Words(subject, text, html)
    data = _build_words(mail, calendars=(Calendar("REQUEST", file),))
    ours, standard = _parsed(data), _whole(subject, text, html, file)
    assert not any(part.defects for part in ours.walk())
    kinds = [part.get_content_type() for part in ours.walk()]
    assert kinds == [part.get_content_type() for part in standard.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"]
    for mine, theirs in zip(ours.walk(), standard.walk(), strict=True):
        if mine.get_content_type() == "text/calendar":
            assert mine["Content-Type"].params == theirs["Content-Type"].params
            assert mine.get_filename() == theirs.get_filename()
            assert mine.get_payload(decode=True) == theirs.get_payload(decode=True) == file.encode()
        elif not mine.is_multipart():
            assert _lines(mine.get_content()) == _lines(theirs.get_content())
    assert ours["Subject"] == subject
    assert data.isascii()
    assert not {*b"\r\n"} & {*data.replace(b"\r\n", b"")}
    assert max(len(part) for part in data.split(b"\r\n")) <= 78
    assert _build_words(mail, calendars=(Calendar("REQUEST", file),)) == data


def test_html_and_calendar_come_each_without_the_other_too() -> None:
    html = _parsed(_build_words(Words("a", "text", "<p>html</p>")))
    assert [part.get_content_type() for part in html.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    file = _parsed(_build_words(Words("a", "text"), calendars=(Calendar("PUBLISH", "x"), Calendar("REQUEST", "y"))))
    assert [part.get_content_type() for part in file.walk()] == [
        "multipart/mixed",
        "text/plain",
        *["text/calendar"] * 2,
    ]
    assert [part.get_param("method") for part in file.iter_attachments()] == ["PUBLISH", "REQUEST"]


def test_a_routine_notice_says_where_one_click_unsubscribes() -> None:
    address = "https://season.example.org/unsubscribe/" + "Ab_-" * 20
    mail = _parsed(_build(unsubscribe=address))
    assert mail["List-Unsubscribe"].strip() == f"<{address}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert _parsed(_build())["List-Unsubscribe"] is None
    for wrong in ("http://example.org/u", "https://example.org/u>, <mailto:x@example.org", "https://例子.cn/u"):
        with pytest.raises(BadInput, match="unsubscribe"):
            _build(unsubscribe=wrong)


@settings(max_examples=150, deadline=None)
@given(subject=line, text=body, name=line)
def test_a_mail_is_ascii_in_short_lines_ended_by_crlf(subject: str, text: str, name: str) -> None:
    data = _build(subject, text, name)
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert not {*b"\r\n"} & {*data.replace(b"\r\n", b"")}
    assert max(len(part) for part in data.split(b"\r\n")) <= 78


def test_a_mail_says_that_a_machine_sent_it_and_for_which_list_and_in_which_language() -> None:
    mail = _parsed(_build())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<cotiec-2024.season.example.org>"
    assert mail["Content-Language"] == "zh"
    assert mail["Message-ID"] == "<1.s@example.org>"
    assert mail["Date"].datetime == DATE.replace(microsecond=0)
    assert mail["From"].addresses[0].display_name == "Season office 组委会"
    assert mail["X-Season-Campaign"] == "cotiec-2024/EU/registration/receipt"


def test_chinese_bodies_are_base64_and_english_ones_stay_readable() -> None:
    assert _parsed(_build(body="您好，项目已提交。\n" * 9))["Content-Transfer-Encoding"] == "base64"
    assert b"Dear Zo=C3=AB" in _build(body="Dear Zoë,\nyour project is submitted.\n")


@pytest.mark.parametrize("wrong", ["a\r\nBcc: b@example.org", "a\nb", "a\rb", "a\0b", "a\u2028b", "a\x85b", "\ud800"])
def test_no_header_value_can_begin_another_header(wrong: str) -> None:
    for values in ({"subject": wrong}, {"name": wrong}, {"message_id": wrong}, {"campaign_id": wrong}):
        with pytest.raises(BadInput):
            _build(**values)
    for values in ({"to": f"{wrong}@example.org"}, {"to": f"lin@{wrong}"}, {"sender": f"{wrong}@example.org"}):
        with pytest.raises(BadInput):
            _build(**values)


@pytest.mark.parametrize(
    "wrong", ["", "lin", "@example.org", "lin@", "a b@example.org", "a@b@c.org", "a,b@c.org", "<a@b.c>"]
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match="no mail address"):
        _build(to=wrong)


def test_a_broken_body_and_a_date_without_zone_are_refused() -> None:
    with pytest.raises(BadInput):
        _build(body="\ud800")
    with pytest.raises(BadInput, match="no time zone"):
        _build(date=datetime(2024, 5, 28))


def test_addresses_outside_ascii_keep_their_name_and_take_an_ascii_domain() -> None:
    assert bare_address("Lin <lin@例子.cn>") == "lin@xn--fsqu00a.cn"
    assert bare_address("琳@example.org") == "琳@example.org"
    assert "\r\nTo: Lin <琳@xn--fsqu00a.cn>\r\n".encode() in _build(to="琳@例子.cn")


def test_a_message_id_is_the_same_for_a_repeat_and_another_for_anything_else() -> None:
    first = message_id("cotiec-2024", "c/1", 7, "entry/1", "season.example.org")
    assert first == message_id("cotiec-2024", "c/1", 7, "entry/1", "season.example.org")
    assert first.endswith(".cotiec-2024@season.example.org>")
    others = [
        ("other", "c/1", 7, "entry/1"),
        ("cotiec-2024", "c/2", 7, "entry/1"),
        ("cotiec-2024", "c/1", 8, "entry/1"),
        ("cotiec-2024", "c/1", 7, ""),
        ("cotiec-2024", "c/17", "", "entry/1"),
    ]
    assert len({first, *(message_id(*other, "season.example.org") for other in others)}) == 6
