"""The queue of screening, and the form by which a person decides on one entry or returns it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from desk.access import SteersEntry, known, reads
from desk.problems import status_of
from models.commands import Return
from models.errors import BadInput, SeasonkeeperError
from models.instants import parse_span
from records import corrections, reading
from records.screening import decide_screening

if TYPE_CHECKING:
    from desk.console import Console

ACTS = ("eligible", "ineligible", "return")


class ScreeningPages:
    """Answers the addresses of screening."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses, each with who may come; organisers decide on entries of their own area."""
        router = APIRouter(prefix="/seasons/{season}/screening")
        router.get("", dependencies=[Depends(reads)])(self.queue)
        router.get("/{entry}", dependencies=[Depends(reads)])(self.entry)
        router.post("/{entry}")(self.decide)
        return router

    async def queue(self, request: Request, season: str, area: str = "") -> Response:
        """Everything that waits, oldest first; an organiser sees the own area."""
        words = await self._console.words(request, season)
        who = await known(request)
        own = who.area if who is not None and who.role == "organiser" else None
        found = await reading.undecided(self._database, season, area=own or area or None)
        now = await self._database.now()
        done = request.query_params.get("done", "")[:40]
        return self._console.page(
            request, "screening/queue.html", words, season_id=season, found=found, now=now, done=done,
            did=request.query_params.get("did", ""),
        )  # fmt: skip

    async def entry(self, request: Request, season: str, entry: str) -> Response:
        """One entry, with what was found, its project, and the form."""
        return await self._entry(request, season, entry)

    async def _entry(
        self,
        request: Request,
        season: str,
        entry: str,
        status: int = 200,
        trouble: SeasonkeeperError | None = None,
        filled: dict[str, str] | None = None,
    ) -> Response:
        words = await self._console.words(request, season)
        found = await reading.entry(self._database, entry, season)
        waiting = await reading.undecided(self._database, season, entry=found.id)
        return self._console.page(
            request, "screening/entry.html", words, status, season_id=season, e=found,
            one=waiting[0] if waiting else None, corrections=await corrections.of_entry(self._database, found.id),
            trouble=trouble, filled=filled or {}, command=uuid4().hex, now=await self._database.now(),
        )  # fmt: skip

    async def decide(self, request: Request, season: str, entry: str, who: SteersEntry) -> Response:
        """Decides or returns; then on to the queue, which says what was done."""
        form = await request.form()
        filled = {name: str(form.get(name, "")).strip()[:4000] for name in ("act", "reason", "by")}
        words = await self._console.words(request, season)
        found = await reading.entry(self._database, entry, season)
        command = str(form.get("command") or uuid4().hex)[:100]
        try:
            if filled["act"] == "return":
                await self._console.desk.return_for_correction(
                    Return(
                        entry=found.id,
                        actor=who.actor,
                        reason=filled["reason"],
                        id=command,
                        by=parse_span(filled["by"]) if filled["by"] else None,
                    )
                )
            elif filled["act"] in ACTS:
                await decide_screening(
                    self._database, found.id, eligible=filled["act"] == "eligible", actor=who.actor,
                    reason=filled["reason"], command_id=command,
                )  # fmt: skip
            else:
                raise BadInput("queue.which", words.label("queue_which"))
        except SeasonkeeperError as error:
            return await self._entry(request, season, entry, status_of(error), error, filled)
        return RedirectResponse(f"/seasons/{season}/screening?done={found.number}&did={filled['act']}", 303)
