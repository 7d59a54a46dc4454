"""The pages of the console, one method each."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from desk.access import SteersEntry, office, reads
from desk.api import Steers, SteersWindow, command_of
from desk.api_models import Why
from desk.guard import MAIL_CSP
from desk.problems import status_of
from desk.strip import MARKS, draw
from desk.words import steps
from models.commands import Grace, SeasonCommand
from models.errors import BadInput, NotFound, SeasonkeeperError
from models.instants import parse_instant, parse_span
from models.states import EntryState
from models.views import StatusView
from records import documents, reading

if TYPE_CHECKING:
    from desk.console import Console

PAGE = 50
ACTS = ("extend", "close", "reopen", "pause", "resume")
SURE = ("close",)
"""Acts on a window that ask for a tick before they are done."""
GRACE_FOR = (EntryState.DRAFT, EntryState.LAPSED, EntryState.SUBMITTED)
"""The states of an entry in which more time is of use to it."""


class Pages:
    """Answers each address of the console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses, each with who may come."""
        router, looks, mails = APIRouter(), [Depends(reads)], [Depends(office)]
        get, post = partial(router.get, dependencies=looks), router.post
        get("/")(self.seasons)
        router.get("/mails", dependencies=mails)(self.mails)
        router.get("/mails/{name}", dependencies=mails)(self.mail)
        router.get("/mails/{name}/html", dependencies=mails)(self.mail_html)
        get("/seasons/{season}")(self.season)
        get("/seasons/{season}/live")(self.live)
        post("/seasons/{season}/{act}")(self.steer_season)
        get("/seasons/{season}/windows")(self.windows)
        get("/seasons/{season}/entries")(self.entries)
        get("/seasons/{season}/entries/{entry}")(self.entry)
        post("/seasons/{season}/entries/{entry}/grace")(self.give_grace)
        get("/seasons/{season}/next")(self.next)
        get("/seasons/{season}/log")(self.log)
        get("/windows/{window:path}")(self.window)
        post("/windows/{window:path}")(self.steer_window)
        return router

    async def seasons(self, request: Request) -> Response:
        """All seasons."""
        words = await self._console.words(request)
        found, now = await reading.seasons(self._database), await self._database.now()
        return self._console.page(request, "seasons.html", words, found=found, now=now)

    # One season

    async def season(self, request: Request, season: str) -> Response:
        """Where a season stands: the timeline first, then what needs attention, numbers, the last acts."""
        return await self._season(request, season, "season.html")

    async def live(self, request: Request, season: str) -> Response:
        """The part of that page which refreshes itself."""
        return await self._season(request, season, "parts/live.html")

    async def _season(
        self, request: Request, season: str, template: str, status: int = 200, trouble: SeasonkeeperError | None = None
    ) -> Response:
        words = await self._console.words(request, season)
        found = await reading.status(self._database, season)
        windows = await reading.windows(self._database, season)
        deadlines = sorted(
            (w for w in windows if w.state in ("open", "scheduled") and w.closes_at > found.now),
            key=lambda w: (w.closes_at, w.id),
        )
        coming = steps(c for w in deadlines for c in _closing(w))[:10]
        lines = await reading.log_lines(self._database, season, limit=12)
        return self._console.page(
            request, template, words, status, season_id=season, found=found, coming=coming, lines=lines,
            totals=_totals(found), wide=draw(windows, found.now, words), trouble=trouble,
            narrow=draw(windows, found.now, words, narrow=True), command=uuid4().hex,
        )  # fmt: skip

    async def steer_season(self, request: Request, season: str, act: str, who: Steers) -> Response:
        """Pause, resume or cancel."""
        form = await request.form()
        if act not in ("pause", "resume", "cancel"):
            raise NotFound("act.unknown", f"'{act}' is no act on a season.")
        words = await self._console.words(request, season)
        try:
            if act == "cancel" and not form.get("sure"):
                raise BadInput("act.unsure", words.label("confirm_missing"))
            command = SeasonCommand(
                season=season, actor=who.actor, reason=str(form.get("reason", "")),
                id=str(form.get("command") or uuid4().hex),
            )  # fmt: skip
            await self._console.desk.steer_season(act, command)
        except SeasonkeeperError as error:
            return await self._season(request, season, "season.html", status_of(error), error)
        return RedirectResponse(f"/seasons/{season}", 303)

    async def windows(
        self, request: Request, season: str, state: str = "", area: str = "", window: str = ""
    ) -> Response:
        """All windows of a season."""
        if window:
            return RedirectResponse(f"/windows/{window}", 303)
        words = await self._console.words(request, season)
        found = await reading.windows(self._database, season, state=state or None, area=area or None)
        return self._console.page(
            request, "windows.html", words, season_id=season, found=found, now=await self._database.now(),
            state=state, area=area, marks=MARKS,
        )  # fmt: skip

    async def window(self, request: Request, window: str) -> Response:
        """One window: its facts, what may be done with it, its log."""
        return await self._window(request, window)

    async def _window(
        self,
        request: Request,
        window: str,
        status: int = 200,
        trouble: SeasonkeeperError | None = None,
        filled: dict[str, str] | None = None,
    ) -> Response:
        found = await reading.window(self._database, window)
        words = await self._console.words(request, found.season)
        lines = await reading.log_lines(self._database, found.season, window=window, limit=30)
        area = words.file.area(found.area) if words.file and found.area else None
        done = request.query_params.get("done", "")
        return self._console.page(
            request, "window.html", words, status, season_id=found.season, found=found, lines=lines,
            now=await self._database.now(), trouble=trouble, filled=filled or {}, marks=MARKS,
            area_zone=area.zone if area else found.zone, command=uuid4().hex,
            done=done if done in ACTS and trouble is None else "",
        )  # fmt: skip

    async def steer_window(self, request: Request, window: str, who: SteersWindow) -> Response:
        """Extend, close, pause, resume or reopen; then back to the window."""
        form = await request.form()
        filled = {name: str(form.get(name, "")) for name in ("act", "by", "reason")}
        try:
            found = await reading.window(self._database, window)
            words = await self._console.words(request, found.season)
            if filled["act"] not in ACTS:
                raise BadInput("act.unknown", f"'{filled['act']}' is no act on a window.")
            if filled["act"] in SURE and not form.get("sure"):
                raise BadInput("act.unsure", words.label("confirm_missing"))
            span = parse_span(filled["by"]) if filled["by"] and filled["act"] in ("extend", "reopen") else None
            why = Why(reason=filled["reason"], by=span)
            act: Any = filled["act"]
            command = command_of(act, window, why, who.actor, str(form.get("command") or "") or None)
            await self._console.desk.steer_window(command)
        except NotFound:
            raise
        except SeasonkeeperError as error:
            return await self._window(request, window, status_of(error), error, filled)
        return RedirectResponse(f"/windows/{window}?done={filled['act']}", 303)

    async def entries(
        self,
        request: Request,
        season: str,
        area: str = "",
        track: str = "",
        state: str = "",
        q: str = "",
        page: int = 1,
    ) -> Response:
        """A page of entries."""
        words = await self._console.words(request, season)
        offset = (max(page, 1) - 1) * PAGE
        found = await reading.entries(
            self._database, season, area=area or None, track=track or None, state=state or None, q=q or None,
            limit=PAGE, offset=offset,
        )  # fmt: skip
        asked = {"area": area, "track": track, "state": state, "q": q}
        return self._console.page(
            request, "entries.html", words, season_id=season, found=found, asked=asked, page=max(page, 1),
            offset=offset, more=offset + PAGE < found.total,
        )  # fmt: skip

    async def entry(self, request: Request, season: str, entry: str) -> Response:
        """The life of an entry, and a form to give it more time."""
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
        life = await reading.explain(self._database, entry, season)
        return self._console.page(
            request, "entry.html", words, status, season_id=season, life=life, coming=steps(life.coming),
            may_have_grace=life.entry.state in GRACE_FOR, trouble=trouble, filled=filled or {}, command=uuid4().hex,
            done=request.query_params.get("done") == "grace" and trouble is None,
            documents=await documents.of_entry(self._database, life.entry.id),
            applicant=await reading.applicant(self._database, life.entry.id),
        )  # fmt: skip

    async def give_grace(self, request: Request, season: str, entry: str, who: SteersEntry) -> Response:
        """More time for one entry; then back to it."""
        form = await request.form()
        filled = {name: str(form.get(name, "")).strip() for name in ("until", "by", "reason")}
        words = await self._console.words(request, season)
        found = await reading.entry(self._database, entry, season)
        try:
            if not form.get("sure"):
                raise BadInput("act.unsure", words.label("confirm_missing"))
            command = Grace(
                entry=found.id, actor=who.actor, reason=filled["reason"],
                until=parse_instant(filled["until"]) if filled["until"] else None,
                by=parse_span(filled["by"]) if filled["by"] else None,
                id=str(form.get("command") or uuid4().hex),
            )  # fmt: skip
            await self._console.desk.give_grace(command)
        except SeasonkeeperError as error:
            return await self._entry(request, season, entry, status_of(error), error, filled)
        return RedirectResponse(f"/seasons/{season}/entries/{found.number}?done=grace", 303)

    async def next(self, request: Request, season: str, within: str = "14d") -> Response:
        """What will happen by itself."""
        words = await self._console.words(request, season)
        length = parse_span(within)
        coming = steps(await reading.next_up(self._database, season, length))
        now = await self._database.now()
        return self._console.page(
            request, "next.html", words, season_id=season, coming=coming, now=now, within=within, length=length
        )

    async def log(
        self, request: Request, season: str, entry: str = "", window: str = "", before: int | None = None
    ) -> Response:
        """What happened, newest first."""
        words = await self._console.words(request, season)
        lines = await reading.log_lines(
            self._database, season, entry=entry or None, window=window or None, before=before, limit=100
        )
        return self._console.page(
            request, "log.html", words, season_id=season, lines=lines, entry=entry, window=window, most=100
        )

    # The embedded mail sink

    def _mail_folder(self) -> Any:
        if not self._console.has_mails():
            raise NotFound("mail.no_sink", "No mails are kept here.", "Only the embedded mail sink keeps them.")
        return self._console.mail

    async def mails(self, request: Request, to: str = "", before: str = "") -> Response:
        """The mails that the embedded sink took in, newest first."""
        from workers.embedded.mailsink import count_mails, list_mails

        words, folder = await self._console.words(request), self._mail_folder()
        found = list_mails(folder, to=to.strip() or None, before=before or None, limit=PAGE)
        return self._console.page(
            request, "mails.html", words, found=found, total=count_mails(folder), to=to, most=PAGE,
            now=await self._database.now(),
        )  # fmt: skip

    async def mail(self, request: Request, name: str) -> Response:
        """One mail."""
        from workers.embedded.mailsink import read_html, read_mail

        words, folder = await self._console.words(request), self._mail_folder()
        html = read_html(folder, name) is not None
        return self._console.page(request, "mail.html", words, mail=read_mail(folder, name), html=html)

    async def mail_html(self, name: str) -> Response:
        """The HTML of a mail, shut in: no script runs, nothing is loaded."""
        from workers.embedded.mailsink import read_html

        html = read_html(self._mail_folder(), name)
        if html is None:
            raise NotFound("mail.no_html", f"Mail '{name}' has no HTML.")
        return Response(html, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": MAIL_CSP})


def _closing(window: Any) -> list[Any]:
    from records.reading.coming import turns

    return [c for c in turns(window, datetime.min.replace(tzinfo=window.closes_at.tzinfo)) if c.what == "closes"]


def _totals(found: StatusView) -> dict[str, dict[str, int]]:
    """Sums of the table: `*` for all, and one for each track."""
    totals: dict[str, dict[str, int]] = {}
    for cell in found.table:
        for key in ("*", cell.track, f"area {cell.area}"):
            sums = totals.setdefault(key, {})
            for name in ("started", "submitted", "eligible", "selected", "awarded"):
                sums[name] = sums.get(name, 0) + getattr(cell, name)
    return totals
