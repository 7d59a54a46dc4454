"""What a mail server's refusal means: told from its code, its enhanced status and its words.

| code | enhanced status, or words | kind | source |
| --- | --- | --- | --- |
| none | | lost | RFC 5321, 4.5.3.2: no answer came in time, or at all |
| 421 | | closing | RFC 5321, 4.2.3: the service closes the connection |
| 450, 451 | 4.7.1, or "greylisted" | greylisted | RFC 6647, 2.1 and 5 |
| 452, 552, another 4xx or 5xx | x.2.2; without a status "mailbox full", "over quota" | mailbox_full | RFC 3463, 3.3 |
| 550, 551, 553 | 5.1.0 to 5.1.3, 5.1.6, 5.1.10; without a status "no such user" | no_such_address | RFC 3463, 3.2; RFC 7505 |
| 5xx | 5.1.7, 5.1.8, 5.6.x, 5.7.x; without a status "spam", "blocked" | not_from_us | RFC 3463, 3.2, 3.7, 3.8 |
| 4xx | anything else | busy | RFC 5321, 4.2.1 |
| 5xx | anything else | refused | RFC 5321, 4.2.1 |

The status decides where there is one of the code's own class; words only where there is none. Greylisting alone is
told by words beside a status too, since servers give it many (RFC 6647, 5).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

Kind = Literal["lost", "closing", "greylisted", "mailbox_full", "no_such_address", "not_from_us", "busy", "refused"]

_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_GREY = re.compile(r"gr[ea]y-?\s?list", re.IGNORECASE)
_FULL = re.compile(
    r"mailbox (is )?full|(over|exceed\w*) (the |its |his |their )?(storage )?quota|quota (is )?exceeded|overquota", re.I
)
_NOBODY = re.compile(
    r"no such (user|mailbox|recipient|address)|(user|recipient|mailbox|address) (is )?(unknown|not found|not local)"
    r"|unknown (user|recipient|mailbox)|(user|recipient|mailbox|address|account) (\S+ )?does(n't| not) exist",
    re.I,
)
_NOT_FROM_US = re.compile(r"\bspam|\bblocked\b|blacklist|blocklist|\bdmarc\b|\bdkim\b|\bspf\b|content rejected", re.I)
_ADDRESS_CODES = (550, 551, 553)
_GREY_CODES = (450, 451)
_ADDRESS_STATUS = ("1.0", "1.1", "1.2", "1.3", "1.6", "1.10")
_SENDER_STATUS = ("1.7", "1.8")
_CLOSING = 421


def kind_of(code: int, answer: str) -> Kind:
    """What a refusal means; `code` is 0 where the server gave none. `answer` is its text, without the code."""
    if not 400 <= code < 600:
        return "lost"
    if code == _CLOSING:
        return "closing"
    status = _status(code, answer)
    if code in _GREY_CODES and (status == "7.1" or _GREY.search(answer)):
        return "greylisted"
    if status == "2.2" or (not status and _FULL.search(answer)):
        return "mailbox_full"
    return "busy" if code < 500 else _for_good(code, status, answer)


def _for_good(code: int, status: str, answer: str) -> Kind:
    if code in _ADDRESS_CODES and (status in _ADDRESS_STATUS or (not status and _NOBODY.search(answer))):
        return "no_such_address"
    if status in _SENDER_STATUS or status.startswith(("6.", "7.")) or (not status and _NOT_FROM_US.search(answer)):
        return "not_from_us"
    return "refused"


def _status(code: int, answer: str) -> str:
    """Subject and detail of the enhanced status, such as `1.1`; empty where there is none of the code's class."""
    found = _STATUS.match(answer)
    if found is None or int(found[1]) != code // 100:
        return ""
    return f"{int(found[2])}.{int(found[3])}"


_FIRST: dict[Kind, timedelta] = {"greylisted": timedelta(minutes=5), "mailbox_full": timedelta(hours=1)}
_USUAL = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)
_DOUBLINGS = 6


def pause_before(kind: Kind, attempts: int) -> timedelta:
    """How long a mail waits after so many attempts (1 or more): twice as long each time, up to an hour.

    The first pause is 5 minutes for greylisting (RFC 6647, 2.1: a minute to an hour), an hour for a full mailbox, and
    else a minute.
    """
    doublings = min(max(attempts - 1, 0), _DOUBLINGS)
    return min(_FIRST.get(kind, _USUAL) * (1 << doublings), _LONGEST)
