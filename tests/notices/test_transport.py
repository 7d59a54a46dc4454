"""Mail over a real SMTP server on loopback that answers whatever a test asks for."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from models.errors import BadInput, Unavailable
from notices.transport import PermanentRefusal, ServerDown, SmtpTransport, TemporaryRefusal
from tests.smtp_server import Server, serving

SENDER = "Office <office@example.org>"
MAIL = b"Subject: Hello\r\n\r\nfirst\r\n.\r\n..two\r\nlast\r\n"


@pytest.fixture(params=[True, False], ids=["pipelining", "step by step"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with serving(request.param, enable_SMTPUTF8=True) as one:
        yield one


@pytest.fixture
async def transport(server: Server) -> AsyncIterator[SmtpTransport]:
    async with SmtpTransport("127.0.0.1", server.port, timeout=2) as transport:
        yield transport


async def test_a_mail_arrives_whole_and_the_answer_comes_back(server: Server, transport: SmtpTransport) -> None:
    assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 OK id 1"
    assert server.mails == [("office@example.org", ["lin@example.org"], MAIL)]


async def test_connections_are_kept_and_are_no_more_than_allowed(server: Server) -> None:
    async with SmtpTransport("127.0.0.1", server.port, connections=3) as transport:
        server.slow = 0.005
        answers = await asyncio.gather(*(transport.send(SENDER, f"p{n}@example.org", MAIL) for n in range(30)))
    assert len(set(answers)) == len(server.mails) == 30
    assert server.connections == 3


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_not_now_is_temporary_and_the_connection_stays(
    server: Server, transport: SmtpTransport, step: str
) -> None:
    server.answers[step] = ["450 4.2.0 Greylisted,\ttry later"]
    with pytest.raises(TemporaryRefusal) as refused:
        await transport.send(SENDER, "lin@example.org", MAIL)
    assert (refused.value.smtp_code, refused.value.answer) == (450, "450 4.2.0 Greylisted, try later")
    assert not refused.value.in_doubt
    assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 OK id 1"
    assert server.connections == 1


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 552, 554])
async def test_never_is_permanent_for_this_recipient_only(
    server: Server, transport: SmtpTransport, step: str, code: int
) -> None:
    server.answers[step] = [f"{code} 5.1.1 No such mailbox"]
    with pytest.raises(PermanentRefusal, match="No such mailbox") as refused:
        await transport.send(SENDER, "nobody@example.org", MAIL)
    assert refused.value.smtp_code == code
    await transport.send(SENDER, "lin@example.org", MAIL)
    assert [mail[1] for mail in server.mails] == [["lin@example.org"]]


async def test_a_sender_that_the_server_refuses_stops_all_mail(server: Server, transport: SmtpTransport) -> None:
    server.answers["MAIL"] = ["550 5.7.1 Sender not allowed"]
    with pytest.raises(ServerDown, match="Sender not allowed") as down:
        await transport.send(SENDER, "lin@example.org", MAIL)
    assert isinstance(down.value, Unavailable)


async def test_a_server_that_closes_an_old_connection_gets_the_mail_over_a_new_one(
    server: Server, transport: SmtpTransport
) -> None:
    await transport.send(SENDER, "lin@example.org", MAIL)
    server.answers["MAIL"] = ["421 4.4.2 Idle too long"]
    assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 OK id 2"
    server.drop = ["RCPT"]
    assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 OK id 3"
    server.open[-1].transport.abort()  # type: ignore[union-attr]
    assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 OK id 4"
    assert server.connections == 4


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_421_on_a_new_connection_is_temporary_and_the_next_mail_reconnects(
    server: Server, transport: SmtpTransport, step: str
) -> None:
    server.answers[step] = ["421 4.3.2 Shutting down"]
    with pytest.raises(TemporaryRefusal) as refused:
        await transport.send(SENDER, "lin@example.org", MAIL)
    assert refused.value.smtp_code == 421
    assert not refused.value.in_doubt
    assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 OK id 1"


async def test_a_connection_lost_after_the_mail_was_sent_leaves_it_in_doubt(
    server: Server, transport: SmtpTransport
) -> None:
    server.drop = ["DATA"]
    with pytest.raises(TemporaryRefusal) as refused:
        await transport.send(SENDER, "lin@example.org", MAIL)
    assert refused.value.in_doubt
    assert refused.value.smtp_code == 0
    await transport.send(SENDER, "lin@example.org", MAIL)
    assert server.connections == 2


async def test_a_server_that_stalls_leaves_the_mail_in_doubt_and_its_connection_is_given_up(server: Server) -> None:
    async with SmtpTransport("127.0.0.1", server.port, timeout=0.2) as transport:
        server.slow = 1.0
        with pytest.raises(TemporaryRefusal) as refused:
            await transport.send(SENDER, "lin@example.org", MAIL)
        assert refused.value.in_doubt
        server.slow = 0.0
        await transport.send(SENDER, "zoe@example.org", MAIL)
    assert ["zoe@example.org"] in [mail[1] for mail in server.mails]
    assert server.connections == 2


async def test_a_cancelled_send_does_not_leave_its_answer_to_the_next(server: Server, transport: SmtpTransport) -> None:
    server.slow = 0.3
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(transport.send(SENDER, "lin@example.org", MAIL), 0.1)
    server.slow = 0.0
    await transport.send(SENDER, "zoe@example.org", MAIL)
    assert server.connections == 2


async def test_no_server_is_down_and_a_server_that_greets_with_421_is_too() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ServerDown):
            await SmtpTransport("127.0.0.1", unused.getsockname()[1], timeout=1).send(SENDER, "lin@example.org", MAIL)

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 too busy\r\n")
        await writer.drain()
        writer.close()

    busy = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with busy:
        with pytest.raises(ServerDown, match="421 too busy"):
            await SmtpTransport("127.0.0.1", busy.sockets[0].getsockname()[1], timeout=1).send(SENDER, "l@e.org", MAIL)


async def test_a_server_that_takes_fewer_connections_gets_all_mails_over_those_it_takes(server: Server) -> None:
    server.most, server.slow = 2, 0.005
    async with SmtpTransport("127.0.0.1", server.port, connections=8, timeout=2) as transport:
        answers = await asyncio.gather(*(transport.send(SENDER, f"p{n}@example.org", MAIL) for n in range(30)))
        assert len(set(answers)) == len(server.mails) == 30
        assert server.connections == 2
        server.most = 0
        for smtp in server.open:
            assert smtp.transport is not None
            smtp.transport.abort()
        await asyncio.sleep(0.05)
        for _ in range(3):
            with pytest.raises(ServerDown, match="Too many connections"):
                await transport.send(SENDER, "lin@example.org", MAIL)
        server.most = None
        await asyncio.gather(*(transport.send(SENDER, f"q{n}@example.org", MAIL) for n in range(30)))
        assert server.connections == 2 + 8  # who was gone is believed to take as many as at first
    assert len(server.mails) == 60


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_logging_in_works_and_a_wrong_password_is_a_server_down() -> None:
    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given.password == b"right", handled=False)

    async with serving(authenticator=check, auth_required=True, auth_require_tls=False) as server:
        async with SmtpTransport("127.0.0.1", server.port, "office", "right") as transport:
            await transport.send(SENDER, "lin@example.org", MAIL)
        async with SmtpTransport("127.0.0.1", server.port, "office", "wrong", timeout=2) as transport:
            with pytest.raises(ServerDown, match="535"):
                await transport.send(SENDER, "lin@example.org", MAIL)
        async with SmtpTransport("127.0.0.1", server.port) as transport:
            with pytest.raises(ServerDown, match="530"):
                await transport.send(SENDER, "lin@example.org", MAIL)


async def test_starttls_that_the_server_does_not_offer_is_never_skipped(server: Server) -> None:
    async with SmtpTransport("127.0.0.1", server.port, tls="starttls") as transport:
        with pytest.raises(ServerDown):
            await transport.send(SENDER, "lin@example.org", MAIL)
    assert server.mails == []


async def test_an_address_outside_ascii_travels_where_the_server_takes_it(
    server: Server, transport: SmtpTransport
) -> None:
    mail = "To: 琳@example.org\r\n\r\nHello\r\n".encode()
    await transport.send(SENDER, "琳@例子.cn", mail)
    assert server.mails[0][1] == ["琳@xn--fsqu00a.cn"]
    assert message_from_bytes(server.mails[0][2], policy=policy.SMTP)["To"] == "琳@example.org"
    async with serving() as old, SmtpTransport("127.0.0.1", old.port) as plain:
        with pytest.raises(PermanentRefusal, match="outside ASCII"):
            await plain.send(SENDER, "琳@example.org", mail)
        await plain.send(SENDER, "lin@例子.cn", MAIL)


async def test_an_address_cannot_smuggle_a_command(server: Server, transport: SmtpTransport) -> None:
    for wrong in ("lin@example.org>\r\nDATA", "lin@example.org> SIZE=1", "lin"):
        with pytest.raises(BadInput):
            await transport.send(SENDER, wrong, MAIL)
    assert server.connections == 0


async def test_refusals_survive_pickling() -> None:
    for error in (TemporaryRefusal(450, "later", in_doubt=True), PermanentRefusal(550, "no"), ServerDown("gone")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.answer) == (type(error), str(error), error.answer)
