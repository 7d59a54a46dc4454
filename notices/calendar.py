"""Calendar files, RFC 5545 and 5546, written as text: dates that a notice gives, to be kept in the recipient's calendar.

An entry keeps its UID for as long as it lives; what changes raises its SEQUENCE, so that it moves in the calendar
instead of standing there twice. A deadline is PUBLISHed: nobody is invited to it, and no answer is awaited. A turn, a
panel or an event is a REQUEST to the one person, which calendars take in, move and CANCEL by themselves; it asks for
no answer (RSVP=FALSE), since answers are given here.

Written out because building the objects of a library for each mail costs more than the rest of the mail; tests hold
every file against two parsers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import Literal, NamedTuple

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]

DEADLINE = timedelta(minutes=30)
"""How long a deadline lasts in a calendar: it ends at the instant that counts."""
_WIDTH = 74
"""Octets in a line; RFC 5545 allows 75 without its end."""
_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Seasonkeeper//Notices//EN\r\nCALSCALE:GREGORIAN\r\n"
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""What may not stand in a text, or ends a line for some reader; a line break itself is escaped."""
_NOT_IN_URI = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]")
_IN_QUOTES = str.maketrans({'"': "'", "\n": " "})


class Calendar(NamedTuple):
    """A file for calendars: what is asked of them, and the text in lines ended by CRLF."""

    method: Method
    text: str
    name: str = "season.ics"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry in one person's calendar.

    `sequence` grows with each change. `alarm`: how long before its end (a deadline) or start (else) it reminds.
    """

    uid: str
    sequence: int
    starts: datetime
    ends: datetime
    summary: str
    description: str = ""
    url: str = ""
    place: str = ""
    status: Status = "CONFIRMED"
    alarm: timedelta | None = None
    is_deadline: bool = False

    def cancelled(self) -> Entry:
        """The same entry, to be taken out."""
        return replace(self, status="CANCELLED", alarm=None)

    def tentative(self) -> Entry:
        """The same entry while it stands still: it may yet move."""
        return replace(self, status="TENTATIVE", alarm=None)


def deadline(uid: str, sequence: int, at: datetime, summary: str, description: str = "", url: str = "") -> Entry:
    """A deadline as an entry that ends at it, with a reminder a day before."""
    return Entry(uid, sequence, at - DEADLINE, at, summary, description, url, alarm=timedelta(days=1), is_deadline=True)


def uid_of(season: str, thing: str, person: int, domain: str) -> str:
    """The same UID for the same thing and person; it names nobody. `thing` is as `window/<id>` or `session/<id>`."""
    parts = (season, thing, str(person))
    digest = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()[:32]
    return f"{digest}@{domain}"


def written(
    method: Method,
    entries: Sequence[Entry],
    *,
    language: str,
    stamp: datetime,
    organizer: str,
    attendee: tuple[str, str] | None = None,
) -> Calendar:
    """The file of these entries. `organizer` is an address or `Name <address>`; `attendee` is (name, address).

    A REQUEST or CANCEL names its attendee, and has one entry, or several of one UID (RFC 5546).
    """
    shared = _organizer(organizer)
    if attendee is not None and method != "PUBLISH":
        role = "ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE"
        shared += _line(f"ATTENDEE;{role}{_mailbox(*attendee)}")
    stamped = f"DTSTAMP:{_utc(stamp)}\r\n"
    events = "".join([_event(entry, language, stamped, shared) for entry in entries])
    return Calendar(method, f"{_HEAD}METHOD:{method}\r\n{events}END:VCALENDAR\r\n")


def feed(entries: Sequence[Entry], *, name: str, language: str, stamp: datetime, organizer: str) -> str:
    """A file to subscribe to: all entries of one person, asked for again every six hours."""
    made = written("PUBLISH", entries, language=language, stamp=stamp, organizer=organizer)
    head = _line(f"NAME:{_text(name)}") + _line(f"X-WR-CALNAME:{_text(name)}")
    again = "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\nX-PUBLISHED-TTL:PT6H\r\n"
    return made.text.replace("METHOD:PUBLISH\r\n", f"METHOD:PUBLISH\r\n{head}{again}", 1)


def _event(entry: Entry, language: str, stamped: str, shared: str) -> str:
    lines = [
        f"BEGIN:VEVENT\r\nUID:{entry.uid}\r\n{stamped}SEQUENCE:{entry.sequence}\r\nDTSTART:{_utc(entry.starts)}\r\n"
        f"DTEND:{_utc(entry.ends)}\r\nSTATUS:{entry.status}\r\n",
        # A deadline does not make its person busy.
        "TRANSP:TRANSPARENT\r\n" if entry.is_deadline else "TRANSP:OPAQUE\r\n",
        shared,
        _line(f"SUMMARY;LANGUAGE={language}:{_text(entry.summary)}"),
    ]
    if entry.description:
        lines.append(_line(f"DESCRIPTION;LANGUAGE={language}:{_text(entry.description)}"))
    if entry.place:
        lines.append(_line(f"LOCATION;LANGUAGE={language}:{_text(entry.place)}"))
    if entry.url:
        lines.append(_line(f"URL:{_NOT_IN_URI.sub('', entry.url)}"))
    if entry.alarm is not None:
        related = ";RELATED=END" if entry.is_deadline else ""
        lines.append(
            f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER{related}:-PT{int(entry.alarm.total_seconds()) // 60}M\r\n"
            f"{_line(f'DESCRIPTION:{_text(entry.summary)}')}END:VALARM\r\n"
        )
    lines.append("END:VEVENT\r\n")
    return "".join(lines)


@lru_cache(maxsize=16)
def _organizer(mailbox: str) -> str:
    return _line(f"ORGANIZER{_mailbox(*parseaddr(mailbox))}")


def _text(value: str) -> str:
    """A value of the type TEXT, escaped."""
    return _CONTROL.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n")).translate(_ESCAPED)


def _mailbox(name: str, address: str) -> str:
    # A name may hold no double quote at all (RFC 5545, 3.2).
    shown = _CONTROL.sub(" ", name).translate(_IN_QUOTES)
    called = f';CN="{shown}"' if shown else ""
    return f"{called}:mailto:{_NOT_IN_URI.sub('', address)}"


def _line(text: str) -> str:
    """A content line with its end, folded where it is too long; never within a character."""
    if len(text) <= _WIDTH // 4 or (len(text) <= _WIDTH and text.isascii()):
        return f"{text}\r\n"
    data = text.encode()
    pieces, start, width = [], 0, _WIDTH
    while len(data) - start > width:
        end = start + width
        while data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[start:end])
        start, width = end, _WIDTH - 1
    pieces.append(data[start:])
    return b"\r\n ".join(pieces).decode() + "\r\n"


# The instants of one campaign are the same in most of its mails.
@lru_cache(maxsize=256)
def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
