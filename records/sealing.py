"""Sealing: secrets that the database must keep readable for the system lie there encrypted (Fernet: AES-128, HMAC).

The key is a setting (`SEASON_SECRET_KEY`), never in the database. Without one a secret lies as it is; an old plain one
is read, and sealed at its next use.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from models.errors import BadInput, Unavailable

MARK = "sealed:"
LEAST = 32
"""Characters that a key must have."""


class Seal:
    """Seals and opens texts with one key: any text of `LEAST` or more characters. Empty: nothing is sealed."""

    def __init__(self, key: str = "") -> None:
        """Raises BadInput for a key that is too short."""
        if key and len(key) < LEAST:
            raise BadInput(
                "secret_key.short", f"SEASON_SECRET_KEY has {len(key)} characters, fewer than {LEAST}.",
                'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            )  # fmt: skip
        digest = hashlib.sha256(key.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(digest)) if key else None
        self._proving = hmac.digest(digest, b"links in mails", "sha256") if key else b""

    @property
    def has_key(self) -> bool:
        """Whether anything is sealed and proved at all."""
        return bool(self._proving)

    def close(self, text: str) -> str:
        """The text as it is to be kept."""
        return text if self._fernet is None else MARK + self._fernet.encrypt(text.encode()).decode()

    def open(self, kept: str) -> str:
        """The text again. Raises Unavailable where it was sealed with another key, or there is none."""
        if not kept.startswith(MARK):
            return kept
        try:
            if self._fernet is not None:
                return self._fernet.decrypt(kept.removeprefix(MARK).encode()).decode()
        except InvalidToken:
            pass
        raise Unavailable(
            "secret_key.wrong", "A secret in the database was sealed with another key.",
            "Set SEASON_SECRET_KEY to the key of this database, or give new secrets: `season staff add --renew`.",
        )  # fmt: skip

    def proof(self, text: bytes) -> bytes:
        """What shows that a text is of our own making: HMAC-SHA256, cut to 128 bits. Nothing where there is no key."""
        return hmac.digest(self._proving, text, "sha256")[:16] if self._proving else b""

    def is_proof(self, text: bytes, shown: bytes) -> bool:
        """Whether `shown` is the proof of this text, found out in the same time for every other."""
        return bool(self._proving) and hmac.compare_digest(self.proof(text), shown)

    def is_stale(self, kept: str) -> bool:
        """Whether a kept text lies open though it could be sealed."""
        return self._fernet is not None and not kept.startswith(MARK)
