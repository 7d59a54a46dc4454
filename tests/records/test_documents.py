"""Documents of an entry, and the store that they lie in: a folder, and a bucket of a real S3 service."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer

from models.commands import CloseNow, Grace
from models.errors import BadInput, NotFound, Refused, Unavailable
from records import documents, entries, graces, windows
from records.database import Database, at_instant, rows
from records.documents import DocumentView
from records.inspecting import inspect
from records.store import Bucket, BucketStore, DocumentStore, FolderStore, new_key, open_store
from rules.uploads import MEGABYTE, BadUpload
from tests import uploads as files
from tests.seasons import begin, entry_form

CLOSE = datetime(2024, 5, 31, 16, tzinfo=UTC)
AT = CLOSE - timedelta(days=1)
PLAN = files.picture("PNG")
"""A picture is looked into without a process of its own, which would cost each test half a second."""


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of an S3 service."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DocumentStore:
    """Each kind of store, empty."""
    if request.param == "folder":
        return open_store(tmp_path / "documents")
    address, name = request.getfixturevalue("s3"), f"b{new_key()[3:15]}"
    assert httpx.put(f"{address}/{name}").status_code == 200
    return open_store(Bucket(name, "season/files", address, "us-east-1", "key", "secret"))


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    """A store in a folder."""
    return FolderStore(tmp_path / "documents")


@pytest.fixture
async def entry(database: Database) -> int:
    """A draft without documents, the day before its registration closes."""
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(AT):
        return await entries.draft(database, "small-2024", entry_form(documents=()))


async def keep(
    database: Database, store: DocumentStore, entry: int, kind: str = "plan", name: str = "计划书.png", **more: Any
) -> DocumentView:
    """Keep a document, the day before the close where nothing else is said."""
    with at_instant(more.pop("at", AT)):
        return await documents.keep(database, store, entry, kind, name, more.pop("content", PLAN), **more)


async def every_key(store: DocumentStore) -> list[str]:
    return [stored.key async for some in store.every() for stored in some]


async def read(store: DocumentStore, key: str) -> bytes:
    return b"".join([piece async for piece in await store.get(key)])


async def kinds_of(database: Database, entry: int) -> list[str]:
    found = await database.at_once("SELECT documents FROM entries WHERE id = :entry", entry=entry)
    return list(found[0]["documents"])


async def test_a_store_gives_back_what_it_was_given_and_forgets_what_it_is_told(store: DocumentStore) -> None:
    large, key, other = bytes(range(256)) * 12_000, new_key(), new_key()
    await store.put(key, large)
    await store.put(other, b"small")
    assert await read(store, key) == large
    found = [stored async for some in store.every() for stored in some]
    assert sorted(one.key for one in found) == sorted((key, other))
    assert all(one.at.tzinfo is not None for one in found)
    await store.put(key, b"newer")
    assert await read(store, key) == b"newer"
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(NotFound, match="not in the store"):
        await store.get(key)
    assert await every_key(store) == [other]


async def test_nobody_else_on_the_machine_may_enter_the_folder(folder: FolderStore) -> None:
    await folder.put(new_key(), b"x")
    assert folder.folder.stat().st_mode & 0o777 == 0o700


async def test_a_store_that_does_not_answer_says_so(database: Database, entry: int) -> None:
    gone = BucketStore(Bucket("none", endpoint="http://127.0.0.1:9", access_key="a", secret_key="hidden-word"))
    assert "hidden-word" not in repr(gone.bucket)
    with pytest.raises(Unavailable, match="does not answer"):
        await keep(database, gone, entry)
    assert await documents.of_entry(database, entry) == ()


async def test_a_document_is_kept_given_out_replaced_and_removed(
    database: Database, store: DocumentStore, entry: int
) -> None:
    plan = files.pdf()
    first = await keep(database, store, entry, name="计划书.pdf", content=plan, actor="channel/INNO")
    assert (first.name, first.media_type, first.size) == ("计划书.pdf", "application/pdf", len(plan))
    assert first.sha256 == hashlib.sha256(plan).hexdigest()
    assert first.uploaded_at == AT
    newer = files.office()
    second = await keep(database, store, entry, name="plan.docx", content=newer)
    extra = await keep(database, store, entry, "other", "photo.png", content=files.picture("PNG"))
    assert await documents.of_entry(database, entry) == (second, extra)
    assert await kinds_of(database, entry) == ["plan"]
    found, pieces = await documents.content(database, store, second.id, entry_id=entry)
    assert (found, b"".join([piece async for piece in pieces])) == (second, newer)
    for gone, of in ((first.id, entry), (second.id, entry + 1), (99, entry)):
        with pytest.raises(NotFound, match="no document"):
            await documents.content(database, store, gone, entry_id=of)
    with at_instant(AT):
        await documents.remove(database, second.id, entry_id=entry)
        with pytest.raises(NotFound):
            await documents.remove(database, second.id, entry_id=entry)
    assert await kinds_of(database, entry) == []
    async with database.statement() as connection:
        lines = await rows(connection, "SELECT event, actor, data FROM log WHERE event LIKE 'document.%' ORDER BY id")
    assert [(line["event"], line["actor"], line["data"]) for line in lines] == [
        ("document.added", "channel/INNO", {"document": first.id, "kind": "plan"}),
        ("document.added", "applicant", {"document": second.id, "kind": "plan", "replaces": first.id}),
        ("document.added", "applicant", {"document": extra.id, "kind": "other"}),
        ("document.removed", "applicant", {"document": second.id, "kind": "plan"}),
    ]


async def test_nothing_of_the_name_stands_in_the_store(database: Database, folder: FolderStore, entry: int) -> None:
    await keep(database, folder, entry, name="../../secret-name.png")
    found = [str(path.relative_to(folder.folder)) for path in folder.folder.rglob("*") if path.is_file()]
    assert len(found) == 1
    assert "secret" not in found[0]
    assert found == await every_key(folder)


async def test_after_the_close_nothing_is_added_or_removed_and_no_file_stays(
    database: Database, folder: FolderStore, entry: int
) -> None:
    kept = await keep(database, folder, entry, at=CLOSE - timedelta(microseconds=1))
    for at in (CLOSE, CLOSE + timedelta(days=1)):
        with pytest.raises(Refused, match="closed at 2024-05-31 16:00:00"):
            await keep(database, folder, entry, at=at)
        with at_instant(at), pytest.raises(Refused) as refused:
            await documents.remove(database, kept.id, entry_id=entry)
        assert refused.value.code == "window.closed"
    assert len(await every_key(folder)) == 1
    with at_instant(CLOSE + timedelta(hours=1)):
        async with database.transaction() as connection:
            await windows.close_window(connection, "small-2024/EU/registration")
            why = {"actor": "ops", "reason": "a power cut", "by": timedelta(hours=6)}
            await graces.give_grace(connection, Grace(entry=entry, **why))
    by_grace = await keep(database, folder, entry, at=CLOSE + timedelta(hours=2))
    assert await documents.of_entry(database, entry) == (by_grace,)


async def test_a_close_while_the_file_is_looked_into_takes_the_file_away_again(
    database: Database, folder: FolderStore, entry: int
) -> None:
    class Slow(FolderStore):
        async def put(self, key: str, content: bytes) -> None:
            await super().put(key, content)
            async with database.transaction() as connection:
                sql = "UPDATE windows SET state = 'closed' WHERE id = 'small-2024/EU/registration' RETURNING id"
                assert await rows(connection, sql)

    with pytest.raises(Refused):
        await keep(database, Slow(folder.folder), entry)
    assert await every_key(folder) == []
    assert await documents.of_entry(database, entry) == ()


async def test_of_two_uploads_at_once_one_document_of_the_kind_stays(
    database: Database, folder: FolderStore, entry: int
) -> None:
    made = await asyncio.gather(*(keep(database, folder, entry) for _ in range(6)))
    found = await documents.of_entry(database, entry)
    assert len(found) == 1
    assert found[0] in made
    for n in range(8):
        await keep(database, folder, entry, "other", content=files.picture("PNG"), name=f"{n}.png")
    more = (keep(database, folder, entry, "other", content=files.picture("PNG"), name="x.png") for _ in range(5))
    answers = await asyncio.gather(*more, return_exceptions=True)
    assert sorted(getattr(a, "code", "kept") for a in answers) == ["document.many"] * 3 + ["kept"] * 2
    assert len(await every_key(folder)) == 6 + 10


async def test_what_is_replaced_all_day_long_does_not_fill_the_store(
    database: Database, folder: FolderStore, entry: int
) -> None:
    await keep(database, folder, entry)
    sql = f"""INSERT INTO documents (entry_id, kind, name, media_type, size, sha256, stored_as, uploaded_at, removed_at)
      SELECT entry_id, kind, name, media_type, size, sha256, stored_as, uploaded_at, uploaded_at
      FROM documents, generate_series(2, {documents.MOST_A_DAY}) RETURNING id"""
    await database.at_once(sql)
    with pytest.raises(Refused) as refused:
        await keep(database, folder, entry)
    assert refused.value.code == "document.often"
    assert len(await every_key(folder)) == 1


async def test_a_close_in_the_midst_of_uploads_leaves_no_file_without_its_row(
    database: Database, folder: FolderStore
) -> None:
    await begin(database, datetime.now(UTC) - timedelta(days=1), open_now=True)
    drafts = [await entries.draft(database, "small-2024", entry_form(n, documents=())) for n in range(1, 13)]

    async def upload(entry: int) -> None:
        for _ in range(4):
            await documents.keep(database, folder, entry, "plan", "plan.png", PLAN)

    async def close() -> None:
        await asyncio.sleep(0.1)
        why = {"actor": "ops", "reason": "a drill", "window": "small-2024/EU/registration"}
        async with database.transaction() as connection:
            await windows.steer(connection, CloseNow(**why))

    answers = await asyncio.gather(close(), *(upload(entry) for entry in drafts), return_exceptions=True)
    assert {getattr(answer, "code", answer) for answer in answers} <= {None, "window.closed"}
    found = await database.at_once("SELECT stored_as FROM documents")
    assert sorted(row["stored_as"] for row in found) == sorted(await every_key(folder))
    listed = await database.at_once("SELECT id FROM entries WHERE documents = '[\"plan\"]'")
    with_one = await database.at_once("SELECT DISTINCT entry_id AS id FROM documents WHERE removed_at IS NULL")
    assert {row["id"] for row in listed} == {row["id"] for row in with_one}


async def test_a_submitted_entry_keeps_what_the_rules_ask_for(
    database: Database, folder: FolderStore, entry: int
) -> None:
    plan = await keep(database, folder, entry)
    other = await keep(database, folder, entry, "other")
    with at_instant(AT):
        await entries.submit(database, entry)
        await documents.remove(database, other.id, entry_id=entry)
        with pytest.raises(Refused, match="needs its document 'plan'"):
            await documents.remove(database, plan.id, entry_id=entry)
    newer = await keep(database, folder, entry)
    assert await documents.of_entry(database, entry) == (newer,)
    with pytest.raises(BadInput, match="kind: 'secret' is no document of this season"):
        await keep(database, folder, entry, "secret")
    with pytest.raises(NotFound, match="no entry 99"):
        await keep(database, folder, 99)


async def test_an_upload_that_takes_too_long_is_ended(database: Database, folder: FolderStore, entry: int) -> None:
    with pytest.raises(BadUpload) as refused:
        await keep(database, folder, entry, name="计划书.pdf", content=files.slow_pdf(), seconds=1)
    assert refused.value.code == "upload.slow"
    assert "“计划书.pdf”读取超时" in refused.value.in_language("zh").sentence
    assert await every_key(folder) == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("计划书.pdf", files.acting_pdf("/JavaScript", JS="x"), "upload.script"),
        ("计划书.docx", files.with_link(), "upload.packed"),
        ("计划书.txt", files.archive({"a": b"a"}), "upload.type"),
    ],
)
async def test_what_the_process_of_its_own_refuses_is_refused_with_its_words(
    name: str, content: bytes, code: str
) -> None:
    with pytest.raises(BadUpload) as refused:
        await inspect(name, "", content, MEGABYTE)
    assert refused.value.code == code
    assert name in refused.value.sentence
    assert f"“{name}”" in refused.value.in_language("zh").sentence


async def test_a_sweep_deletes_what_no_document_names_and_nothing_else(
    database: Database, folder: FolderStore, entry: int
) -> None:
    kept = await keep(database, folder, entry)
    gone = await keep(database, folder, entry, "other")
    with at_instant(AT):
        await documents.remove(database, gone.id, entry_id=entry)
    await folder.put(orphan := new_key(), b"nobody's")
    # Files bear the time of this machine, which is later than the season's.
    now = datetime.now(UTC)
    with at_instant(now):
        assert await documents.forget_orphans(database, folder) == (3, 0)
        assert await documents.forget_removed(database, folder, keep=timedelta(days=9999)) == 0
    with at_instant(now + timedelta(days=2)):
        assert await documents.forget_orphans(database, folder, dry_run=True) == (2, 1)
        assert await documents.forget_removed(database, folder, dry_run=True) == 1
        assert len(await every_key(folder)) == 3
        assert await documents.forget_orphans(database, folder) == (2, 1)
        assert [await documents.forget_removed(database, folder) for _ in range(2)] == [1, 0]
        assert await documents.forget_orphans(database, folder) == (1, 0)
    assert orphan not in await every_key(folder)
    _, pieces = await documents.content(database, folder, kept.id)
    assert b"".join([piece async for piece in pieces]) == PLAN


async def test_a_sweep_with_the_wrong_database_deletes_nothing(database: Database, folder: FolderStore) -> None:
    await folder.put(new_key(), b"of another database")
    with at_instant(datetime.now(UTC) + timedelta(days=2)), pytest.raises(Refused, match="belong together"):
        await documents.forget_orphans(database, folder)
    assert len(await every_key(folder)) == 1
