"""Handing mails to a mail server: connections kept open, every answer told apart.

Whether a mail may have been taken without our knowing is said with each failure (`in_doubt`): a connection that
breaks after the whole mail was sent leaves it open whether the server has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import time
from functools import lru_cache
from types import TracebackType
from typing import Literal, Protocol, Self, cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from models.errors import SeasonkeeperError, Unavailable
from notices.answers import Kind, kind_of
from notices.message import bare_address
from notices.smtp_line import Line, Reply, mail_lines

Tls = Literal["none", "starttls", "tls"]
_DONE = 250
_GO_ON = 354
_CLOSING = 421
_TOO_LARGE = 552
_AGAIN = 60.0
"""Seconds until a server that took no more connections of ours is asked for one more."""


class Transport(Protocol):
    """Takes mails to people.

    Raises TemporaryRefusal, PermanentRefusal, ServerDown, TooLate; BadInput for a bad address.
    """

    async def send(self, sender: str, to: str, message: bytes, by: float = math.inf) -> str:
        """Hand one mail over; the server's answer, such as `250 OK id`.

        After `by`, an instant of time.monotonic(), the mail is not begun any more.
        """
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


class TooLate(Exception):
    """The mail was not sent: its time was over before it could begin."""


class SmtpTransport:
    """One SMTP server over a few connections that stay open and are replaced when they break.

    At most `connections` mails are on their way at once, fewer where the server takes fewer connections; more callers
    wait. `timeout` is in seconds, for each step. `username` empty means no log-in.
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
        self._idle: list[Line] = []
        self._lines: set[Line] = set()
        self._connecting, self._news = 0, asyncio.Event()
        self._fewer: list[asyncio.TimerHandle] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Say goodbye on all idle connections. A later send connects again."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_goodbye(line) for line in idle))

    async def send(self, sender: str, to: str, message: bytes, by: float = math.inf) -> str:
        """See Transport."""
        commands = _envelope(_sender(sender), bare_address(to))
        lines = mail_lines(message)
        while True:
            await self._free.acquire()
            try:
                answer = await self._by_some_line(commands, lines, by)
            except _NoMore:
                self._do_with_fewer()
                continue
            except BaseException:
                self._free.release()
                raise
            self._free.release()
            return answer

    async def _by_some_line(self, commands: tuple[bytes, ...], lines: bytes, by: float) -> str:
        while self._idle:
            # The server may have closed an idle connection long ago; then nothing was sent, and a new one is due.
            line = self._idle.pop()
            if line.is_open:
                try:
                    return await self._over(line, commands, lines, by)
                except _Stale:
                    continue
        line = await self._one_more()
        try:
            return await self._over(line, commands, lines, by)
        except _Stale as stale:
            raise stale.refusal from None

    async def _one_more(self) -> Line:
        """Another connection. Raises _NoMore where the server takes none beside those it has."""
        try:
            line = await self._connected()
        except ServerDown:
            while self._connecting and not self._has_lines():
                await self._news.wait()
            if self._has_lines():
                raise _NoMore from None
            self._as_at_first()
            raise
        self._lines.add(line)
        return line

    def _has_lines(self) -> bool:
        self._lines = {line for line in self._lines if not line.is_lost}
        return bool(self._lines)

    def _do_with_fewer(self) -> None:
        """Keep the caller's turn back for a while."""
        loop = asyncio.get_running_loop()
        self._fewer = [one for one in self._fewer if one.when() > loop.time()]
        self._fewer.append(loop.call_later(_AGAIN, self._free.release))

    def _as_at_first(self) -> None:
        """What a server took before it was gone says nothing of what it takes when it is back."""
        now = asyncio.get_running_loop().time()
        for one in self._fewer:
            if one.when() > now:
                one.cancel()
                self._free.release()
        self._fewer.clear()

    async def _connected(self) -> Line:
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
        self._connecting += 1
        try:
            await client.connect()
            await client.ehlo()
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise ServerDown(_told(error)) from None
        except BaseException:
            client.close()
            raise
        finally:
            self._connecting -= 1
            self._news.set()
            self._news = asyncio.Event()
        return Line(
            cast(asyncio.Transport, client.transport),
            pipelining=client.supports_extension("pipelining"),
            smtputf8=client.supports_extension("smtputf8"),
            timeout=self._timeout,
        )

    async def _over(self, line: Line, commands: tuple[bytes, ...], lines: bytes, by: float) -> str:
        """Send over this connection, and keep it if it is still good."""
        try:
            answer = await _transact(line, commands, lines, by)
        except _Refusal:
            await _reset(line)
            self._keep(line)
            raise
        except BaseException:
            # Also when cancelled half-way: the server's next answer would belong to this mail.
            line.close()
            raise
        self._keep(line)
        return answer

    def _keep(self, line: Line) -> None:
        if line.is_open:
            self._idle.append(line)


class _NoMore(Exception):
    """The server takes mails over the connections it has, and no more connections."""


class _Stale(Exception):
    """The connection ended before the mail was sent."""

    def __init__(self, refusal: TemporaryRefusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@lru_cache(maxsize=16)
def _sender(mailbox: str) -> str:
    return bare_address(mailbox)


def _envelope(sender: str, to: str) -> tuple[bytes, bytes, bytes]:
    options = "" if sender.isascii() and to.isascii() else " SMTPUTF8 BODY=8BITMIME"
    return f"MAIL FROM:<{sender}>{options}\r\n".encode(), f"RCPT TO:<{to}>\r\n".encode(), b"DATA\r\n"


async def _transact(line: Line, commands: tuple[bytes, ...], lines: bytes, by: float) -> str:
    if not line.smtputf8 and not all(command.isascii() for command in commands):
        raise PermanentRefusal(0, "the mail server takes no addresses with letters outside ASCII")
    try:
        number, reply = await line.envelope(commands)
    except OSError as error:
        raise _Stale(TemporaryRefusal(0, _told(error))) from None
    if reply.code != _GO_ON:
        raise _before_data(number, reply)
    # Here and nowhere earlier: it may have waited long for its turn and for the server.
    if time.monotonic() > by:
        raise TooLate
    try:
        reply = await line.ask(lines)
    except OSError as error:
        raise TemporaryRefusal(0, _told(error), in_doubt=True) from None
    if reply.code != _DONE:
        # 421 to the mail itself is a clear no.
        raise _refusal(reply, in_doubt=reply.code < 400)
    return _line(reply.code, reply.text)


def _before_data(number: int, reply: Reply) -> _Refusal | _Stale | ServerDown:
    if reply.code == _CLOSING:
        return _Stale(TemporaryRefusal(reply.code, reply.text))
    if number == 0 and 500 <= reply.code < 600 and reply.code != _TOO_LARGE:
        return ServerDown(_line(reply.code, reply.text))  # it would refuse every mail of ours
    return _refusal(reply)


def _refusal(reply: Reply, in_doubt: bool = False) -> _Refusal:
    if 500 <= reply.code < 600:
        return PermanentRefusal(reply.code, reply.text)
    return TemporaryRefusal(reply.code, reply.text, in_doubt=in_doubt)


async def _reset(line: Line) -> None:
    try:
        if line.is_open:
            await line.ask(b"RSET\r\n")
    except OSError:
        line.close()


async def _goodbye(line: Line) -> None:
    with contextlib.suppress(OSError):
        await line.ask(b"QUIT\r\n")
    line.close()


def _told(error: BaseException) -> str:
    if isinstance(error, SMTPResponseException):
        return _line(error.code, error.message)
    return " ".join(str(error).split()) or type(error).__name__


def _line(code: int, answer: str) -> str:
    text = " ".join(answer.split())
    return f"{code} {text}".strip() if code > 0 else text
