"""The mail sink: a real SMTP conversation, a file, and what one reads of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from models.errors import NotFound
from workers.embedded.mailsink import count_mails, list_mails, read_html, read_mail, serve
from workers.embedded.parts import greets
from workers.embedded.ports import any_free


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[tuple[Path, int]]:
    """Folder and port of a running sink."""
    port, stop = any_free(), asyncio.Event()
    task = asyncio.create_task(serve(tmp_path / "mail", "127.0.0.1", port, stop))
    while True:
        try:
            assert await greets("127.0.0.1", port)
            break
        except OSError:
            await asyncio.sleep(0.01)
    yield tmp_path / "mail", port
    stop.set()
    await task


def notice(number: int, to: str = "li@example.org") -> EmailMessage:
    """A bilingual notice with two bodies."""
    message = EmailMessage()
    message["From"] = "Season office <season@example.org>"
    message["To"] = to
    message["Subject"] = f"报名截止 Registration closes {number}"
    message["Message-ID"] = f"<{number}@example.org>"
    message["Date"] = "Fri, 31 May 2024 18:00:00 +0800"
    message.set_content("您的项目 Your project")
    message.add_alternative("<p>您的项目</p>", subtype="html")
    return message


async def test_a_mail_is_kept_and_read(sink: tuple[Path, int]) -> None:
    folder, port = sink
    _, answer = await aiosmtplib.send(notice(1), hostname="127.0.0.1", port=port)
    (mail,) = list_mails(folder)
    assert mail.name in answer
    assert mail.subject == "报名截止 Registration closes 1"
    assert (mail.to, mail.message_id, mail.text.strip()) == (
        ("li@example.org",),
        "<1@example.org>",
        "您的项目 Your project",
    )
    assert mail.date is not None
    assert mail.date.isoformat() == "2024-05-31T10:00:00+00:00"
    assert "<p>" in (read_html(folder, mail.name) or "")


async def test_newest_first_by_pages_and_by_address(sink: tuple[Path, int]) -> None:
    folder, port = sink
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as smtp:
        for number in range(30):
            await smtp.send_message(notice(number, "even@example.org" if number % 2 == 0 else "odd@example.org"))
    assert count_mails(folder) == 30
    first = list_mails(folder, limit=10)
    then = list_mails(folder, limit=10, before=first[-1].name)
    assert [mail.message_id for mail in (*first, *then)] == [f"<{number}@example.org>" for number in range(29, 9, -1)]
    assert len(list_mails(folder, to="EVEN@example.org")) == 15


async def test_many_senders_at_once_lose_nothing(sink: tuple[Path, int]) -> None:
    folder, port = sink

    async def send(sender: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as smtp:
            for number in range(20):
                await smtp.send_message(notice(sender * 100 + number))

    await asyncio.gather(*(send(sender) for sender in range(10)))
    assert len({mail.message_id for mail in list_mails(folder, limit=1000)}) == 200
    assert not [path for path in folder.iterdir() if path.suffix != ".eml"]


@pytest.mark.parametrize("name", ["../lock", "absent.eml", ".x.eml", "/etc/passwd", ""])
def test_only_mails_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        read_mail(tmp_path, name)
    assert list_mails(tmp_path / "absent") == []
