"""Documents through the web: up, replaced, down again, byte for byte, and by nobody else."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from desk.documents import Shelf
from models.commands import CloseNow
from models.errors import NotFound
from records import access, documents, entries, windows
from records.database import Database
from records.store import FolderStore, open_store
from tests import uploads as files
from tests.desk.looks import shut_out
from tests.desk.test_cli import season as season
from tests.desk.test_pages_in_browser import chromium as chromium
from tests.desk.test_pages_in_browser import open_browser
from tests.seasons import begin, entry_form

SEASON = "small-2024"
NUMBER = "2024-EU-LH-0001"
PATH = f"/my/{SEASON}/{NUMBER}/documents"
PDF = "application/pdf"


class Uploads:
    """An entry of applicant 1, and browsers of several people."""

    def __init__(self, database: Database, store: FolderStore, entry: int) -> None:
        self.database, self.store, self.entry = database, store, entry
        app = create_app(desk := Desk(database, None))
        add_console(app, desk, shelf=Shelf(store, megabytes=1))
        self.app = app

    async def browser(self, number: int | None) -> httpx.AsyncClient:
        """A browser in which applicant so-and-so is signed in, or nobody."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://testserver")
        if number is not None:
            link = await access.ask_link(self.database, f"applicant-{number}@example.org")
            assert link is not None
            used = await access.use_link(self.database, link.token)
            assert used is not None
            client.cookies.set("season_session", used[0])
        return client

    async def here(self) -> tuple[documents.DocumentView, ...]:
        """The documents of the entry."""
        return await documents.of_entry(self.database, self.entry)


@pytest.fixture
async def uploads(database: Database, tmp_path: Path) -> Uploads:
    await begin(database, datetime.now(UTC) - timedelta(days=1), open_now=True)
    entry = await entries.draft(database, SEASON, entry_form(1, documents=()))
    await entries.draft(database, SEASON, entry_form(2))
    store = open_store(tmp_path / "documents")
    assert isinstance(store, FolderStore)
    return Uploads(database, store, entry)


@pytest.fixture
async def mine(uploads: Uploads) -> AsyncIterator[httpx.AsyncClient]:
    """The applicant's browser."""
    async with await uploads.browser(1) as client:
        yield client


async def send(
    client: httpx.AsyncClient, name: str, content: bytes, kind: str = "plan", declared: str = PDF, **headers: str
) -> httpx.Response:
    """Post the form of the page."""
    given = {"file": (name, content, declared)}
    return await client.post(PATH, data={"kind": kind}, files=given, headers=headers)


async def test_a_document_goes_up_is_replaced_and_comes_down_byte_for_byte(
    uploads: Uploads, mine: httpx.AsyncClient
) -> None:
    answer = await send(mine, "计划书 v1.pdf", files.pdf())
    assert (answer.status_code, answer.headers["location"]) == (303, f"/my/{SEASON}/{NUMBER}#documents")
    newer = files.office()
    await send(mine, 'C:\\x\\new "plan".docx', newer, declared="application/octet-stream")
    (document,) = await uploads.here()
    page = await mine.get(f"{PATH}?lang=en")
    assert "new _plan_.docx" in page.text
    assert "v1.pdf" not in page.text
    for path in (f"{PATH}/{document.id}", f"/seasons/{SEASON}/entries/{NUMBER}/documents/{document.id}"):
        down = await mine.get(path)
        assert down.content == newer
        assert down.headers["content-type"] == document.media_type
        assert down.headers["content-length"] == str(len(newer))
        assert down.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in down.headers["content-security-policy"]
        assert down.headers["content-disposition"] == (
            "attachment; filename=\"new _plan_.docx\"; filename*=UTF-8''new%20_plan_.docx"
        )
    assert "new _plan_.docx" in (await mine.get(f"/my/{SEASON}/{NUMBER}")).text
    staff = await mine.get(f"/seasons/{SEASON}/entries/{NUMBER}?lang=zh")
    assert "new _plan_.docx" in staff.text
    assert "已上传材料：项目计划书。" in staff.text


async def test_the_name_of_a_download_is_whole_in_every_script(uploads: Uploads, mine: httpx.AsyncClient) -> None:
    await send(mine, "../../计划书\u202e\r\n🚀.png", files.picture("PNG"), declared="image/png")
    (document,) = await uploads.here()
    assert document.name == "计划书🚀.png"
    found = (await mine.get(f"{PATH}/{document.id}")).headers["content-disposition"]
    assert found == "attachment; filename=\"____.png\"; filename*=UTF-8''%E8%AE%A1%E5%88%92%E4%B9%A6%F0%9F%9A%80.png"


async def test_with_htmx_the_part_comes_back_alone_and_says_what_is_wrong(mine: httpx.AsyncClient) -> None:
    kept = await send(mine, "a.png", files.picture("PNG"), declared="image/png", **{"HX-Request": "true"})
    assert kept.status_code == 200
    assert kept.text.strip().startswith('<section class="card" id="documents"')
    assert "The document was uploaded." in kept.text
    wrong = await send(mine, "a.png", files.HTML, **{"HX-Request": "true", "Accept-Language": "zh-CN"})
    assert wrong.status_code == 200
    assert "“a.png”标称为PNG，但实际内容为HTML。 请上传由软件直接保存的原文件。" in wrong.text
    assert "a.png</bdi>" in wrong.text


@pytest.mark.parametrize(
    ("name", "content", "declared", "told"),
    [
        ("plan.pdf", files.PROGRAM, PDF, "is called PDF, but its content is EXE. Upload the file as"),
        ("plan.png", files.HTML, "image/png", "is called PNG, but its content is HTML."),
        ("plan.png", files.picture("PNG"), "text/html", "is called HTML, but its content is PNG."),
        ("plan.pdf", files.acting_pdf("/JavaScript", JS="x"), PDF, "that runs a script or starts something"),
        ("plan.png", b"", "image/png", "is empty. Choose the file with its content"),
        (
            "plan.png",
            files.picture("PNG") + b"\x00" * 1024 * 1024,
            "image/png",
            "is larger than 1 MB. Make its pictures",
        ),
        ("plan.png", b"\x00" * 8 * 1024 * 1024, "image/png", "is larger than 1 MB. Make its pictures"),
        ("", b"", "", "No file was chosen. Choose one, then upload."),
    ],
)
async def test_what_is_not_taken_is_said_beside_the_form_and_nothing_is_kept(
    uploads: Uploads, mine: httpx.AsyncClient, name: str, content: bytes, declared: str, told: str
) -> None:
    answer = await send(mine, name, content, declared=declared)
    assert answer.status_code == 422
    text = re.sub("&#39;|&#34;", "'", answer.text)
    assert told in text
    assert 'name="file"' in text
    assert await uploads.here() == ()
    assert [path for path in uploads.store.folder.rglob("*") if path.is_file()] == []


async def test_a_form_that_is_none_is_refused(mine: httpx.AsyncClient) -> None:
    assert (await mine.post(PATH, data={"kind": "plan"})).status_code == 422
    half = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await mine.post(PATH, content=b"--x\r\nnothing", headers=half)).status_code == 422
    wrong = await send(mine, "a.png", files.picture("PNG"), "passport", "image/png", **{"Accept-Language": "zh"})
    assert wrong.status_code == 422
    assert "请选择材料类别" in wrong.text


async def test_others_learn_nothing_of_an_entry_and_its_documents(uploads: Uploads, mine: httpx.AsyncClient) -> None:
    await send(mine, "a.png", files.picture("PNG"), declared="image/png")
    (document,) = await uploads.here()
    own = f"/my/{SEASON}/2024-EU-LH-0002/documents/{document.id}"
    async with await uploads.browser(2) as other:
        for path in (PATH, f"{PATH}/{document.id}", own):
            assert (await other.get(path)).status_code == 404
        assert (await send(other, "b.png", files.picture("PNG"))).status_code == 404
        for path in (f"{PATH}/{document.id}/remove", f"{own}/remove"):
            assert (await other.post(path)).status_code == 404
    async with await uploads.browser(None) as nobody:
        assert (await nobody.get(f"{PATH}/{document.id}")).headers["location"].startswith("/sign-in")
        assert (await send(nobody, "b.png", files.picture("PNG"))).headers["location"] == "/sign-in"
    for strange in ("x", "0", "99", "9" * 30):
        assert (await mine.get(f"{PATH}/{strange}")).status_code == 404
    assert await uploads.here() == (document,)


async def test_after_the_close_documents_can_be_read_and_no_longer_changed(
    uploads: Uploads, mine: httpx.AsyncClient
) -> None:
    await send(mine, "a.png", files.picture("PNG"), declared="image/png")
    (document,) = await uploads.here()
    why = {"actor": "ops", "reason": "a drill", "window": f"{SEASON}/EU/registration"}
    async with uploads.database.transaction() as connection:
        await windows.steer(connection, CloseNow(**why))
    assert (await send(mine, "b.png", files.picture("PNG"), declared="image/png")).status_code == 409
    assert (await mine.post(f"{PATH}/{document.id}/remove")).status_code == 409
    page = await mine.get(f"{PATH}?lang=en")
    assert "cannot be changed now" in page.text
    assert 'name="file"' not in page.text
    assert (await mine.get(f"{PATH}/{document.id}")).status_code == 200


async def test_a_removed_document_is_gone_for_everybody(uploads: Uploads, mine: httpx.AsyncClient) -> None:
    await send(mine, "a.png", files.picture("PNG"), "other", "image/png")
    (document,) = await uploads.here()
    answer = await mine.post(f"{PATH}/{document.id}/remove")
    assert (answer.status_code, await uploads.here()) == (303, ())
    assert (await mine.get(f"{PATH}/{document.id}")).status_code == 404
    with pytest.raises(NotFound):
        await documents.content(uploads.database, uploads.store, document.id)
    again = await mine.post(f"{PATH}/{document.id}/remove?lang=zh")
    assert again.status_code == 404
    assert "该材料已不存在。" in again.text


async def test_the_command_lists_documents_and_sweeps_the_store(
    season: Any, database: Database, tmp_path: Path
) -> None:
    await begin(database, datetime.now(UTC) - timedelta(days=1), season="doc-2024", open_now=True)
    entry = await entries.draft(database, "doc-2024", entry_form())
    none = await season("documents", str(entry))
    assert "There is no document yet." in none.stdout
    store = open_store(tmp_path / "documents")
    png = files.picture("PNG")
    kept = await documents.keep(database, store, entry, "plan", "计划.png", png)
    gone = await documents.keep(database, store, entry, "plan", "计划.png", png)
    assert "计划.png" in (await season("documents", str(entry))).stdout
    told = json.loads((await season("documents", str(entry), "--json")).stdout)
    assert [(one["id"], one["kind"], one["size"]) for one in told] == [(gone.id, "plan", len(png))]
    long_ago = "UPDATE documents SET removed_at = removed_at - interval '60 days' WHERE id = :id RETURNING id"
    await database.at_once(long_ago, id=kept.id)
    tried = json.loads((await season("documents", "--sweep", "--dry-run", "--json")).stdout)
    assert tried == {"kept": 1, "orphans": 0, "removed": 1, "dry_run": True}
    assert "1 files are kept; deleted: 0 that belong to nothing, 1 of" in (await season("documents", "--sweep")).stdout
    assert (await season("documents")).exit_code == 2
    assert len([path for path in (tmp_path / "documents").rglob("*") if path.is_file()]) == 1


@pytest.mark.timeout(600)
async def test_a_browser_uploads_and_removes_with_and_without_script(
    uploads: Uploads, mine: httpx.AsyncClient, chromium: str, tmp_path: Path
) -> None:
    (tmp_path / "计划书.png").write_bytes(files.picture("PNG"))
    (tmp_path / "large.png").write_bytes(b"\x89PNG" * 1024 * 1024)
    wrong: list[str] = []
    async with served(uploads.app) as address, open_browser(chromium) as browser:
        for script in (True, False):
            context = await browser.new_context(java_script_enabled=script, bypass_csp=True)
            cookie = {"name": "season_session", "value": str(mine.cookies["season_session"]), "url": address}
            await context.add_cookies([cookie])  # type: ignore[list-item]
            page = await context.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            for language in ("zh", "en") if script else ("en",):
                await page.goto(f"{address}{PATH}?lang={language}")
                await page.locator("input[type=file]").set_input_files(tmp_path / "large.png")
                await page.locator("form[enctype] button").click()
                await page.get_by_text("超过 1 MB" if language == "zh" else "larger than 1 MB").wait_for()
                if script:
                    wrong.extend(await shut_out(page))
            await page.locator("input[type=file]").set_input_files(tmp_path / "计划书.png")
            await page.locator("form[enctype] button").click()
            if not script:
                await page.wait_for_url(f"**{NUMBER}#documents")
                await page.goto(f"{address}{PATH}")
            await page.get_by_role("link", name="计划书.png").wait_for()
            async with page.expect_download() as download:
                await page.get_by_role("link", name="计划书.png").click()
            assert (await download.value).suggested_filename == "计划书.png"
            if script:
                wrong.extend(await shut_out(page))
                await page.goto(f"{address}/seasons/{SEASON}/entries/{NUMBER}")
                wrong.extend(await shut_out(page))
                await page.goto(f"{address}{PATH}")
                await page.get_by_role("button", name="Remove").click()
                await page.get_by_text("The document was removed.").wait_for()
    assert wrong == []


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app behind a real server."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving
