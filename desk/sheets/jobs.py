"""Imports on their way through the console: uploaded, tried, confirmed, done. What was uploaded is kept for an hour.

A process keeps them in memory, and the files in a folder of the data folder. Where the process ends, an import that was
under way stays as far as it came, and the same file imported again goes on from there.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import structlog

from desk.sheets.columns import SheetKind
from desk.sheets.importing import Report, import_sheet
from desk.sheets.reading import MAX_BYTES
from models.errors import BadInput, NotFound, Refused, SeasonkeeperError
from records.database import Database

KEPT_SECONDS = 3600.0
MOST = 40
_LEFT_SECONDS = 24 * 3600.0
_SOON = 1.0
"""A small import is waited for this long, so that the next page shows what came of it."""
State = Literal["trying", "tried", "importing", "done", "failed"]
log = structlog.get_logger()


@dataclass
class Job:
    """One upload. `report` is of the dry run until the import itself is done; `digest` of the bytes that were tried."""

    key: str
    season: str
    kind: SheetKind
    path: Path
    name: str
    digest: str
    actor: str
    only_area: str | None
    state: State = "trying"
    done: int = 0
    total: int = 0
    report: Report | None = None
    error: SeasonkeeperError | None = None
    at: float = field(default_factory=time.monotonic)


class Jobs:
    """The imports of one process, in a folder of its own within `folder`; made where it is needed, for its owner alone."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._all = database, folder
        self._folder = folder / secrets.token_hex(8)
        self._jobs: dict[str, Job] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def upload(
        self, season: str, kind: SheetKind, source: BinaryIO, name: str, *, actor: str, only_area: str | None
    ) -> Job:
        """Keep a file and begin to try it. Raises BadInput where it is too large, Refused where too many are kept."""
        self._tidy()
        key = secrets.token_urlsafe(16)
        path = self._folder / key
        digest = await asyncio.to_thread(self._keep, source, path)
        job = Job(key, season, kind, path, name, digest, actor, only_area)
        self._jobs[key] = job
        await self._start(job, dry_run=True)
        return job

    def _keep(self, source: BinaryIO, path: Path) -> str:
        self._all.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as target:
                path.chmod(0o600)
                while block := source.read(1 << 20):
                    size += len(block)
                    if size > MAX_BYTES:
                        raise BadInput(
                            "sheet.large", f"The file has more than {MAX_BYTES // 2**20} MB.", "Split it in parts."
                        )
                    digest.update(block)
                    target.write(block)
        except BadInput:
            path.unlink(missing_ok=True)
            raise
        return digest.hexdigest()

    def find(self, season: str, key: str, actor: str) -> Job:
        """The upload of that key, for whoever made it. Raises NotFound."""
        job = self._jobs.get(key)
        if job is None or job.season != season or job.actor != actor:
            raise NotFound("import.unknown", "There is no such import any more.", "Choose the file again.")
        return job

    async def confirm(self, job: Job) -> None:
        """Import what was tried, the same bytes. Harmless to repeat. Raises Refused where the file is another now."""
        if job.state != "tried":
            return
        job.state, job.done = "importing", 0
        if await asyncio.to_thread(_digest, job.path) != job.digest:
            job.state = "failed"
            raise Refused("import.other", "The file is not the one that was tried.", "Choose the file again.")
        await self._start(job, dry_run=False)

    async def _start(self, job: Job, *, dry_run: bool) -> None:
        task = asyncio.create_task(self._run(job, dry_run))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=_SOON)

    async def _run(self, job: Job, dry_run: bool) -> None:
        def step(done: int, total: int) -> None:
            job.done, job.total = done, total

        try:
            job.report = await import_sheet(
                self._database, job.season, job.kind, job.path, actor=job.actor, dry_run=dry_run,
                only_area=job.only_area, step=step,
            )  # fmt: skip
            job.state = "tried" if dry_run else "done"
        except SeasonkeeperError as error:
            job.state, job.error = "failed", error
        except Exception:
            job.state = "failed"
            job.error = Refused("import.failed", "The import stopped unexpectedly.", "Choose the file again.")
            log.exception("sheet.import_failed", season=job.season, kind=job.kind)

    def _tidy(self) -> None:
        """Forget what is old. Raises Refused where too much is kept all the same."""
        for old in self._all.glob("*") if self._all.is_dir() else ():
            # Of a process before this one: nobody can come back to it.
            if old != self._folder and time.time() - old.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        for key, job in list(self._jobs.items()):
            if time.monotonic() - job.at > KEPT_SECONDS and job.state not in ("trying", "importing"):
                job.path.unlink(missing_ok=True)
                del self._jobs[key]
        if len(self._jobs) >= MOST:
            raise Refused("import.many", "Too many imports are under way.", "Try again in an hour.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
