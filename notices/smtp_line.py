"""One SMTP connection, from its greeting on: commands go out together where the server takes them so (RFC 2920)."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

_MOST = 32 * 1024
"""Bytes of one answer; more than any server has to say."""
_LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_DOT = re.compile(rb"(?m)^\.")


class Reply(NamedTuple):
    """A server's answer: its code, and its lines without codes, joined by line breaks."""

    code: int
    text: str


class Line(asyncio.Protocol):
    """A connection over a transport that is greeted, encrypted and logged in; it takes the transport over.

    `pipelining`: the server takes MAIL, RCPT and DATA in one go. `timeout` is in seconds, for each answer. What is
    lost or late raises OSError or TimeoutError; then the connection is closed.
    """

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool, smtputf8: bool, timeout: float) -> None:
        self.smtputf8 = smtputf8
        self._pipelining, self._timeout = pipelining, timeout
        self._transport = transport
        self._replies: deque[Reply] = deque()
        self._lines: list[str] = []
        self._rest = b""
        self._size = 0
        self._trouble: OSError | None = None
        self._waiter: asyncio.Future[None] | None = None
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether a mail may begin: the server is there, and has said nothing unasked, such as that it closes."""
        return not (self._replies or self._lines or self._rest or self.is_lost)

    @property
    def is_lost(self) -> bool:
        """Whether the server is no longer there, or nothing it says is heard any more."""
        return self._trouble is not None or self._transport.is_closing()

    def close(self) -> None:
        """Hang up."""
        self._fail(ConnectionResetError("Connection closed"))

    async def envelope(self, commands: Sequence[bytes]) -> tuple[int, Reply]:
        """Say MAIL, RCPT and DATA: the number of the first that was refused, or of the last, and its answer.

        Only after 354 to the last does the server wait for a mail. One that does although it refused the sender or
        the recipient gets an empty one, as RFC 2920 (3.1) asks.
        """
        if not self._pipelining:
            for number, command in enumerate(commands):
                reply = await self.ask(command)
                if not _is_good(number, commands, reply):
                    break
            return number, reply
        self._write(b"".join(commands))
        refused: tuple[int, Reply] | None = None
        for number in range(len(commands)):
            reply = await self._reply()
            if refused is None and not _is_good(number, commands, reply):
                refused = (number, reply)
                if reply.code == 421:
                    self.close()
                    break
        if refused is not None and reply.code == 354:
            await self.ask(b".\r\n")
        return refused or (number, reply)

    async def ask(self, command: bytes) -> Reply:
        """One command, or the mail itself as `mail_lines` makes it, and its answer."""
        self._write(command)
        return await self._reply()

    def _write(self, data: bytes) -> None:
        if self._trouble is None:
            self._transport.write(data)

    async def _reply(self) -> Reply:
        if not self._replies:
            if self._trouble is not None:
                raise self._trouble
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._timeout):
                    await self._waiter
            except TimeoutError:
                self.close()
                raise TimeoutError("Timed out waiting for the server's answer") from None
            finally:
                self._waiter = None
        if not self._replies:
            assert self._trouble is not None
            raise self._trouble
        return self._replies.popleft()

    def data_received(self, data: bytes) -> None:
        """See base class."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._size += len(line)
            if not line[:3].isdigit():
                return self._fail(ConnectionAbortedError(f"No SMTP answer: {line[:80].decode('utf-8', 'replace')}"))
            self._lines.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-":
                self._replies.append(Reply(int(line[:3]), "\n".join(self._lines)))
                self._lines, self._size = [], 0
        if self._size + len(self._rest) > _MOST:
            return self._fail(ConnectionAbortedError("The server's answer is too long"))
        if self._replies:
            self._wake()
        return None

    def connection_lost(self, error: Exception | None) -> None:
        """See base class."""
        self._fail(ConnectionResetError(f"Connection lost: {error}" if error else "Connection lost"))

    def _fail(self, trouble: OSError) -> None:
        self._trouble = self._trouble or trouble
        self._transport.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _is_good(number: int, commands: Sequence[bytes], reply: Reply) -> bool:
    return reply.code == 354 if number == len(commands) - 1 else 200 <= reply.code < 300


def mail_lines(message: bytes) -> bytes:
    """A mail as it goes over the line: CRLF alone ends a line, a dot at its beginning is doubled, a dot ends it all."""
    if message.count(b"\r\n") != message.count(b"\n") or message.count(b"\r") != message.count(b"\n"):
        message = _LONE.sub(b"\r\n", message)
    if b"\n." in message or message.startswith(b"."):
        message = _DOT.sub(b"..", message)
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")
