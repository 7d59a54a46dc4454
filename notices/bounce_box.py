"""The mailbox to which reports of bounces come: a Maildir, or a folder of an IMAP server over TLS.

A letter is handed out until it is settled: what was read is marked as seen (Maildir: moved to `cur`), what could not be
read is marked as flagged too. Nothing is deleted.
"""

from __future__ import annotations

import imaplib
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from models.errors import BadInput, Unavailable
from notices.bounce_reports import MOST_BYTES

Settle = Callable[[bytes], bool]
"""Deals with one letter; whether it could be read. What it raises leaves this letter and the rest for later."""
_TIMEOUT = 30.0
_IMAPS = 993


class BounceBox(Protocol):
    """A mailbox; its one method blocks, and belongs into a thread."""

    def empty(self, settle: Settle, most: int) -> int:
        """Give up to `most` new letters to `settle`, one by one; how many. Raises Unavailable."""
        ...


def open_box(address: str, password: str = "") -> BounceBox:
    """The mailbox at `imaps://user@host[:port]/folder`, or in a folder. Raises BadInput."""
    scheme, found, _ = address.partition("://")
    if not found:
        return Maildir(Path(address).expanduser())
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or _IMAPS
    except ValueError:
        host, port = None, 0
    if scheme != "imaps" or not host or not parts.username:
        raise BadInput(
            "settings.bounce_mailbox", f"The setting SEASON_BOUNCE_MAILBOX '{address}' cannot be used.",
            "Write a Maildir folder, or imaps://user@host/folder.",
        )  # fmt: skip
    return Imap(host, port, unquote(parts.username), password, unquote(parts.path.strip("/")) or "INBOX")


class Maildir:
    """A Maildir, as mail servers deliver into: new letters lie in `new`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def empty(self, settle: Settle, most: int) -> int:
        """See BounceBox."""
        try:
            # Names begin with the time of delivery.
            names = sorted(name for name in os.listdir(self._folder / "new") if not name.startswith("."))[:most]
            (self._folder / "cur").mkdir(exist_ok=True)
        except OSError as error:
            raise _away(f"the Maildir {self._folder}", error) from None
        done = 0
        for name in names:
            letter = self._folder / "new" / name
            try:
                with letter.open("rb") as file:
                    data = file.read(MOST_BYTES)
            except FileNotFoundError:
                continue  # another worker was quicker
            except OSError as error:
                raise _away(f"the Maildir {self._folder}", error) from None
            flags = "S" if settle(data) else "FS"
            with suppress(FileNotFoundError):
                letter.rename(self._folder / "cur" / f"{name.partition(':')[0]}:2,{flags}")
            done += 1
        return done


class Imap:
    """A folder of an IMAP server (RFC 9051): new letters are those not marked as seen."""

    def __init__(
        self, host: str, port: int, user: str, password: str, folder: str, trust: ssl.SSLContext | None = None
    ) -> None:
        self._host, self._port, self._user, self._password, self._folder = host, port, user, password, folder
        self._trust = trust

    def empty(self, settle: Settle, most: int) -> int:
        """See BounceBox."""
        done = 0
        with self._open() as server:
            _, found = server.uid("SEARCH", "UNSEEN")
            for number in (found[0] or b"").split()[:most]:
                uid = number.decode("ascii")
                # PEEK leaves the letter as it is until it is settled.
                _, answer = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
                data = next((one[1] for one in answer if isinstance(one, tuple)), None)
                if not isinstance(data, bytes):
                    continue
                flags = r"(\Seen)" if settle(data) else r"(\Seen \Flagged)"
                server.uid("STORE", uid, "+FLAGS", flags)
                done += 1
        return done

    @contextmanager
    def _open(self) -> Iterator[imaplib.IMAP4_SSL]:
        trust = self._trust or ssl.create_default_context()
        try:
            server = imaplib.IMAP4_SSL(self._host, self._port, ssl_context=trust, timeout=_TIMEOUT)
            try:
                server.login(self._user, self._password)
                status, answer = server.select('"' + self._folder.replace("\\", "").replace('"', "") + '"')
                if status != "OK":
                    raise imaplib.IMAP4.error(str(answer[0]))
                yield server
            finally:
                with suppress(imaplib.IMAP4.error, OSError):
                    server.logout()
        except (imaplib.IMAP4.error, OSError) as error:
            raise _away(f"the mailbox at {self._host}", error) from None


def _away(what: str, error: Exception) -> Unavailable:
    return Unavailable(
        "bounces.mailbox", f"Reports of bounces cannot be read from {what}: {type(error).__name__}.",
        "See SEASON_BOUNCE_MAILBOX and SEASON_BOUNCE_PASSWORD; nothing is lost meanwhile.",
    )  # fmt: skip
