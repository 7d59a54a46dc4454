"""DKIM signatures, RFC 6376: `relaxed/relaxed`, RSA with SHA-256, over all headers that a reader or a provider goes by.

Written out here because a library that parses the whole mail again costs more than building it; tests verify every
signature with dkimpy. A mail's signature is the same each time it is made.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from models.errors import BadInput

LEAST_BITS = 2048
"""RFC 8301 asks for 1024 at least and 2048 where it can be."""
SIGNED = (
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding",
    "list-id", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted",
)  # fmt: skip
"""Headers that are signed where a mail has them; RFC 8058 asks for the two of unsubscribing."""

_FIELD = re.compile(r"([!-9;-~]+):((?:[^\r]|\r\n[ \t])*)\r\n")
_SPACES = re.compile(r"[ \t\r\n]+")
_BLANKS = re.compile(rb"[ \t]+")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\Z")
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?\Z")


class Signer:
    """Signs mails for one domain.

    `key` is an RSA private key as PEM text, without a password. Raises BadInput, which never repeats the key.
    """

    def __init__(self, domain: str, selector: str, key: str) -> None:
        self.domain, self.selector = domain.lower(), selector.lower()
        if not _DOMAIN.match(self.domain):
            raise BadInput(
                "dkim.domain", f"SEASON_DKIM_DOMAIN '{domain}' is no domain name.", "Write it as in mail.example.org."
            )
        if not _SELECTOR.match(self.selector):
            raise BadInput("dkim.selector", f"SEASON_DKIM_SELECTOR '{selector}' is no selector.", "Write one as s2024.")
        self._key = _key(key)
        self._begin = (
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain};\r\n s={self.selector}; t="
        )

    def __repr__(self) -> str:
        return f"Signer({self.domain!r}, {self.selector!r})"

    def sign(self, head: str, body: bytes, at: datetime) -> str:
        """The header that signs a mail, with its line end. `head` are all its headers, each ended by CRLF.

        `at` is told in the signature.
        """
        fields: dict[str, str] = {}
        for name, value in _FIELD.findall(head):
            fields[name.lower()] = _SPACES.sub(" ", value).strip(" ")
        names = [name for name in SIGNED if name in fields]
        # `from` is named twice: so nobody can add another.
        named = f"from:{':'.join(names[:5])}:\r\n  {':'.join(names[5:])}"
        digest = base64.b64encode(hashlib.sha256(relaxed(body)).digest()).decode()
        begun = f"{self._begin}{int(at.timestamp())};\r\n h={named};\r\n bh={digest};\r\n b="
        signed = "".join(f"{name}:{fields[name]}\r\n" for name in names)
        own = _SPACES.sub(" ", begun.removeprefix("DKIM-Signature:")).strip(" ")
        made = self._key.sign(f"{signed}dkim-signature:{own}".encode(), padding.PKCS1v15(), hashes.SHA256())
        coded = base64.b64encode(made).decode()
        return begun + "\r\n  ".join(coded[n : n + 72] for n in range(0, len(coded), 72)) + "\r\n"

    def record(self) -> tuple[str, str]:
        """The DNS record to publish: its name, and the text of its TXT value."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"{self.selector}._domainkey.{self.domain}", f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def relaxed(body: bytes) -> bytes:
    """A body in the canonical form of RFC 6376, 3.4.4."""
    if b" " in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _key(text: str) -> rsa.RSAPrivateKey:
    remedy = f"Make one of {LEAST_BITS} bits: openssl genrsa -out dkim.pem {LEAST_BITS}"
    try:
        key = serialization.load_pem_private_key(text.strip().encode() + b"\n", password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not the library's own words: they may repeat a part of what it read.
        raise BadInput(
            "dkim.key", "SEASON_DKIM_KEY is no private key in PEM without a password.", remedy
        ) from None  # fmt: skip
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadInput("dkim.key_kind", "SEASON_DKIM_KEY is not an RSA key.", remedy)
    if key.key_size < LEAST_BITS:
        raise BadInput("dkim.key_short", f"SEASON_DKIM_KEY has {key.key_size} bits, fewer than {LEAST_BITS}.", remedy)
    return key
