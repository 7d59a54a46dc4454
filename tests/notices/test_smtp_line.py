"""A connection to a mail server: commands in one go, empty mails for wayward servers, encryption, dots."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from notices.smtp_line import mail_lines
from notices.transport import PermanentRefusal, ServerDown, SmtpTransport, TemporaryRefusal, TooLate
from tests.smtp_server import serving

SENDER, MAIL = "office@example.org", b"Subject: Hello\r\n\r\nHello\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[SmtpTransport]:
    """A server of a few words, and what sends to it."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        await reader.readline()
        writer.write(b"250-test\r\n250 PIPELINING\r\n")
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, SmtpTransport("127.0.0.1", port, timeout=2) as transport:
        yield transport


async def test_a_server_that_takes_commands_together_gets_all_three_before_its_first_answer() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend([await reader.readline() for _ in range(3)])
        # In pieces, as a network may bring them.
        for piece in (b"25", b"0 ok\r", b"\n250-first\r\n250 second\r\n354 go", b" on\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        seen.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.write(b"250 taken\r\n")

    async with talking(talk) as transport:
        assert await transport.send(SENDER, "lin@example.org", MAIL) == "250 taken"
    assert seen == [
        b"MAIL FROM:<office@example.org>\r\n",
        b"RCPT TO:<lin@example.org>\r\n",
        b"DATA\r\n",
        MAIL + b".\r\n",
    ]


async def test_a_server_that_goes_on_after_refusing_the_recipient_gets_an_empty_mail() -> None:
    rest: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await reader.readline()
        writer.write(b"250 ok\r\n550 5.1.1 nobody\r\n354 go on\r\n")
        rest.append(await reader.readline())
        writer.write(b"554 no recipients\r\n")
        rest.append(await reader.readline())
        writer.write(b"250 ok\r\n")

    async with talking(talk) as transport:
        with pytest.raises(PermanentRefusal, match=r"550 5\.1\.1 nobody"):
            await transport.send(SENDER, "lin@example.org", MAIL)
    assert rest == [b".\r\n", b"RSET\r\n"]


@pytest.mark.parametrize("said", [b"nonsense\r\n", b"250-" + b"x" * 40_000], ids=["no answer", "endless"])
async def test_a_server_that_does_not_speak_smtp_leaves_nothing_in_doubt(said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        await reader.read()

    async with talking(talk) as transport:
        with pytest.raises(TemporaryRefusal) as refused:
            await transport.send(SENDER, "lin@example.org", MAIL)
        assert not refused.value.in_doubt


async def test_a_mail_whose_time_is_over_is_not_begun() -> None:
    async with serving() as server, SmtpTransport("127.0.0.1", server.port) as transport:
        with pytest.raises(TooLate):
            await transport.send(SENDER, "lin@example.org", MAIL, time.monotonic() - 1)
        assert server.mails == []
        await transport.send(SENDER, "lin@example.org", MAIL, time.monotonic() + 60)
        assert len(server.mails) == 1


async def test_mails_go_over_an_encrypted_connection_and_never_to_who_cannot_prove_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with serving(tls_context=context, require_starttls=True) as server:
        async with SmtpTransport("localhost", server.port, tls="starttls") as transport:
            with pytest.raises(ServerDown):
                await transport.send(SENDER, "lin@example.org", MAIL)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        async with SmtpTransport("localhost", server.port, tls="starttls", connections=2) as transport:
            await asyncio.gather(*(transport.send(SENDER, f"p{n}@example.org", MAIL) for n in range(6)))
        async with SmtpTransport("localhost", server.port) as plain:
            with pytest.raises(ServerDown, match="530"):
                await plain.send(SENDER, "lin@example.org", MAIL)
    assert [mail[2] for mail in server.mails] == [MAIL] * 6


def certificate(folder: Path) -> Path:
    """A key and a certificate of `localhost`, signed by itself, in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@given(st.binary(max_size=60) | st.text("ab.\r\n", max_size=40).map(str.encode))
def test_no_text_can_end_a_mail_before_its_end(message: bytes) -> None:
    lines = mail_lines(message)
    assert lines.endswith(b"\r\n.\r\n") or lines == b".\r\n" or message == b""
    whole = lines.removesuffix(b".\r\n")
    assert b"\r\n.\r\n" not in b"\r\n" + whole
    assert whole.count(b"\r\n") == whole.count(b"\n") == whole.count(b"\r")
    # The reader takes one dot away again.
    read = b"\r\n".join(line.removeprefix(b".") for line in whole.split(b"\r\n"))
    given_lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert read in (given_lines, given_lines + b"\r\n")
