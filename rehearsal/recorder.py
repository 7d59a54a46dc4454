"""The mail server of a rehearsal: it takes everything, keeps figures, and notices what comes twice."""

from __future__ import annotations

import re

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Recorder:
    """Implements `notices.transport.Transport`. Texts are not kept.

    Attributes:
        count: mails taken. size: their bytes. duplicates: mails whose Message-ID had been taken before.
    """

    def __init__(self) -> None:
        self.count = 0
        self.size = 0
        self.duplicates = 0
        self._known: set[bytes] = set()

    async def send(self, sender: str, to: str, message: bytes, by: float = 0) -> str:
        """Take one mail. Never refuses."""
        self.count += 1
        self.size += len(message)
        found = _MESSAGE_ID.search(message)
        name = found.group(1) if found else message
        if name in self._known:
            self.duplicates += 1
        self._known.add(name)
        return f"250 OK {self.count}"
