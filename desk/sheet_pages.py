"""The pages of spreadsheets: templates, imports with a dry run first, and the export of every list."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from desk.access import entrance_of, needs_role, reads
from desk.problems import status_of
from desk.sheets.columns import KINDS, SheetKind
from desk.sheets.exporting import export
from desk.sheets.jobs import Job, Jobs
from desk.sheets.reading import MAX_BYTES
from desk.sheets.telling import field_name, sentence, write_problems
from desk.sheets.template import write_template
from desk.sheets.writing import FORMS, MEDIA, Form
from models.errors import BadInput, Forbidden, NotFound, SeasonkeeperError
from records.access import Who
from records.lists import LISTS, list_name

if TYPE_CHECKING:
    from desk.console import Console

SHOWN = 200
"""Problems on the page; the file has all."""
_brings = needs_role("operations", "organiser", scope="steer")
Brings = Annotated[Who, Depends(_brings)]
Reads = Annotated[Who, Depends(reads)]


class SheetPages:
    """Answers the addresses of spreadsheets. `folder` is where uploads are kept."""

    def __init__(self, console: Console, folder: Path | None) -> None:
        self._console, self._database = console, console.desk.database
        self._jobs = Jobs(self._database, folder or Path(tempfile.gettempdir()) / "season-imports")

    def router(self) -> APIRouter:
        """All addresses, each with who may come."""
        router, base = APIRouter(), "/seasons/{season}/import"
        router.get(base)(self.start)
        router.post(base)(self.upload)
        router.get(base + "/templates/{kind}.{form}")(self.template)
        router.get(base + "/{key}")(self.job)
        router.post(base + "/{key}")(self.confirm)
        router.get(base + "/{key}/live")(self.live)
        router.get(base + "/{key}/problems.{form}")(self.problems)
        router.get("/seasons/{season}/export/{what}.{form}")(self.export)
        return router

    async def start(self, request: Request, season: str, who: Brings) -> Response:
        """What can be imported and exported here, and the templates."""
        return await self._start(request, season, who)

    async def _start(
        self, request: Request, season: str, who: Who, trouble: SeasonkeeperError | None = None, kind: str = ""
    ) -> Response:
        words = await self._console.words(request, season)
        return self._console.page(
            request, "sheets/import.html", words, status_of(trouble) if trouble else 200, season_id=season,
            kinds=self._kinds(request, who), lists=tuple(LISTS), forms=FORMS, trouble=trouble, kind=kind,
        )  # fmt: skip

    async def upload(self, request: Request, season: str, who: Brings) -> Response:
        """Take a file in and try it."""
        words = await self._console.words(request, season)
        kind = ""
        try:
            _check_length(request)
            async with request.form(max_files=1, max_fields=5) as form:
                kind, file = str(form.get("kind", "")), form.get("file")
                chosen = self._kind(request, who, kind)
                if not isinstance(file, UploadFile) or not file.filename:
                    raise BadInput("sheet.no_file", words.label("sheet_file_missing"))
                job = await self._jobs.upload(
                    season, chosen, file.file, file.filename[-100:], actor=who.actor,
                    only_area=self._only_area(request, who),
                )  # fmt: skip
        except (BadInput, Forbidden) as error:
            if isinstance(error, Forbidden):
                raise
            return await self._start(request, season, who, error, kind)
        return RedirectResponse(f"/seasons/{season}/import/{job.key}", 303)

    async def job(self, request: Request, season: str, key: str, who: Brings) -> Response:
        """What would happen, how far it is, what came of it."""
        return await self._job(request, self._jobs.find(season, key, who.actor), "sheets/job.html")

    async def live(self, request: Request, season: str, key: str, who: Brings) -> Response:
        """The part of that page which refreshes itself."""
        return await self._job(request, self._jobs.find(season, key, who.actor), "sheets/report.html")

    async def _job(self, request: Request, job: Job, template: str) -> Response:
        words = await self._console.words(request, job.season)
        report = job.report
        shown: list[dict[str, str]] = []
        for p in report.problems[:SHOWN] if report else ():
            assert report is not None
            said, remedy = sentence(report, p, words)
            field = field_name(report, p, words)
            shown.append({"cell": p.cell, "field": field, "value": p.value, "said": said, "remedy": remedy})
        return self._console.page(
            request, template, words, season_id=job.season, job=job, report=report, problems=shown, forms=FORMS,
        )  # fmt: skip

    async def confirm(self, request: Request, season: str, key: str, who: Brings) -> Response:
        """Import what was tried."""
        await self._jobs.confirm(self._jobs.find(season, key, who.actor))
        return RedirectResponse(f"/seasons/{season}/import/{key}", 303)

    async def problems(self, request: Request, season: str, key: str, form: str, who: Brings) -> Response:
        """The bad rows, to correct and bring again."""
        job = self._jobs.find(season, key, who.actor)
        words, chosen = await self._console.words(request, season), _form(form)
        if job.report is None:
            raise NotFound("import.unknown", "Nothing came of this import yet.", "Wait until it is done.")
        with _folder() as folder:
            path = folder / f"{job.kind}-{season}.{chosen}"
            write_problems(job.report, job.path, path, words)
            return _download(path, chosen)

    async def template(self, request: Request, season: str, kind: str, form: str, who: Brings) -> Response:
        """A sheet to fill in."""
        words, chosen = await self._console.words(request, season), _form(form)
        known = self._kind(request, who, kind)
        assert words.file is not None
        with _folder() as folder:
            path = folder / f"{known}-{season}.{chosen}"
            write_template(known, path, words.file, words)
            return _download(path, chosen)

    async def export(self, request: Request, season: str, what: str, form: str, who: Reads) -> Response:
        """A list of the season. Addresses are for operations alone."""
        words, chosen, name = await self._console.words(request, season), _form(form), list_name(what)
        with _folder() as folder:
            path = folder / f"{name}-{season}.{chosen}"
            await export(self._database, season, name, path, words, addresses=who.role == "operations")
            return _download(path, chosen)

    # Who brings what

    def _kinds(self, request: Request, who: Who) -> tuple[SheetKind, ...]:
        # Needs belong to no area: they are for whoever acts on the whole season.
        return tuple(kind for kind in KINDS if kind != "needs" or self._only_area(request, who) is None)

    def _kind(self, request: Request, who: Who, kind: str) -> SheetKind:
        for known in KINDS:
            if known == kind:
                if known not in self._kinds(request, who):
                    raise Forbidden("access.forbidden", "Your role does not allow this.", "Ask operations.")
                return known
        raise BadInput("sheet.kind", f"'{kind}' cannot be imported.", f"Choose one of: {', '.join(KINDS)}.")

    def _only_area(self, request: Request, who: Who) -> str | None:
        return who.area if who.role == "organiser" and not entrance_of(request).open else None


def _check_length(request: Request) -> None:
    """Raises BadInput for what is too large before it is taken in, and for what does not say how large it is."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_BYTES + 10_000:
        raise BadInput("sheet.large", f"The file has more than {MAX_BYTES // 2**20} MB.", "Split it in parts.")


def _form(form: str) -> Form:
    for known in FORMS:
        if known == form:
            return known
    raise NotFound("sheet.form", f"There is no '.{form}' here.", "Choose xlsx or csv.")


class _folder:  # noqa: N801 - reads as a phrase: `with _folder() as folder:`
    """A folder for one download; it goes when the download is done, or at once where it comes to nothing."""

    def __enter__(self) -> Path:
        self._path = Path(tempfile.mkdtemp(prefix="season-sheet-"))
        return self._path

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            shutil.rmtree(self._path, ignore_errors=True)


def _download(path: Path, form: Form) -> FileResponse:
    done: Any = partial(shutil.rmtree, path.parent, ignore_errors=True)
    return FileResponse(path, media_type=MEDIA[form], filename=path.name, background=BackgroundTask(done))
