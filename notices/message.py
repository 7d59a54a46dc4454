"""Mail messages, RFC 5322 and 2045: the constant headers prepared once, the personal ones encoded for each mail.

Building one with the standard library's EmailMessage costs most of a mail's CPU; this builds the same message
directly, and tests hold it against EmailMessage's after parsing. A notice with HTML is `multipart/alternative`; one
with calendar files is `multipart/mixed` around that.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from models.errors import BadInput
from notices.calendar import Calendar
from notices.render import Words
from notices.signing import Signer

_LINE = 76
_PIECE = 42
"""Bytes of text in one encoded word: 12 around it and 56 of base64 stay under 75 characters, as RFC 2047 asks."""

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NO_ADDRESS = re.compile(r"[\s<>()\[\],;:\\\"]")
_LOCAL_ATOMS = re.compile(r"[^\s<>()\[\],;:\\\"@.]+(?:\.[^\s<>()\[\],;:\\\"@.]+)*")
_ID = re.compile(r"[A-Za-z0-9/._:-]{1,900}")
_NO_TOKEN = re.compile(r"[^a-z0-9-]+")
_OWN_ID = re.compile(r"<[0-9a-f]{32}(?:-[0-9a-f]{32})?\.([0-9]{1,18})\.[a-z0-9-]+@[^<>@\s]+>")


def build(
    words: Words,
    *,
    sender: str,
    to_name: str,
    to_address: str,
    message_id: str,
    date: datetime,
    language: str,
    season_id: str,
    campaign_id: str,
    calendars: Sequence[Calendar] = (),
    unsubscribe: str = "",
    signer: Signer | None = None,
) -> bytes:
    """One mail as bytes, lines ended by CRLF. `sender` is an address, or `Name <address>`.

    `unsubscribe` is the https address of one-click unsubscribing (RFC 8058), `signer` makes the DKIM signature. The
    same arguments make the same bytes. Raises BadInput for a header value with a line break or a control character,
    for a bad address, and for a date without a zone.
    """
    _check("the message id", message_id)
    fields, body = _content(words, calendars, message_id)
    head = (
        f"{_constant(sender, language, season_id, campaign_id)}"
        f"To: {_mailbox(to_name, to_address)}\r\n"
        f"Subject: {_unstructured('the subject', words.subject)}\r\n"
        f"Date: {_date(date)}\r\n"
        f"Message-ID: {message_id}\r\n"
        f"{_one_click(unsubscribe) if unsubscribe else ''}"
        f"{fields}"
    )
    signature = signer.sign(head, body, date) if signer is not None else ""
    return f"{signature}{head}\r\n".encode() + body


def message_id(
    season_id: str,
    campaign_id: str,
    person_id: int | str,
    subject_key: str,
    domain: str,
    proof: Callable[[bytes], bytes] | None = None,
) -> str:
    """The same id for the same notice to the same person, so that a repeat can be recognised; it names nobody.

    With the `proof` of a key nobody can make it up who has not seen the mail: a report that names it is about that mail.
    """
    # Lengths keep ("a", "b/c") and ("a/b", "c") apart.
    parts = (season_id, campaign_id, str(person_id), subject_key)
    text = "".join(f"{len(part)}:{part}" for part in parts).encode()
    proven = proof(b"message-id/" + text).hex() if proof is not None else ""
    digest = hashlib.sha256(text).hexdigest()[:32] + (f"-{proven}" if proven else "")
    return f"<{digest}.{_token(str(person_id))}.{_token(season_id)}@{ascii_domain(domain)}>"


def person_in(message_id: str) -> int | None:
    """Whom a Message-ID of this form would be for; the rest of it is not looked at."""
    found = _OWN_ID.fullmatch(message_id)
    return int(found[1]) if found else None


def bare_address(mailbox: str) -> str:
    """The address of `Name <address>` or of an address alone, its domain in ASCII. Raises BadInput for a bad one.

    What is left may hold non-ASCII characters before the `@` only; such an address needs SMTPUTF8.
    """
    return _address(parseaddr(mailbox)[1] if "<" in mailbox else mailbox)


def domain_of(sender: str) -> str:
    """The domain in the Message-IDs of mails from an address, or from `Name <address>`."""
    return sender.rsplit("@", 1)[-1].strip("> ")


@lru_cache(maxsize=256)
def ascii_domain(domain: str) -> str:
    """The domain as mail servers take it: `例子.cn` becomes `xn--fsqu00a.cn`. Raises BadInput."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadInput("mail.domain", f"'{domain}' is no domain name.", "Correct the address.") from None


@lru_cache(maxsize=256)
def _constant(sender: str, language: str, season_id: str, campaign_id: str) -> str:
    """The headers that all mails of a campaign in one language share."""
    name, address = parseaddr(sender) if "<" in sender else ("", sender)
    domain = _address(address).rpartition("@")[2]
    season = _token(season_id)
    tag = "zh" if language == "zh" else _token(language)
    return (
        f"From: {_mailbox(name, address)}\r\n"
        "MIME-Version: 1.0\r\n"
        f"Content-Language: {tag}\r\n"
        "Auto-Submitted: auto-generated\r\n"
        f"List-Id: <{season}.{domain}>\r\n"
        f"X-Season-Campaign: {_campaign(campaign_id)}\r\n"
    )


def _campaign(campaign_id: str) -> str:
    # Kept on one line as it is, so that a mail can be found by it in any log and folder.
    _check("the campaign", campaign_id)
    return campaign_id if _ID.fullmatch(campaign_id) else _encoded(campaign_id)


def _mailbox(name: str, address: str) -> str:
    address = _address(address)
    if not name:
        return address
    _check("the name", name)
    if len(name) <= _LINE - 10 and _ATOMS.fullmatch(name) and "=?" not in name:
        phrase = name
    elif len(name) <= _LINE - 10 and name.isascii() and name == " ".join(name.split()) and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        phrase = f'"{escaped}"'
    else:
        phrase = _encoded(name)
    return f"{phrase}\r\n <{address}>" if len(phrase) + len(address) > _LINE - 8 else f"{phrase} <{address}>"


def _address(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if (
        not at
        or not domain
        or not _LOCAL_ATOMS.fullmatch(local)
        or _NO_ADDRESS.search(domain)
        or not address.isprintable()
    ):
        raise BadInput("mail.address", f"'{address}' is no mail address.", "Correct the address.")
    return address if domain.isascii() else f"{local}@{ascii_domain(domain)}"


def _unstructured(what: str, text: str) -> str:
    """The text as it is where it is plain, folded at spaces; else encoded words, which give back anything exactly."""
    _check(what, text)
    if not text.isascii() or "=?" in text or text != " ".join(text.split()):
        return _encoded(text)
    if len(text) <= _LINE - 20:
        return text
    lines, line = [], ""
    for word in text.split(" "):
        if len(word) > _LINE - 20:
            return _encoded(text)
        if len(line) + len(word) > _LINE - 20:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded(text: str) -> str:
    """RFC 2047 encoded words, one a line, never splitting a character."""
    pieces, start = [], 0
    data = text.encode()
    while start < len(data):
        end = min(start + _PIECE, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(f"=?utf-8?b?{binascii.b2a_base64(data[start:end], newline=False).decode('ascii')}?=")
        start = end
    return "\r\n ".join(pieces)


def _check(what: str, text: str) -> None:
    """Refuse whatever could end a header line, in any reader's opinion of what ends a line."""
    if text.isprintable():
        return
    for character in text:
        if character < " " or character == "\x7f" or character in "\x85\u2028\u2029":
            raise BadInput(
                "mail.header", f"A mail's header must be one line of text; {what} is {text!r}.", f"Correct {what}."
            )
    _utf8(what, text)


def _utf8(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput("mail.header", f"{what} is no valid text: {text!r}.", f"Correct {what}.") from None


def _one_click(url: str) -> str:
    _check("the address to unsubscribe", url)
    if not url.isascii() or not url.startswith("https://") or set(url) & set(" <>,"):
        raise BadInput("mail.unsubscribe", f"'{url}' is no https address to unsubscribe at.", "Correct the address.")
    return f"List-Unsubscribe:\r\n <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def _content(words: Words, calendars: Sequence[Calendar], message_id: str) -> tuple[str, bytes]:
    """The headers that tell what the body is, and the body."""
    parts = [_text(_PLAIN, words.body)]
    if words.html:
        parts.append(_text(_HTML, words.html))
    if len(parts) == 1 and not calendars:
        return parts[0]
    # "=_" stands in no quoted-printable and no base64, so that no text can hold a boundary.
    mark = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    whole = parts[0] if len(parts) == 1 else _multipart("alternative", f"=_a{mark}", parts)
    if not calendars:
        return whole
    return _multipart("mixed", f"=_m{mark}", [whole, *(_file(one) for one in calendars)])


def _multipart(kind: str, boundary: str, parts: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    line = f"--{boundary}".encode()
    inner = b"\r\n".join([b"%b\r\n%b\r\n%b" % (line, head.encode(), body) for head, body in parts])
    return f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n', b"%b\r\n%b--\r\n" % (inner, line)


def _file(one: Calendar) -> tuple[str, bytes]:
    head = (
        f'Content-Type: text/calendar; charset="utf-8"; method={one.method}\r\n'
        f'Content-Disposition: attachment; filename="{one.name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
    )
    return head, _base64(one.text.encode())


_PLAIN = 'Content-Type: text/plain; charset="utf-8"\r\n'
_HTML = 'Content-Type: text/html; charset="utf-8"\r\n'


def _text(kind: str, text: str) -> tuple[str, bytes]:
    """Type, transfer encoding and content of a text: quoted-printable, or base64 where that is shorter."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.endswith("\n"):
        text += "\n"
    try:
        data = text.replace("\n", "\r\n").encode()
    except UnicodeEncodeError:
        raise BadInput("mail.body", "The body of a mail is no valid text.", "Correct the values in it.") from None
    # Quoted-printable makes three bytes of each byte that is not ASCII, base64 makes four of any three.
    if (len(data) - len(text)) * 6 > len(data):
        return f"{kind}Content-Transfer-Encoding: base64\r\n", _base64(data)
    return f"{kind}Content-Transfer-Encoding: quoted-printable\r\n", binascii.b2a_qp(data, istext=True)


def _base64(data: bytes) -> bytes:
    coded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([coded[start : start + _LINE] for start in range(0, len(coded), _LINE)]) + b"\r\n"


@lru_cache(maxsize=64)
def _date(date: datetime) -> str:
    if date.tzinfo is None:
        raise BadInput("mail.date", f"The date of a mail has no time zone: {date.isoformat()}.")
    return format_datetime(date.astimezone(UTC).replace(microsecond=0))


def _token(text: str) -> str:
    return _NO_TOKEN.sub("-", text.lower()).strip("-") or "season"
