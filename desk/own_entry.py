"""The page of an entry for whoever it belongs to: fill in, preview, submit, change, withdraw, and see where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from desk import entry_form
from desk.documents import Shelf, listed
from desk.entry_form import Reading, Shown
from desk.gate_words import in_words
from desk.mine import Mine, mine, mine_to_change, mine_to_leave
from desk.problems import problem, status_of
from desk.words import Step, Words, steps
from models.errors import BadInput, Refused, SeasonkeeperError
from models.season import SeasonFile
from models.states import EntryState
from notices.instants import in_clocks
from notices.state_words import STATE_WORDS
from records import applying, corrections, entries
from records.applying import OwnEntry
from records.reading.standing import Standing, standing
from rules.completeness import Check, Written, checks, missing

if TYPE_CHECKING:
    from desk.console import Console

MyEntry = Annotated[Mine, Depends(mine)]
MyEntryToChange = Annotated[Mine, Depends(mine_to_change)]
MyEntryToLeave = Annotated[Mine, Depends(mine_to_leave)]
_LEAVES = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.AWARDED, EntryState.FINISHED, EntryState.INELIGIBLE)
_THEN = {"preview": "/preview", "submit": "/submit"}


class OwnEntryPages:
    """Answers `/my/{season}/{entry}` and what is below it."""

    def __init__(self, console: Console, shelf: Shelf | None = None) -> None:
        self._console, self._shelf = console, shelf
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses, each with who may come: the team looks, the applicant acts."""
        router = APIRouter(prefix="/my/{season}/{entry}")
        router.get("")(self.entry)
        router.post("/save")(self.save)
        router.get("/preview")(self.preview)
        router.get("/submit")(self.check)
        router.post("/submit")(self.submit)
        router.get("/receipt")(self.receipt)
        router.get("/withdraw")(self.leave)
        router.post("/withdraw")(self.withdraw)
        return router

    async def entry(self, request: Request, my: MyEntry) -> Response:
        """The form while it can be changed, and where the entry stands."""
        return await self._page(request, my)

    async def _page(
        self,
        request: Request,
        my: Mine,
        status: int = 200,
        trouble: SeasonkeeperError | None = None,
        typed: Shown | None = None,
        errors: dict[str, str] | None = None,
        saved: bool = False,
        said: str = "",
    ) -> Response:
        words, entry = await self._read(request, my)
        file = _file(words)
        person = my.who.person_id if my.actor == "applicant" or not my.acts else entry.applicant_id
        stands = await standing(self._database, my.season, my.number, person)
        changes = my.acts and entry.until is not None
        shown = await listed(self._database, file, my.entry_id, _path(my), changes=changes, shelf=self._shelf)
        return self._console.page(
            request, "my/entry.html", words, status, season=my.season, e=entry, my=my, stands=stands,
            coming=_next(stands, entry), shown=shown, clock=_clock(words, entry), state_words=state_words(words, stands.state), track=file.track(entry.track),
            area=file.area(entry.area), rules=file.entry_rules, changes=changes,
            v=typed or entry_form.stored(entry, file), errors=errors or {}, trouble=trouble,
            lost=typed is not None and trouble is not None, newer=trouble is not None and trouble.code == "entry.newer",
            leads=my.who.person_id == entry.applicant_id, saved=saved or "saved" in request.query_params,
            alone="alone" in request.query_params, may_leave=my.acts and entry.state not in _LEAVES,
            zones=sorted({a.zone for a in file.areas} | {file.zone}),
            countries=sorted({a.seat.country for a in file.areas}), clocks=_clocks(words, entry), said=said,
            corrections=await corrections.of_entry(self._database, my.entry_id),
        )  # fmt: skip

    async def after_answer(
        self, request: Request, my: Mine, status: int, trouble: SeasonkeeperError, said: str
    ) -> Response:
        """The page again, with why the answer to a correction was not accepted, and what it said."""
        return await self._page(request, my, status, trouble, said=said)

    async def save(self, request: Request, my: MyEntryToChange) -> Response:
        """Saves what is good, says what is bad. A program of the page asks for JSON; a browser gets the page."""
        words, entry = await self._read(request, my)
        given = await request.form()
        leads = my.who.person_id == entry.applicant_id
        read = entry_form.read(given, entry, _file(words), words, leads=leads)
        by_itself = "application/json" in request.headers.get("accept", "")
        over = given.get("over") == "1"
        seen = None if over else _number(given.get("seen"))
        if seen is None and not over:
            raise BadInput("entry.seen", "seen: the form does not say which revision it changed.", "Load it anew.")
        try:
            if entry.state == EntryState.SUBMITTED:
                return await self._change(request, my, words, entry, read, seen)
            saved = await applying.save(self._database, my.entry_id, read.form, seen=seen, actor=my.actor, own=read.own)
        except (Refused, BadInput) as error:
            told = await self._told(error, words, entry)
            if by_itself:
                return JSONResponse({**problem(told), "newer": error.code == "entry.newer"}, status_of(error))
            return await self._page(request, my, status_of(error), told, read.shown, dict(read.errors))
        if by_itself:
            answer = {"at": saved.at.isoformat(), "revision": saved.revision, "errors": dict(read.errors)}
            return JSONResponse(answer)
        if read.errors:
            return await self._page(request, my, 422, None, read.shown, dict(read.errors), saved=True)
        then = _THEN.get(str(given.get("then", "")))
        return RedirectResponse(_path(my) + (then or "?saved=1"), 303)

    async def _change(
        self, request: Request, my: Mine, words: Words, entry: OwnEntry, read: Reading, seen: int | None
    ) -> Response:
        """What was submitted is changed and submitted again at once, if it is whole; half of it never counts."""
        if read.errors:
            return await self._page(request, my, 422, None, read.shown, dict(read.errors))
        _demand(words, entry, entry_form.written(entry, read.form))
        await applying.change(self._database, my.entry_id, read.form, seen=seen, actor=my.actor, own=read.own)
        return RedirectResponse(f"{_path(my)}/receipt", 303)

    async def preview(self, request: Request, my: MyEntry) -> Response:
        """As judges will read it."""
        words, entry = await self._read(request, my)
        return self._show(request, "my/preview.html", words, my, entry)

    async def check(self, request: Request, my: MyEntryToChange) -> Response:
        """What was checked, and the button that submits."""
        return await self._check(request, my)

    async def _check(
        self, request: Request, my: Mine, status: int = 200, trouble: SeasonkeeperError | None = None
    ) -> Response:
        words, entry = await self._read(request, my)
        found = _checks(words, entry, entry_form.written(entry))
        return self._show(
            request, "my/submit.html", words, my, entry, status, trouble=trouble, whole=not missing(found),
            found=[(check, _named(words, check)) for check in found],
        )  # fmt: skip

    async def submit(self, request: Request, my: MyEntryToChange) -> Response:
        """Submits what was looked at, through the gate."""
        given = await request.form()
        words, entry = await self._read(request, my)
        try:
            if entry.until is not None:
                _demand(words, entry, entry_form.written(entry))
                if not given.get("sure"):
                    raise BadInput("entry.unsure", words.label("submit_unsure"))
            await entries.submit(self._database, my.entry_id, actor=my.actor, seen=_number(given.get("seen")))
        except (Refused, BadInput) as error:
            return await self._check(request, my, status_of(error), await self._told(error, words, entry))
        return RedirectResponse(f"{_path(my)}/receipt", 303)

    async def receipt(self, request: Request, my: MyEntry) -> Response:
        """Number and accepting instant of the last submission."""
        words, entry = await self._read(request, my)
        if entry.submitted_at is None:
            return RedirectResponse(_path(my), 303)
        return self._show(request, "my/receipt.html", words, my, entry)

    async def leave(self, request: Request, my: MyEntryToLeave) -> Response:
        """Asks whether it is meant."""
        words, entry = await self._read(request, my)
        return self._show(request, "my/withdraw.html", words, my, entry, trouble=None, reason="")

    async def withdraw(self, request: Request, my: MyEntryToLeave) -> Response:
        """Takes the entry out of the season."""
        given = await request.form()
        words, entry = await self._read(request, my)
        reason = str(given.get("reason") or "").replace("\x00", "").strip()[:500]
        try:
            if not reason:
                raise BadInput("entry.no_reason", words.label("withdraw_reason_missing"))
            if not given.get("sure"):
                raise BadInput("entry.unsure", words.label("submit_unsure"))
            await entries.withdraw(self._database, my.entry_id, reason=reason, actor=my.actor)
        except (Refused, BadInput) as error:
            told = await self._told(error, words, entry)
            return self._show(
                request, "my/withdraw.html", words, my, entry, status_of(error), trouble=told, reason=reason
            )
        return RedirectResponse(_path(my), 303)

    async def _told(self, error: SeasonkeeperError, words: Words, entry: OwnEntry) -> SeasonkeeperError:
        """What these pages say, in the reader's own language."""
        if error.code == "entry.newer":
            return Refused(error.code, words.label("form_newer"))
        return await in_words(self._database, error, words, entry.season, entry.area, entry.id)

    async def _read(self, request: Request, my: Mine) -> tuple[Words, OwnEntry]:
        return await self._console.words(request, my.season), await applying.of_entry(self._database, my.entry_id)

    def _show(
        self, request: Request, name: str, words: Words, my: Mine, entry: OwnEntry, status: int = 200, **values: Any
    ) -> Response:
        file = _file(words)
        return self._console.page(
            request, name, words, status, season=my.season, e=entry, my=my, track=file.track(entry.track),
            area=file.area(entry.area), clocks=_clocks(words, entry), **values,
        )  # fmt: skip


def _file(words: Words) -> SeasonFile:
    assert words.file is not None
    return words.file


def _path(my: Mine) -> str:
    return f"/my/{my.season}/{my.number}"


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def state_words(words: Words, state: str) -> str:
    """The state of an entry, as its applicant reads it."""
    return words.of(STATE_WORDS[state][1]) if state in STATE_WORDS else state


def _clocks(words: Words, entry: OwnEntry) -> Any:
    """Instants in the season's clock, the area's, and the applicant's own where it is known."""
    zones = (words.zone, _file(words).area(entry.area).zone, entry.applicant.zone)

    def clocks(at: Any, *, deadline: bool = False) -> str:
        return in_clocks(at.replace(microsecond=0), zones, words.language, deadline=deadline)

    return clocks


def _clock(words: Words, entry: OwnEntry) -> Any:
    """Instants in one clock: the applicant's own, else the area's."""
    zone = entry.applicant.zone or _file(words).area(entry.area).zone

    def clock(at: Any, *, deadline: bool = False) -> str:
        return words.when(at, zone, deadline=deadline)

    return clock


def _next(stands: Standing, entry: OwnEntry) -> list[Step]:
    """What comes next, but for the close that the page tells first of all."""
    return steps(c for c in stands.coming if not (entry.until and c.kind == "registration" and c.what == "closes"))


def _checks(words: Words, entry: OwnEntry, written: Written) -> tuple[Check, ...]:
    file = _file(words)
    return checks(written, file.track(entry.track), file.entry_rules)


def _named(words: Words, check: Check) -> str:
    return words.label(f"check_{check.what}", about=words.document(check.about) if check.about else "")


def _demand(words: Words, entry: OwnEntry, written: Written) -> None:
    """Raises Refused with one sentence that names everything that is missing."""
    lacks = missing(_checks(words, entry, written))
    if lacks:
        what = ("、" if words.language == "zh" else "; ").join(_named(words, check) for check in lacks)
        raise Refused("entry.incomplete", words.label("submit_missing", what=what), words.label("submit_remedy"))
