"""Documents at the desk: uploaded and removed by whoever an entry belongs to, given out to them and to staff.

A file is never shown in the browser: every answer is a download, shut in besides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from desk.access import reads
from desk.mine import Mine, mine, mine_to_change
from desk.problems import status_of
from desk.words import Words
from models.errors import BadInput, NotFound, Refused, SeasonkeeperError, Unavailable
from models.season import SeasonFile
from records import applying, documents, reading
from records.database import Database
from records.documents import OTHER, DocumentView
from records.store import DocumentStore
from rules.file_names import ascii_of
from rules.uploads import ACCEPT, MEGABYTE, BadUpload, too_large

if TYPE_CHECKING:
    from desk.console import Console

MyEntry = Annotated[Mine, Depends(mine)]
MyEntryToChange = Annotated[Mine, Depends(mine_to_change)]

ENVELOPE = 64 * 1024
"""Bytes of a request beside the file itself: names, kinds, boundaries."""

READ_ON = 5
"""So many times the largest file is read and thrown away, so that a browser hears the answer to one that is too large."""

AT_ONCE = 4
"""Files that are in memory and looked into at the same time; others wait on the disk."""

SHUT_IN = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class Shelf:
    """The store of this desk, and the largest file that it takes, in MB. Without a store nothing is up- or downloaded."""

    store: DocumentStore | None = None
    megabytes: int = documents.LIMIT // MEGABYTE

    def open(self) -> DocumentStore:
        """The store. Raises Unavailable where there is none."""
        if self.store is None:
            raise Unavailable("document.store", "This desk has no store for documents.", "See SEASON_DOCUMENT_STORE.")
        return self.store


class Slot(NamedTuple):
    """A kind of document of an entry, and those of it that are there."""

    kind: str
    needed: bool
    found: tuple[DocumentView, ...]


@dataclass(frozen=True)
class Listed:
    """What the part of a page with an entry's documents shows; `parts/documents.html` draws it."""

    path: str
    slots: tuple[Slot, ...]
    megabytes: int
    changes: bool
    accept: str = ACCEPT


async def listed(
    database: Database, file: SeasonFile, entry_id: int, path: str, *, changes: bool, shelf: Shelf | None = None
) -> Listed:
    """The documents of an entry for a page below `path`; `changes` offers to upload and to remove."""
    found = await documents.of_entry(database, entry_id)
    known = [*documents.kinds(file), *(d.kind for d in found)]
    slots = tuple(
        Slot(kind, kind in file.entry_rules.documents, tuple(d for d in found if d.kind == kind))
        for kind in sorted(dict.fromkeys(known), key=lambda kind: kind == OTHER)
    )
    return Listed(f"{path}/documents", slots, (shelf or Shelf()).megabytes, changes)


class DocumentPages:
    """Answers `…/documents` below an entry."""

    def __init__(self, console: Console, shelf: Shelf | None = None) -> None:
        self._console = console
        self._database = console.desk.database
        self._shelf = shelf or Shelf()
        self._turn = asyncio.Semaphore(AT_ONCE)

    def router(self) -> APIRouter:
        """All addresses, each with who may come: the team looks, the applicant acts, staff looks."""
        router = APIRouter()
        own = "/my/{season}/{entry}/documents"
        router.get(own)(self.all)
        router.post(own)(self.upload)
        router.get(own + "/{document}")(self.download)
        router.post(own + "/{document}/remove")(self.remove)
        staff = "/seasons/{season}/entries/{entry}/documents/{document}"
        router.get(staff, dependencies=[Depends(reads)])(self.download_for_staff)
        return router

    async def all(self, request: Request, my: MyEntry) -> Response:
        """The documents on a page of their own."""
        return await self._page(request, my)

    async def upload(self, request: Request, my: MyEntryToChange) -> Response:
        """Keeps a file. Without script it leads back to the entry; what is wrong is said beside the form."""
        try:
            kind, file = await _received(request, self._shelf.megabytes * MEGABYTE)
            await self._keep(my, kind, file)
        except (BadInput, Refused, Unavailable) as error:
            return await self._page(request, my, error)
        return await self._done(request, my, "documents_added")

    async def _keep(self, my: Mine, kind: str, file: UploadFile) -> None:
        limit = self._shelf.megabytes * MEGABYTE
        try:
            async with self._turn:
                await documents.keep(
                    self._database, self._shelf.open(), my.entry_id, kind, _as_sent(file.filename), await file.read(),
                    declared=file.content_type or "", limit=limit, actor=my.actor,
                )  # fmt: skip
        finally:
            await file.close()

    async def remove(self, request: Request, my: MyEntryToChange, document: str) -> Response:
        """Takes a document out of the entry."""
        try:
            await documents.remove(self._database, _number(document), entry_id=my.entry_id, actor=my.actor)
        except (BadInput, Refused, NotFound) as error:
            return await self._page(request, my, error)
        return await self._done(request, my, "documents_removed")

    async def download(self, my: MyEntry, document: str) -> Response:
        """The bytes of a document, for whoever the entry belongs to."""
        return await self._bytes(my.entry_id, document)

    async def download_for_staff(self, season: str, entry: str, document: str) -> Response:
        """The bytes of a document, for the season office."""
        return await self._bytes((await reading.entry(self._database, entry, season)).id, document)

    async def _bytes(self, entry_id: int, document: str) -> Response:
        store = self._shelf.open()
        found, pieces = await documents.content(self._database, store, _number(document), entry_id=entry_id)
        return StreamingResponse(pieces, media_type=found.media_type, headers=_headers(found))

    async def _done(self, request: Request, my: Mine, done: str) -> Response:
        if _is_part(request):
            return await self._page(request, my, done=done)
        return RedirectResponse(f"/my/{quote(my.season)}/{quote(my.number)}#documents", 303)

    async def _page(
        self, request: Request, my: Mine, trouble: SeasonkeeperError | None = None, done: str = ""
    ) -> Response:
        words = await self._console.words(request, my.season)
        assert words.file is not None
        entry = await applying.of_entry(self._database, my.entry_id)
        shown = await listed(
            self._database, words.file, my.entry_id, f"/my/{my.season}/{my.number}",
            changes=my.acts and entry.until is not None, shelf=self._shelf,
        )  # fmt: skip
        told = in_words(trouble, words) if trouble is not None else None
        part = _is_part(request)
        # The page puts a part in its place only where the answer is a good one: what is wrong stands in the part.
        status = 200 if trouble is None or part else status_of(trouble)
        name = "my/documents_part.html" if part else "my/documents.html"
        return self._console.page(
            request, name, words, status, season=my.season, number=my.number, shown=shown, trouble=told, done=done
        )


def in_words(error: SeasonkeeperError, words: Words) -> SeasonkeeperError:
    """An error in the reader's language, where it is known in both."""
    if isinstance(error, BadUpload):
        return error.in_language(words.language)
    known = words.known_label(error.code)
    return error if known is None else type(error)(error.code, known)


def _is_part(request: Request) -> bool:
    return "hx-request" in request.headers


def _number(document: str) -> int:
    if not (document.isascii() and document.isdigit() and len(document) < 19):
        raise NotFound("document.unknown", f"There is no document '{document[:20]}'.", "Look at the entry's page.")
    return int(document)


def _headers(found: DocumentView) -> dict[str, str]:
    # RFC 6266: the plain name for old programs, the whole one as RFC 5987 writes it.
    name = f"attachment; filename=\"{ascii_of(found.name)}\"; filename*=UTF-8''{quote(found.name, safe='')}"
    return {
        "Content-Disposition": name, "Content-Length": str(found.size), "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": SHUT_IN, "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
    }  # fmt: skip


async def _received(request: Request, limit: int) -> tuple[str, UploadFile]:
    """The kind and the file of a form; the file lies on the disk while it is large. Raises BadInput, BadUpload."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadUpload("upload.none")
    parser = MultiPartParser(request.headers, _limited(request.stream(), limit + ENVELOPE), max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BadInput("upload.unreadable", f"The upload cannot be read: {error.message}", "Send it again.") from None
    except _TooMuch:
        raise too_large("", limit) from None
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        await form.close()
        raise BadUpload("upload.none")
    if (file.size or 0) > limit:
        await form.close()
        raise too_large(_as_sent(file.filename), limit)
    return str(form.get("kind") or ""), file


def _as_sent(name: str | None) -> str:
    """A file's name without what browsers write for quotes and line breaks in it (multipart/form-data in HTML)."""
    return (name or "").replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


class _TooMuch(Exception):
    """More was sent than any file may be."""


async def _limited(stream: AsyncGenerator[bytes, None], most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for piece in stream:
        size += len(piece)
        if size <= most:
            yield piece
        elif size > READ_ON * most:
            break
    if size > most:
        raise _TooMuch
