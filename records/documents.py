"""Documents of an entry: added, replaced and removed while its registration accepts; given out; forgotten in the end.

The file is in the store before its row is written, so that every row has its file; what no row names is an orphan,
which `forget_orphans` clears away.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused, SeasonkeeperError, Unavailable
from models.season import SeasonFile
from models.states import EntryState
from records import corrections, entries, gate, graces, log
from records.database import Database, rows, run
from records.inspecting import SECONDS, inspect
from records.seasons import file_of
from records.store import DocumentStore, new_key
from rules.uploads import MEGABYTE

OTHER = "other"
"""The kind of what the entry rules do not ask for."""

MOST_OTHERS = 10
MOST_A_DAY = 60
"""Uploads for one entry: what was replaced is kept for a while, and must not fill the store."""

LIMIT = 20 * MEGABYTE
"""Most bytes of a file, where no setting says otherwise."""

KEPT = timedelta(days=30)
"""How long the file of a removed document is kept, where no setting says otherwise."""

_IN_FLIGHT = timedelta(days=1)
"""So long after it was written a file without a row may still be on its way into one."""


class DocumentView(BaseModel):
    """A document as people see it. `size` in bytes, `sha256` in hex, `uploaded_at` in UTC."""

    model_config = ConfigDict(frozen=True)
    id: int
    entry_id: int
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


class Swept(NamedTuple):
    """What a look at all files found: those that stay, and those without a row."""

    kept: int
    orphans: int


_COLUMNS = "id, entry_id, kind, name, media_type, size, sha256, uploaded_at"

# The one gate of all changes. It holds the window as every other does, then the entry: so of two uploads at once the
# one sees what the other did. In the other order it and the closer could wait for one another.
_COME_IN = f"""WITH {gate.BY_ENTRY}
  SELECT e.id, e.season_id, e.number, e.state, gate.at, gate.id AS window_id
  FROM gate, entries e WHERE e.id = :entry AND {gate.MAY_COME} FOR NO KEY UPDATE OF e"""

_ADD = f"""WITH old AS (
  UPDATE documents SET removed_at = CAST(:at AS timestamptz)
  WHERE entry_id = :entry AND kind = :kind AND kind <> '{OTHER}' AND removed_at IS NULL RETURNING id
), listed AS (
  UPDATE entries SET changed_at = CAST(:at AS timestamptz),
    documents = CASE WHEN CAST(:kind AS text) = '{OTHER}' OR documents @> to_jsonb(CAST(:kind AS text)) THEN documents
      ELSE documents || to_jsonb(CAST(:kind AS text)) END
  WHERE id = :entry
), new AS (
  INSERT INTO documents (entry_id, kind, name, media_type, size, sha256, stored_as, uploaded_at)
  VALUES (:entry, :kind, :name, :media_type, :size, :sha256, :stored_as, CAST(:at AS timestamptz))
  RETURNING {_COLUMNS}
) SELECT *, (SELECT max(id) FROM old) AS replaces FROM new"""

_REMOVE = f"""WITH gone AS (
  UPDATE documents SET removed_at = CAST(:at AS timestamptz) WHERE id = :document AND removed_at IS NULL AND stored_as <> ''
  RETURNING id, entry_id, kind
) UPDATE entries e SET changed_at = CAST(:at AS timestamptz),
    documents = CASE WHEN gone.kind = '{OTHER}' THEN e.documents ELSE e.documents - gone.kind END
  FROM gone WHERE e.id = gone.entry_id"""


def kinds(file: SeasonFile) -> tuple[str, ...]:
    """The kinds of documents of a season: those that its entry rules ask for, then `other`."""
    return (*(kind for kind in file.entry_rules.documents if kind != OTHER), OTHER)


async def keep(
    database: Database,
    store: DocumentStore,
    entry_id: int,
    kind: str,
    name: str,
    content: bytes,
    *,
    declared: str = "",
    limit: int = LIMIT,
    seconds: int = SECONDS,
    actor: str = "applicant",
) -> DocumentView:
    """Keep an upload as a document of an entry; one of the same kind takes the older one's place.

    Args:
        name: as the browser gives it; only what is safe of it is kept.
        declared: media type that the browser gives; never believed.
        limit: most bytes. `seconds`: most time to look into it.

    Raises BadUpload for what is not taken, BadInput for an unknown kind; Refused where the entry cannot be changed
    now, and for one more `other` document than there may be; NotFound; Unavailable. Then nothing is kept.
    """
    async with database.transaction() as connection:
        # Before anything is done with the file. What counts is asked again when its row is written.
        entry = await _come_in(connection, entry_id)
        _known_kind(await file_of(connection, entry["season_id"]), kind)
        await _room(connection, entry, kind)
    accepted = await inspect(name, declared, content, limit, seconds=seconds)
    key = new_key()
    await store.put(key, content)
    values = {
        "entry": entry_id, "kind": kind, "name": accepted.name, "media_type": accepted.media_type,
        "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "stored_as": key,
    }  # fmt: skip
    try:
        async with database.transaction() as connection:
            return await _add(connection, values, actor)
    except Unavailable:
        # Perhaps the row was written, and only the answer was lost: the file stays, for the row or for the sweep.
        raise
    except SeasonkeeperError:
        await store.delete(key)
        raise


async def _add(connection: AsyncConnection, values: dict[str, Any], actor: str) -> DocumentView:
    entry = await _come_in(connection, values["entry"])
    await _room(connection, entry, values["kind"])
    row = (await rows(connection, _ADD, **values, at=entry["at"]))[0]
    replaces = row.pop("replaces")
    data = {"document": row["id"], "kind": row["kind"], **({"replaces": replaces} if replaces else {})}
    await _log(connection, "document.added", entry, actor, data)
    return DocumentView(**row)


async def remove(database: Database, document_id: int, *, entry_id: int, actor: str = "applicant") -> None:
    """Take a document out of its entry. Its file is kept for a while, see `forget_removed`.

    Raises NotFound where the entry has no such document; Refused where the entry cannot be changed now, and where it
    was submitted with this document because the entry rules ask for it: it can be replaced.
    """
    async with database.transaction() as connection:
        entry = await _come_in(connection, entry_id)
        document, _ = await _find(connection, document_id, entry_id)
        file = await file_of(connection, entry["season_id"])
        if (
            entry["state"] in (EntryState.SUBMITTED, EntryState.UNDECIDED)
            and document.kind in file.entry_rules.documents
        ):
            raise Refused(
                "document.needed",
                f"Entry {entry['number']} is {entry['state']}, and needs its document '{document.kind}'.",
                "Upload another in its place.",
            )
        await run(connection, _REMOVE, document=document_id, at=entry["at"])
        data = {"document": document_id, "kind": document.kind}
        await _log(connection, "document.removed", entry, actor, data)


async def of_entry(database: Database, entry_id: int) -> tuple[DocumentView, ...]:
    """The documents of an entry, without those that were removed: by kind, `other` last, then by age."""
    found = await database.at_once(
        f"""SELECT {_COLUMNS} FROM documents WHERE entry_id = :entry AND removed_at IS NULL
            ORDER BY kind = '{OTHER}', kind, id""",
        entry=entry_id,
    )
    return tuple(DocumentView(**row) for row in found)


async def content(
    database: Database, store: DocumentStore, document_id: int, *, entry_id: int | None = None
) -> tuple[DocumentView, AsyncIterator[bytes]]:
    """A document and its bytes, piece by piece; of this entry alone where one is named. Raises NotFound, Unavailable."""
    async with database.statement() as connection:
        document, key = await _find(connection, document_id, entry_id)
    return document, await store.get(key)


async def forget_removed(
    database: Database, store: DocumentStore, *, keep: timedelta = KEPT, dry_run: bool = False
) -> int:
    """Delete the files of documents that were removed longer than `keep` ago; how many. Repeating is harmless."""
    found = await database.at_once(
        "SELECT id, stored_as FROM documents WHERE removed_at < CAST(:before AS timestamptz) AND stored_as <> ''",
        before=await database.now() - keep,
    )
    for row in () if dry_run else found:
        await store.delete(row["stored_as"])
        await database.at_once("UPDATE documents SET stored_as = '' WHERE id = :id RETURNING id", id=row["id"])
    return len(found)


async def forget_orphans(database: Database, store: DocumentStore, *, dry_run: bool = False) -> Swept:
    """Delete files that no row names. Repeating is harmless; with `dry_run` they are counted alone.

    Raises Refused where the database knows no document at all and the store has files: then the one does not belong to
    the other. Where two systems share a store, each takes the other's files for orphans.
    """
    now = await database.now()
    kept = orphans = 0
    known = (await database.at_once("SELECT EXISTS (SELECT FROM documents) AS any"))[0]["any"]
    async for some in store.every():
        if some and not known:
            raise Refused(
                "document.foreign_store", "The store holds files, but this database knows of no document.",
                "See whether SEASON_DATABASE_URL and SEASON_DOCUMENT_STORE belong together.",
            )  # fmt: skip
        found = await database.at_once(
            "SELECT stored_as FROM documents WHERE stored_as = ANY(CAST(:keys AS text[]))",
            keys=[file.key for file in some],
        )
        named = {row["stored_as"] for row in found}
        loose = [file.key for file in some if file.key not in named and file.at < now - _IN_FLIGHT]
        for key in () if dry_run else loose:
            await store.delete(key)
        kept, orphans = kept + len(some) - len(loose), orphans + len(loose)
    return Swept(kept, orphans)


async def _come_in(connection: AsyncConnection, entry_id: int) -> dict[str, Any]:
    """The entry, held until the transaction ends, and the instant at which its change is accepted. Raises Refused."""
    found = await rows(connection, _COME_IN, entry=entry_id)
    if not found:
        await graces.refuse(connection, entry_id)
        await corrections.refuse(connection, entry_id)
        await entries.refuse(connection, entry_id)
    return found[0]


async def _room(connection: AsyncConnection, entry: dict[str, Any], kind: str) -> None:
    found = await rows(
        connection,
        """SELECT count(*) FILTER (WHERE kind = :kind AND removed_at IS NULL) AS there,
             count(*) FILTER (WHERE uploaded_at > CAST(:at AS timestamptz) - interval '1 day') AS today
           FROM documents WHERE entry_id = :entry""",
        entry=entry["id"],
        kind=kind,
        at=entry["at"],
    )
    if kind == OTHER and found[0]["there"] >= MOST_OTHERS:
        raise Refused(
            "document.many",
            f"Entry {entry['number']} has {MOST_OTHERS} other documents, and no more are taken.",
            "Remove one first.",
        )
    if found[0]["today"] >= MOST_A_DAY:
        raise Refused(
            "document.often",
            f"{MOST_A_DAY} documents of entry {entry['number']} were uploaded within a day.",
            "Upload again tomorrow, or ask the season office.",
        )


async def _find(connection: AsyncConnection, document_id: int, entry_id: int | None) -> tuple[DocumentView, str]:
    found = await rows(
        connection,
        f"""SELECT {_COLUMNS}, stored_as FROM documents WHERE id = :document AND removed_at IS NULL AND stored_as <> ''
            AND (CAST(:entry AS bigint) IS NULL OR entry_id = CAST(:entry AS bigint))""",
        document=document_id,
        entry=entry_id,
    )
    if not found:
        raise NotFound("document.unknown", f"There is no document {document_id} here.", "Look at the entry's page.")
    return DocumentView(**{k: v for k, v in found[0].items() if k != "stored_as"}), found[0]["stored_as"]


async def _log(
    connection: AsyncConnection, event: str, entry: dict[str, Any], actor: str, data: dict[str, Any]
) -> None:
    line = log.Line(event, actor=actor, window_id=entry["window_id"], entry_id=entry["id"], data=data)
    await log.write(connection, entry["season_id"], [line], at=entry["at"])


def _known_kind(file: SeasonFile, kind: str) -> None:
    if kind not in kinds(file):
        raise BadInput(
            "document.kind",
            f"kind: '{kind[:40]}' is no document of this season.",
            f"Choose one of: {', '.join(kinds(file))}.",
        )
