"""What is kept about people outside the database, and so must go with them: mails of the embedded sink, and files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from records.privacy.erasure import Outside
from records.store import DocumentStore, open_store
from workers.embedded.mailsink import remove_mails
from workers.settings import Settings


def outside_in(mail: Path | None, store: DocumentStore | None) -> Outside:
    """Removes from the folder of the embedded mail sink, and from the store of the documents, where there are such."""

    async def mails(addresses: Sequence[str]) -> int:
        return 0 if mail is None else await asyncio.to_thread(remove_mails, mail, addresses)

    async def files(keys: Sequence[str]) -> int:
        if store is None:
            return 0
        for key in keys:
            await store.delete(key)
        return len(keys)

    return Outside(mails, files)


def outside_of(settings: Settings) -> Outside:
    """Removes from the data folder and the document store of these settings; harmless where nothing lies there."""
    return outside_in(settings.folder.mail, open_store(settings.documents()))
