"""A real SMTP server on loopback that delivers nowhere: each mail becomes a file that people can read.

Files are named `<UTC time>-<n>.eml`, so that names in order are mails in order.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from models.errors import NotFound

SUFFIX = ".eml"
BIGGEST_MAIL = 32 * 1024 * 1024
"""Bytes; a larger mail is refused, as mail servers do."""


@dataclass(frozen=True)
class Mail:
    """One mail that the sink took in."""

    name: str
    """File name; also its place in time."""
    received: datetime
    subject: str
    sender: str
    to: tuple[str, ...]
    """Addresses that it was delivered to, as the envelope named them."""
    date: datetime | None
    """As its Date header says."""
    message_id: str
    text: str
    """Its plain text; its HTML where it has no plain text."""


class MailFolder:
    """Takes mails in as files; the handler of an aiosmtpd server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail, then say so; the answer names its file, so that it can be found."""
        try:
            name = self.keep(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")
        except OSError as error:
            return f"451 The mail could not be kept: {error.strerror}"
        return f"250 OK, kept as {name}"

    def keep(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Write one mail; the name of its file. A reader sees the whole mail or none. Raises OSError.

        Not flushed to the disk: it outlives every process, and nobody needs a demonstration's mails after a power cut.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        draft = self._folder / f".{os.getpid()}.draft"
        trace = f"X-Envelope-From: {sender}\r\n" + "".join(f"X-Envelope-To: {to}\r\n" for to in recipients)
        draft.write_bytes(trace.encode() + content)
        for number in self._numbers:
            name = f"{stamp}-{number:06d}{SUFFIX}"
            try:
                os.link(draft, self._folder / name)  # unlike a rename, this never replaces a mail
            except FileExistsError:
                continue
            draft.unlink()
            return name
        raise AssertionError("numbers do not end")


async def serve(folder: Path, host: str, port: int, stop: asyncio.Event) -> None:
    """Take mails in until `stop` is set. Raises OSError when the port is taken."""
    handler = MailFolder(folder)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(handler, hostname="season-mail-sink", enable_SMTPUTF8=True, data_size_limit=BIGGEST_MAIL, loop=loop)

    server = await loop.create_server(session, host, port, backlog=512)
    async with server:
        await stop.wait()


def count_mails(folder: Path) -> int:
    """How many mails the folder holds."""
    return sum(1 for _ in _names(folder))


def list_mails(folder: Path, *, limit: int = 50, to: str | None = None, before: str | None = None) -> list[Mail]:
    """The newest mails, newest first.

    Args:
        folder: where the sink keeps them.
        limit: how many at most.
        to: only those to this address, whatever its case.
        before: only those older than the one with this name; for the next page.
    """
    wanted = None if to is None else to.casefold()
    found: list[Mail] = []
    for name in sorted(_names(folder), reverse=True):
        if before is not None and name >= before:
            continue
        mail = read_mail(folder, name)
        if wanted is None or wanted in (address.casefold() for address in mail.to):
            found.append(mail)
        if len(found) == limit:
            break
    return found


def read_mail(folder: Path, name: str) -> Mail:
    """One mail by the name of its file. Raises NotFound."""
    message = _parse(folder, name)
    body = message.get_body(("plain", "html"))
    return Mail(
        name=name,
        received=datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC),
        subject=str(message.get("Subject", "")),
        sender=str(message.get("From", "")),
        to=tuple(str(value) for value in message.get_all("X-Envelope-To", [])),
        date=_date(message),
        message_id=str(message.get("Message-ID", "")).strip(),
        text="" if body is None else str(body.get_content()),
    )


def read_html(folder: Path, name: str) -> str | None:
    """The HTML of one mail; None when it has none. Raises NotFound. Show it in a sandboxed frame only."""
    body = _parse(folder, name).get_body(("html",))
    return None if body is None else str(body.get_content())


def remove_mails(folder: Path, to: Iterable[str]) -> int:
    """Remove every mail that was delivered to one of these addresses, whatever its case; how many.

    A mail to several goes whole. Of each file only the lines of its envelope are read.
    """
    wanted = {address.casefold() for address in to}
    found = [name for name in _names(folder) if wanted & _envelope(folder / name)] if wanted else []
    for name in found:
        (folder / name).unlink(missing_ok=True)
    return len(found)


def _envelope(path: Path) -> set[str]:
    addresses = set()
    try:
        with path.open("rb") as file:
            for line in file:
                name, _, value = line.decode("utf-8", "replace").partition(":")
                if not name.startswith("X-Envelope-"):
                    break
                if name == "X-Envelope-To":
                    addresses.add(value.strip().casefold())
    except FileNotFoundError:  # removed by another meanwhile
        pass
    return addresses


def _parse(folder: Path, name: str) -> EmailMessage:
    path = folder / name
    if Path(name).name != name or not name.endswith(SUFFIX) or name.startswith(".") or not path.is_file():
        raise NotFound("mail.unknown", f"There is no mail '{name}'.")
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=policy.default).parse(file)


def _date(message: EmailMessage) -> datetime | None:
    try:
        date = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        return None
    return date.astimezone(UTC) if date.tzinfo else None


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                    yield entry.name
    except FileNotFoundError:
        return
