"""Pages that show how every notice of a season reads, in both languages, as text and as it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from desk.access import entrance_of, reads
from desk.guard import MAIL_CSP
from desk.previews import Preview, preview
from desk.problems import status_of
from models.errors import SeasonkeeperError
from models.text import LANGUAGES
from notices.render import template_names

if TYPE_CHECKING:
    from desk.console import Console

Template = Annotated[str, Path(max_length=60)]


class TemplatePages:
    """Answers `/seasons/{season}/notices/templates` and what lies below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses, each with who may come."""
        router, looks = APIRouter(), [Depends(reads)]
        base = "/seasons/{season}/notices/templates"
        router.get(base, dependencies=looks)(self.templates)
        router.get(base + "/{template}", dependencies=looks)(self.template)
        router.get(base + "/{template}/{language}/html", dependencies=looks)(self.html)
        return router

    async def _preview(self, request: Request, season: str, template: str, language: str, entry: str = "") -> Preview:
        url = entrance_of(request).url
        return await preview(self._database, season, template, language, entry=entry.strip(), url=url)

    async def templates(self, request: Request, season: str) -> Response:
        """All notices with their subjects."""
        words = await self._console.words(request, season)
        found = [
            {language: await self._preview(request, season, name, language) for language in LANGUAGES}
            for name in template_names()
        ]
        return self._console.page(request, "notices/templates.html", words, season_id=season, found=found)

    async def template(self, request: Request, season: str, template: Template, entry: str = "") -> Response:
        """One notice in both languages, with the values of an entry where one is named."""
        words, trouble, status = await self._console.words(request, season), None, 200
        try:
            shown = [await self._preview(request, season, template, language, entry) for language in LANGUAGES]
        except SeasonkeeperError as error:
            if not entry:
                raise
            trouble, status = error, status_of(error)
            shown = [await self._preview(request, season, template, language) for language in LANGUAGES]
        return self._console.page(
            request, "notices/template.html", words, status, season_id=season, template=template, entry=entry,
            shown=shown, trouble=trouble,
        )  # fmt: skip

    async def html(self, request: Request, season: str, template: Template, language: str, entry: str = "") -> Response:
        """The HTML part by itself, shut in: it may show itself and do nothing."""
        shown = await self._preview(request, season, template, language, entry)
        headers = {"Content-Security-Policy": MAIL_CSP}
        return Response(shown.words.html, media_type="text/html; charset=utf-8", headers=headers)
