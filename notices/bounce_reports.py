"""Reports of mail servers on mails that had been accepted: delivery status notifications (RFC 3464).

What a report means for the notice and for the address:

| action, status | kind | the notice | the address |
| --- | --- | --- | --- |
| failed, 5.1.0 to 5.1.3, 5.1.6, 5.1.10, 5.2.1 | no_such_address | did not arrive | not used again until corrected |
| failed, x.2.2 | mailbox_full | did not arrive | stays |
| failed, anything else, x.4.7 (given up) too | refused | did not arrive | stays |
| delayed | delayed | is still being tried | stays |
| delivered, relayed, expanded | nothing | arrived | stays |

A status that says nothing (x.0.0, or none) leaves it to the words of the diagnostic code, as `notices.answers` reads them.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from typing import Literal

from notices.answers import kind_of

Kind = Literal["no_such_address", "mailbox_full", "refused", "delayed", "nothing"]
ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_GONE = frozenset({"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
"""Subject and detail of 5.x.x that mean: this address is of no use (RFC 3463, 3.2 and 3.3)."""
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_CODE = re.compile(r"\s*(?:<[^>]*>:?\s*)?(?:host\s.{1,300}?\ssaid:\s*)?([245]\d\d)[\s-]+(.*)", re.DOTALL | re.I)
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,500}>")
_ADDRESS = re.compile(r"[^\s<>;:,()\"]+@[^\s<>;:,()\"]+")
_LONGEST = 500
MOST_BYTES = 1_000_000
"""How much of a report is read; what is returned of the mail itself stands at its end."""


@dataclass(frozen=True)
class Report:
    """What one report says of one recipient. `recipients` are all addresses by which it names them."""

    message_id: str
    action: str
    status: str
    diagnostic: str
    recipients: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What it means."""
        return kind(self.action, self.status, self.diagnostic)

    @property
    def words(self) -> str:
        """What the server said, with its status, and without addresses."""
        text = without_addresses(self.diagnostic)
        return text if not self.status or self.status in text else f"{self.status} {text}".strip()


def kind(action: str, status: str, diagnostic: str = "") -> Kind:
    """What a report means; see the table above."""
    if action == "delayed":
        return "delayed"
    if action != "failed":
        return "nothing"
    found = _STATUS.match(status)
    detail = f"{int(found[2])}.{int(found[3])}" if found else "0.0"
    if detail == "0.0":
        return _by_words(diagnostic)
    if detail == "2.2":
        return "mailbox_full"
    return "no_such_address" if detail in _GONE and found and found[1] == "5" else "refused"


def _by_words(diagnostic: str) -> Kind:
    said = _CODE.match(diagnostic)
    meant = kind_of(int(said[1]), said[2]) if said else "refused"
    return meant if meant in ("no_such_address", "mailbox_full") else "refused"


def read(data: bytes) -> list[Report]:
    """The reports in a mail, one for each recipient; empty where it is no report that can be read. Never raises."""
    try:
        return list(_read(data[:MOST_BYTES]))
    except Exception:  # whatever a stranger's mail makes the parser stumble over, it is no report
        return []


def _read(data: bytes) -> Iterator[Report]:
    mail = email.message_from_bytes(data, policy=policy.compat32)
    parts = list(mail.walk())
    told = next((p for p in parts if p.get_content_type() in _STATUS_TYPES), None)
    if told is None:
        return
    returned = _returned(parts)
    message_id = _id(str(returned.get("Message-ID", ""))) if returned is not None else ""
    message_id = message_id or _id(str(mail.get("In-Reply-To", "")))
    written_to = _addresses(str(returned.get("To", ""))) if returned is not None else ()
    for group in _groups(told)[1:]:
        action = str(group.get("Action", "")).strip().lower()
        if action not in ACTIONS:
            continue
        named = [_after_type(str(group.get(name, ""))) for name in ("Final-Recipient", "Original-Recipient")]
        yield Report(
            message_id,
            action,
            _one_line(str(group.get("Status", "")))[:20],
            _one_line(_after_type(str(group.get("Diagnostic-Code", "")))),
            tuple(dict.fromkeys(a for text in (*named, *written_to) for a in _addresses(text))),
        )


_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = ("message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers")


def _groups(told: Message) -> list[Message]:
    """The blocks of a status: of the message first, then one for each recipient."""
    payload = told.get_payload()
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)]
    # Encoded, which RFC 3464 does not forbid, it is not parsed by the library.
    text = (told.get_payload(decode=True) or b"").decode("utf-8", "replace")  # type: ignore[union-attr]
    return [email.message_from_string(block) for block in re.split(r"(?:\r?\n){2,}", text.strip())]


def _returned(parts: list[Message]) -> Message | None:
    """The mail that the report is about, or its headers."""
    for part in parts:
        if part.get_content_type() not in _RETURNED:
            continue
        payload = part.get_payload()
        if isinstance(payload, list) and payload and isinstance(payload[0], Message):
            return payload[0]
        text = part.get_payload(decode=True)
        return email.message_from_bytes(text.lstrip(), policy=policy.compat32) if isinstance(text, bytes) else None
    return None


def _id(text: str) -> str:
    found = _ID.search(text)
    return found[0] if found else ""


def _after_type(text: str) -> str:
    """The value of `rfc822; lin@example.org` or `smtp; 550 5.1.1 …`, whose type no one asks for."""
    kind_, mark, rest = text.partition(";")
    return rest.strip() if mark and re.fullmatch(r"\s*[\w.-]+\s*", kind_) else text.strip()


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(one.lower() for one in _ADDRESS.findall(text))


def _one_line(text: str) -> str:
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:_LONGEST]


def without_addresses(text: str) -> str:
    """A server's words without the addresses in them, as they may be other people's."""
    return _one_line(_ADDRESS.sub("…", text))


def is_message_id(text: str) -> bool:
    """Whether a text has the form of a Message-ID."""
    return _ID.fullmatch(text) is not None
