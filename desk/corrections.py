"""The answer of an applicant whose entry was returned for correction, given on the entry's own page, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from desk.gate_words import in_words
from desk.own_entry import MyEntryToChange, OwnEntryPages
from desk.problems import status_of
from models.errors import BadInput, Refused
from records import corrections

if TYPE_CHECKING:
    from desk.console import Console


class Corrections:
    """Answers `/my/{season}/{entry}/answer`; whatever is refused is said on the entry's page."""

    def __init__(self, console: Console, pages: OwnEntryPages) -> None:
        self._console, self._pages = console, pages
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """The address, with who may come: who may change the entry."""
        router = APIRouter(prefix="/my/{season}/{entry}")
        router.post("/answer")(self.answer)
        return router

    async def answer(self, request: Request, my: MyEntryToChange) -> Response:
        """Hands in the correction; then back to the entry."""
        given = await request.form()
        said = str(given.get("answer") or "").strip()
        words = await self._console.words(request, my.season)
        try:
            if not given.get("sure"):
                raise BadInput("entry.unsure", words.label("correction_unsure"))
            await corrections.answer(self._database, my.entry_id, said, actor=my.actor)
        except (Refused, BadInput) as error:
            told = await in_words(self._database, error, words, my.season, my.area, my.entry_id)
            return await self._pages.after_answer(request, my, status_of(error), told, said)
        return RedirectResponse(f"/my/{my.season}/{my.number}#correction", 303)
