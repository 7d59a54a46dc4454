"""Handing mails to a mail server: connections kept open, every answer told apart.

Whether a mail may have been taken without our knowing is said with each failure (`in_doubt`): a connection that
breaks after the whole mail was sent leaves it open whether the server has it.
"""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Literal, Protocol, Self

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from models.errors import SeasonkeeperError, Unavailable
from notices.answers import Kind, kind_of
from notices.message import bare_address

Tls = Literal["none", "starttls", "tls"]
_CLOSING = 421
_TOO_LARGE = 552


class Transport(Protocol):
    """Takes mails to people. Raises TemporaryRefusal, PermanentRefusal, ServerDown; BadInput for a bad address."""

    async def send(self, sender: str, to: str, message: bytes) -> str:
        """Hand one mail over; the server's answer, such as `250 OK id`."""
        ...


class _Refusal(SeasonkeeperError):
    """The server did not take this one mail.

    Attributes:
        smtp_code: the server's code; 0 where it gave none.
        answer: its answer as one line, or what happened instead of an answer.
        in_doubt: True if it may have taken the mail nevertheless, so that sending it again may make two.
        kind: what the answer means; see notices.answers.
    """

    machine_word = "mail.refused"
    what = "The mail server refused the mail"

    def __init__(self, code: int, answer: str, in_doubt: bool = False) -> None:
        self.smtp_code = code
        self.answer = _line(code, answer)
        self.in_doubt = in_doubt
        self.kind: Kind = kind_of(code, answer)
        self._given = (code, answer, in_doubt)
        super().__init__(self.machine_word, f"{self.what}: {self.answer}.")

    def __reduce__(self) -> tuple[type[_Refusal], tuple[int, str, bool]]:  # type: ignore[override]
        return type(self), self._given


class TemporaryRefusal(_Refusal):
    """Not now: a 4xx answer, or a connection lost in the middle. Worth trying again."""

    machine_word = "mail.refused_for_now"
    what = "The mail server did not take the mail for now"


class PermanentRefusal(_Refusal):
    """Never: a 5xx answer to this recipient or this mail."""

    machine_word = "mail.refused_for_good"


class ServerDown(Unavailable):
    """The server takes no mail at all: not reached, no log-in, or our sender refused. Wait; nothing is lost."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        super().__init__("mail.server_down", f"The mail server takes no mail: {answer}.", "Waiting; nothing is lost.")

    def __reduce__(self) -> tuple[type[ServerDown], tuple[str]]:  # type: ignore[override]
        return type(self), (self.answer,)


class SmtpTransport:
    """One SMTP server over a few connections that stay open and are replaced when they break.

    At most `connections` mails are on their way at once; more callers wait. `timeout` is in seconds, for each step.
    `username` empty means no log-in.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str = "",
        password: str = "",
        tls: Tls = "none",
        connections: int = 4,
        timeout: float = 30.0,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._password = username, password
        self._tls, self._timeout = tls, timeout
        self._free = asyncio.Semaphore(connections)
        self._idle: list[SMTP] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Say goodbye on all idle connections. A later send connects again."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_goodbye(client) for client in idle))

    async def send(self, sender: str, to: str, message: bytes) -> str:
        """See Transport."""
        sender, to = bare_address(sender), bare_address(to)
        async with self._free:
            while self._idle:
                # The server may have closed an idle connection long ago; then nothing was sent, and a new one is due.
                client = self._idle.pop()
                if client.is_connected:
                    try:
                        return await self._over(client, sender, to, message)
                    except _Stale:
                        continue
            client = await self._connected()
            try:
                return await self._over(client, sender, to, message)
            except _Stale as stale:
                raise stale.refusal from None

    async def _connected(self) -> SMTP:
        client = SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username or None,
            password=self._password or None,
            local_hostname=socket.gethostname() if socket.gethostname().isascii() else "localhost",
            timeout=self._timeout,
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
        )
        try:
            await client.connect()
            await client.ehlo()
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise ServerDown(_told(error)) from None
        except BaseException:
            client.close()
            raise
        return client

    async def _over(self, client: SMTP, sender: str, to: str, message: bytes) -> str:
        """Send over this connection, and keep it if it is still good."""
        try:
            answer = await _transact(client, sender, to, message)
        except _Refusal:
            await _reset(client)
            self._keep(client)
            raise
        except BaseException:
            # Also when cancelled half-way: the server's next answer would belong to this mail.
            client.close()
            raise
        self._keep(client)
        return answer

    def _keep(self, client: SMTP) -> None:
        if client.is_connected:
            self._idle.append(client)


class _Stale(Exception):
    """The connection ended before the mail was sent."""

    def __init__(self, refusal: TemporaryRefusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


async def _transact(client: SMTP, sender: str, to: str, message: bytes) -> str:
    await _envelope(client, sender, to)
    try:
        response = await client.data(message)
    except SMTPResponseException as error:
        raise _refusal(error) from None
    except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
        raise TemporaryRefusal(0, _told(error), in_doubt=True) from None
    return _line(response.code, response.message)


async def _envelope(client: SMTP, sender: str, to: str) -> None:
    international = not (sender.isascii() and to.isascii())
    if international and not client.supports_extension("smtputf8"):
        raise PermanentRefusal(0, "the mail server takes no addresses with letters outside ASCII")
    options = ["SMTPUTF8", "BODY=8BITMIME"] if international else None
    encoding = "utf-8" if international else "ascii"
    try:
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(to, encoding=encoding)
    except SMTPSenderRefused as error:
        if 500 <= error.code < 600 and error.code != _TOO_LARGE:
            raise ServerDown(_line(error.code, error.message)) from None  # it would refuse every mail of ours
        raise _before_data(error) from None
    except SMTPRecipientRefused as error:
        raise _before_data(error) from None
    except (SMTPException, OSError) as error:
        raise _Stale(TemporaryRefusal(0, _told(error))) from None


def _before_data(error: SMTPResponseException) -> _Refusal | _Stale:
    if error.code == _CLOSING:
        return _Stale(TemporaryRefusal(error.code, error.message))
    return _refusal(error)


def _refusal(error: SMTPResponseException) -> _Refusal:
    if 500 <= error.code < 600:
        return PermanentRefusal(error.code, error.message)
    # 421 to the mail itself is a clear no; a connection that ends in the middle of an answer is not (code -1).
    return TemporaryRefusal(max(error.code, 0), error.message, in_doubt=error.code < 400)


async def _reset(client: SMTP) -> None:
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()


async def _goodbye(client: SMTP) -> None:
    try:
        await client.quit()
    except (SMTPException, OSError):
        client.close()


def _told(error: BaseException) -> str:
    if isinstance(error, SMTPResponseException):
        return _line(error.code, error.message)
    return " ".join(str(error).split()) or type(error).__name__


def _line(code: int, answer: str) -> str:
    text = " ".join(answer.split())
    return f"{code} {text}".strip() if code > 0 else text
