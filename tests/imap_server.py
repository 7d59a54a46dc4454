"""A small IMAP server over TLS on loopback: one folder, and the commands by which it is read."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Folder:
    """The letters of the folder; `flags` holds the flags of each, as they were stored."""

    def __init__(self, letters: list[bytes], trust: ssl.SSLContext) -> None:
        self.letters, self.trust = letters, trust
        self.flags = [""] * len(letters)
        self.port = 0

    def answer(self, tag: str, command: str) -> bytes:
        """What the server says to one command (RFC 9051)."""
        ok = f"{tag} OK done\r\n".encode()
        found = re.match(r"UID (FETCH|STORE) (\d+) (.*)", command)
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n" + ok
        if command.startswith("LOGIN"):
            return ok if command == 'LOGIN bounces "a secret"' else f"{tag} NO wrong\r\n".encode()
        if command.startswith("SELECT"):
            return f"* {len(self.letters)} EXISTS\r\n".encode() + ok
        if command == "UID SEARCH UNSEEN":
            unseen = " ".join(str(n + 1) for n, flags in enumerate(self.flags) if "Seen" not in flags)
            return f"* SEARCH {unseen}".rstrip().encode() + b"\r\n" + ok
        if found and found[1] == "FETCH":
            assert found[3] == "(BODY.PEEK[]<0.1000000>)"
            data = self.letters[int(found[2]) - 1]
            return f"* 1 FETCH (UID {found[2]} BODY[]<0> {{{len(data)}}}\r\n".encode() + data + b")\r\n" + ok
        if found:
            self.flags[int(found[2]) - 1] = found[3].removeprefix("+FLAGS ")
            return ok
        return b"* BYE\r\n" + ok if command == "LOGOUT" else f"{tag} BAD unknown\r\n".encode()


@contextmanager
def imap_server(folder: Path, letters: list[bytes]) -> Iterator[Folder]:
    """Serve these letters; the user is `bounces` with the password `a secret`."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    _certify(certificate, key)
    served = Folder(letters, ssl.create_default_context(cafile=str(certificate)))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)

    class Handler(socketserver.StreamRequestHandler):
        def setup(self) -> None:
            self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, command = line.decode().strip().partition(" ")
                self.wfile.write(served.answer(tag, command))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust us hangs up."""

    with Server(("localhost", 0), Handler) as server:
        served.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield served
        finally:
            server.shutdown()


def _certify(certificate: Path, key: Path) -> None:
    """A certificate of its own for `localhost`."""
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
