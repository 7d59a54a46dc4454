"""A real SMTP server on loopback that answers whatever a test asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Server:
    """Answers 250, or what `answers` says for a command; `drop` names the step at which it hangs up.

    A step is a command, such as `RCPT`, or a command to one address alone, such as `DATA lin@example.org`; `stall` holds
    steps of one address that take longer than anybody waits. `most` connections are taken at a time, and more are
    greeted with 421.
    """

    def __init__(self, pipelining: bool = True) -> None:
        self.pipelining = pipelining
        self.answers: dict[str, list[str]] = {}
        self.drop: list[str] = []
        self.stall: list[str] = []
        self.slow = 0.0
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.connections = 0
        self.most: int | None = None
        self.open: list[SMTP] = []
        self.port = 0

    async def _answer(self, server: SMTP, step: str, usual: str, address: str = "") -> str:
        own = f"{step} {address}"
        if own in self.stall:
            self.stall.remove(own)
            await asyncio.sleep(3)
        if own in self.drop or self.answers.get(own):
            step = own
        if step in self.drop:
            self.drop.remove(step)
            assert server.transport is not None
            server.transport.abort()
        waiting = self.answers.get(step, [])
        return waiting.pop(0) if waiting else usual

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname  # type: ignore[assignment]
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer(server, "MAIL", "250 OK")
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer(server, "RCPT", "250 OK", address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.slow)
        answer = await self._answer(server, "DATA", f"250 OK id {len(self.mails) + 1}", envelope.rcpt_tos[0])
        if answer.startswith("250"):
            self.mails.append((str(envelope.mail_from), list(envelope.rcpt_tos), bytes(envelope.content or b"")))
        return answer

    def is_full(self) -> bool:
        """Whether a new connection is one too many."""
        gone = [smtp for smtp in self.open if smtp.session and (smtp.transport is None or smtp.transport.is_closing())]
        return self.most is not None and len(self.open) - len(gone) >= self.most


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.7.0 Too many connections from you\r\n")
        transport.close()


@asynccontextmanager
async def serving(pipelining: bool = True, **options: Any) -> AsyncIterator[Server]:
    """A server on a free port of loopback, with the options of aiosmtpd's SMTP."""
    handler = Server(pipelining)

    def protocol() -> asyncio.BaseProtocol:
        if handler.is_full():
            return _Full()
        handler.connections += 1
        smtp = SMTP(handler, hostname="test", loop=asyncio.get_running_loop(), **options)
        handler.open.append(smtp)
        return smtp

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        for smtp in handler.open:
            if smtp.transport is not None:
                smtp.transport.abort()
