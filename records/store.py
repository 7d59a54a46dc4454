"""Where the files of documents lie: a folder outside of everything that is served, or a bucket of an S3 service.

A file's key is random and says nothing of its name or owner; names stand in PostgreSQL alone.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from models.errors import NotFound, Unavailable

_CHUNK = 256 * 1024
_TRIES = 3


class Stored(NamedTuple):
    """A file of the store: its key, and when it was written (UTC)."""

    key: str
    at: datetime


class DocumentStore(Protocol):
    """Keeps bytes by key. Every method raises Unavailable where the store does not answer."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep all of it, or nothing."""

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Open a file; its bytes come piece by piece. Raises NotFound."""

    async def delete(self, key: str) -> None:
        """Forget a file; one that is not there is no error."""

    def every(self) -> AsyncIterator[list[Stored]]:
        """All files, so many at a time."""


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3 service. Without an `endpoint` it is Amazon's; without keys, they come from the surroundings."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)


def new_key() -> str:
    """A key that nobody has and nobody guesses."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


def open_store(place: Path | Bucket) -> DocumentStore:
    """The store in a folder, which is made when something is kept, or in a bucket. Nothing is reached yet."""
    return FolderStore(place) if isinstance(place, Path) else BucketStore(place)


class _Objects(ABC):
    """What both kinds of store share: the same calls of one library."""

    @abstractmethod
    def _objects(self) -> Any:
        """The library's store, opened when it is first needed."""

    async def put(self, key: str, content: bytes) -> None:
        """See DocumentStore."""
        try:
            await self._objects().put_async(key, content)
        except _failures() as error:
            raise _unreachable() from error

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """See DocumentStore."""
        try:
            found = await self._objects().get_async(key)
        except FileNotFoundError:
            raise NotFound(
                "document.lost", "The file of this document is not in the store.", "Ask for it to be uploaded anew."
            ) from None
        except _failures() as error:
            raise _unreachable() from error
        return _pieces(found)

    async def delete(self, key: str) -> None:
        """See DocumentStore."""
        try:
            await self._objects().delete_async(key)
        except FileNotFoundError:
            return
        except _failures() as error:
            raise _unreachable() from error

    async def every(self) -> AsyncIterator[list[Stored]]:
        """See DocumentStore."""
        try:
            async for some in self._objects().list(chunk_size=1000):
                yield [Stored(one["path"], one["last_modified"]) for one in some]
        except _failures() as error:
            raise _unreachable() from error


class FolderStore(_Objects):
    """Files in a folder that its owner alone may enter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: Any = None

    def _objects(self) -> Any:
        from obstore.store import LocalStore

        if self._opened is None or not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._opened = LocalStore(self.folder)
        return self._opened

    async def put(self, key: str, content: bytes) -> None:
        """See DocumentStore. A row will say that the file is there: it is on the disk before that."""
        await super().put(key, content)
        try:
            await asyncio.to_thread(_settle, self.folder / key)
        except OSError as error:
            raise _unreachable() from error


def _settle(file: Path) -> None:
    for path in (file, file.parent):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


class BucketStore(_Objects):
    """Files in a bucket of an S3 service."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._opened: Any = None

    def _objects(self) -> Any:
        from obstore.store import S3Store

        if self._opened is None:
            of, given = self.bucket, dict[str, Any]()
            if of.endpoint:
                given |= {"endpoint": of.endpoint, "virtual_hosted_style_request": False}
            if of.access_key:
                given |= {"access_key_id": of.access_key, "secret_access_key": of.secret_key}
            self._opened = S3Store(
                of.name, prefix=of.prefix or None, region=of.region or "us-east-1", **given,
                client_options={"allow_http": of.endpoint.startswith("http://"), "timeout": "60s", "connect_timeout": "5s"},
                retry_config={"max_retries": _TRIES, "retry_timeout": timedelta(seconds=30)},
            )  # fmt: skip
        return self._opened


async def _pieces(found: Any) -> AsyncIterator[bytes]:
    try:
        async for piece in found.stream(min_chunk_size=_CHUNK):
            yield bytes(piece)
    except _failures() as error:
        raise _unreachable() from error


def _failures() -> tuple[type[Exception], ...]:
    # Imported here, as it takes a while and most commands open no store.
    from obstore.exceptions import BaseError

    return (BaseError, OSError)


def _unreachable() -> Unavailable:
    return Unavailable(
        "document.store",
        "The store of the documents does not answer.",
        "Try again in a few minutes; nothing was changed.",
    )
