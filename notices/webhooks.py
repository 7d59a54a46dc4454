"""The second channel beside mail: events told to other programs by HTTP, signed as Standard Webhooks 1.0.0 says.

An event goes out as `POST` with the headers `webhook-id` (the same for every try, so that a receiver can tell a repeat),
`webhook-timestamp` (of this try) and `webhook-signature`: for each secret `v1,` and the base64 of HMAC-SHA256 over
`id.timestamp.body`. While a secret is being renewed there are two signatures, set apart by a space.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from models.errors import BadInput

PREFIX = "whsec_"
_SECRET_BYTES = 32
_LEAST_SECRET, _MOST_SECRET = 24, 64
"""Bytes of a secret: 192 to 512 bits, as the specification says."""
_LONGEST_URL = 2000
TIMEOUT = 15.0
"""Seconds for one try in all; the specification advises 15 to 30."""
_ANSWER_BYTES = 1000
ANSWER_LENGTH = 200
_LONGEST_WAIT = timedelta(days=1)
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Letter:
    """One event for one endpoint. `id` holds no full stop; `secrets` are all that sign it now."""

    url: str
    id: str
    at: datetime
    body: bytes
    secrets: tuple[str, ...]


class Answer(NamedTuple):
    """What came of a try: the HTTP status (None where there was none), the first words of the answer, a wish to wait."""

    status: int | None
    text: str
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        """Whether the endpoint has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants nothing any more: 410."""
        return self.status == 410


class Channel(Protocol):
    """Where events go, beside the mails of `notices.transport`."""

    async def post(self, letter: Letter) -> Answer:
        """Hand over one event. Never raises for what the other side does."""
        ...

    async def check(self, url: str) -> None:
        """Raises BadInput for an address that events are not sent to."""
        ...


def new_secret() -> str:
    """A new secret, as receivers are given it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, letter_id: str, at: datetime, body: bytes) -> str:
    """One signature, such as `v1,K5oZfz…`. Raises BadInput for a secret that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _LEAST_SECRET <= len(key) <= _MOST_SECRET:
        raise BadInput("hook.secret", "The secret of a webhook is none.", "Renew it: `season hooks rotate ID`.")
    text = f"{letter_id}.{int(at.timestamp())}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()}"


def headers_of(letter: Letter) -> dict[str, str]:
    """The headers of one try."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Seasonkeeper",
        "webhook-id": letter.id,
        "webhook-timestamp": str(int(letter.at.timestamp())),
        "webhook-signature": " ".join(sign(one, letter.id, letter.at, letter.body) for one in letter.secrets),
    }


class HttpWebhooks:
    """Posts over HTTPS to addresses of the public internet, and with `private` to any, by HTTP too.

    A name is looked up for each try, every address that it has is looked at, and the connection goes to one of those:
    a name that is made to point elsewhere in between leads nowhere. Redirects are not followed, proxies not used.
    """

    def __init__(self, *, private: bool = False, timeout: float = TIMEOUT, trust: ssl.SSLContext | None = None) -> None:
        self._private, self._timeout, self._trust = private, timeout, trust

    async def check(self, url: str) -> None:
        """Raises BadInput for an address that is no address, or not a public one."""
        await self._addresses(self._parts(url))

    async def post(self, letter: Letter) -> Answer:
        """One try, within the timeout in all."""
        if self._trust is None:  # reading all authorities takes its time, and is done once
            self._trust = httpx.create_ssl_context(trust_env=False)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(letter)
        except TimeoutError:
            return Answer(None, f"no answer within {self._timeout:g} s")
        except BadInput as error:
            return Answer(None, error.sentence)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(None, _short(f"{type(error).__name__}: {error}".encode()))

    async def _post(self, letter: Letter) -> Answer:
        parts = self._parts(letter.url)
        address = (await self._addresses(parts))[0]
        host = f"[{address}]" if ":" in address else address
        goes_to = urlunsplit((parts.scheme, f"{host}:{_port(parts)}", parts.path or "/", parts.query, ""))
        head = {**headers_of(letter), "Host": parts.netloc, "Connection": "close", "Accept-Encoding": "identity"}
        # The certificate is that of the name, though the connection goes to the address that was looked at.
        extensions = {"sni_hostname": parts.hostname}
        # A client for each try: no cookie of one endpoint ever reaches another.
        async with (
            self._client() as client,
            client.stream("POST", goes_to, content=letter.body, headers=head, extensions=extensions) as answer,
        ):
            text = b""
            async for piece in answer.aiter_raw():
                text += piece
                if len(text) >= _ANSWER_BYTES:
                    break
            wait = _wait(answer.headers.get("retry-after", ""), letter.at)
            return Answer(answer.status_code, _short(text[:_ANSWER_BYTES]), wait)

    def _client(self) -> httpx.AsyncClient:
        trust = self._trust or True
        return httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=self._timeout, verify=trust)

    def _parts(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            fits = bool(parts.hostname) and _port(parts) > 0
        except ValueError:
            parts, fits = SplitResult("", "", "", "", ""), False
        plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= _LONGEST_URL
        if not plain or not fits or parts.username is not None or parts.fragment:
            raise BadInput("hook.url", f"url: '{url[:200]}' is no address for a webhook.", _REMEDY)
        if parts.scheme != "https" and not (self._private and parts.scheme == "http"):
            raise BadInput("hook.url_scheme", f"url: '{url[:200]}' is not https.", _REMEDY)
        return parts

    async def _addresses(self, parts: SplitResult) -> list[str]:
        host = parts.hostname or ""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                found = await loop.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise BadInput("hook.url_host", f"url: the host '{host}' is not known.", _REMEDY) from None
        addresses = [str(one[4][0]) for one in found]
        if not self._private and not all(is_public(one) for one in addresses):
            raise BadInput(
                "hook.url_private", f"url: '{host}' is an address of this machine or a private network.",
                "Only public addresses are told of events; SEASON_HOOKS_PRIVATE allows others.",
            )  # fmt: skip
        return addresses


_REMEDY = "Write one such as https://hooks.example.org/season, without a name, a password or a #."


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also where it carries an older one within it."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None and not is_public(str(inner)):
            return False
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS.get(parts.scheme, 0)


def _short(data: bytes) -> str:
    """The first words of an answer, on one line."""
    text = " ".join(data.decode("utf-8", "replace").split())
    return "".join(c for c in text if c.isprintable())[:ANSWER_LENGTH]


def _wait(text: str, at: datetime) -> timedelta | None:
    """`Retry-After` (RFC 9110, 10.2.3): seconds, or a date; a day at the most."""
    wait: timedelta | None = None
    if text.isascii() and text.isdigit() and len(text) < 9:
        wait = timedelta(seconds=int(text))
    elif text:
        try:
            until = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - at
    return None if wait is None or wait <= timedelta(0) else min(wait, _LONGEST_WAIT)


_SCHEDULE: Sequence[timedelta] = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20),
)  # fmt: skip
FOR_AS_LONG_AS = timedelta(days=3)
"""How long an event is tried."""


def next_try(attempts: int, since: datetime, at: datetime, retry_after: timedelta | None = None) -> datetime | None:
    """When to try again after so many attempts (1 or more); None when the three days are over.

    The pauses are the specification's example; the last try is when the time is over. What the endpoint asks for counts
    where it is longer.
    """
    end = since + FOR_AS_LONG_AS
    if at >= end:
        return None
    pause = _SCHEDULE[min(attempts, len(_SCHEDULE)) - 1]
    # Those that failed together are not tried together: up to a tenth later.
    pause += pause * (secrets.randbelow(1000) / 10_000)
    return min(at + max(pause, retry_after or timedelta(0)), end)
