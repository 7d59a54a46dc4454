"""A person's copy as a file: JSON alone, or a ZIP with the JSON and the documents."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import PurePosixPath

from pydantic_core import to_json

from models.errors import NotFound
from records.privacy.export import Export
from records.privacy.kept import PERSONAL, TOPICS
from records.store import DocumentStore


def as_json(copy: Export) -> bytes:
    """The copy as JSON: `person`, `at`, `topics` (what and why, in both languages) and `tables`."""
    used = {kept.topic for name, kept in PERSONAL.items() if copy.tables.get(name.split(".")[0])}
    topics = {
        key: {"what": topic.what.model_dump(), "why": topic.why.model_dump()}
        for key, topic in TOPICS.items()
        if key in used
    }
    tables = {name: found for name, found in copy.tables.items() if found}
    return to_json({"person": copy.person, "at": copy.at, "topics": topics, "tables": tables}, indent=2) + b"\n"


async def as_zip(copy: Export, store: DocumentStore | None) -> bytes:
    """The JSON as `data.json` in a ZIP, and each document that the store has as `documents/<id>-<name>`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", as_json(copy))
        for document, name, key in copy.files:
            if store is None or not key:
                continue
            # One that was lost is missing in the copy too; its row is in the JSON.
            with suppress(NotFound):
                pieces = await store.get(key)
                with archive.open(f"documents/{document}-{PurePosixPath(name).name}", "w") as file:
                    async for piece in pieces:
                        file.write(piece)
    return buffer.getvalue()
