"""The pages of a channel: its pipeline, reminders, invitation, registering for a talent, vouching, the ledger."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import TypeAdapter, ValidationError

from desk.access import entrance_of, known, reads, signed_in
from desk.channel_ledger import as_csv
from desk.problems import status_of
from desk.words import Words
from models.errors import BadInput, NotFound, Refused, SeasonkeeperError
from models.forms import Email, EntryForm, PersonForm
from models.season import Area
from models.states import EntryState
from notices.state_words import STATE_WORDS
from records import channel_work, channels, endorsements, reading
from records.access import Who
from records.channel_work import NUDGES, ChannelView, Recommended

if TYPE_CHECKING:
    from desk.console import Console

SignedIn = Annotated[Who, Depends(signed_in)]
Reads = Annotated[Who, Depends(reads)]
LINE = 200
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


async def looks(request: Request, season: str, code: str) -> bool:
    """A dependency: whether it is the channel's own contact who looks; staff look too.

    Raises NotFound for everybody else, as for a channel that does not exist; NotSignedIn.
    """
    who = await known(request)
    person = who.person_id if who is not None else 0
    if person and await channel_work.whose(request.app.state.database, season, code) == person:
        return True
    if person and who is not None and who.role is None and not entrance_of(request).open:
        raise _unknown(season, code)
    if who is None and not entrance_of(request).open:
        await signed_in(request)
    await reads(request)
    return False


async def acts(request: Request, season: str, code: str, who: SignedIn) -> None:
    """A dependency: acting for a channel, which its contact alone does. Raises NotFound, NotSignedIn."""
    if await channel_work.whose(request.app.state.database, season, code) != who.person_id:
        raise _unknown(season, code)


def _unknown(season: str, code: str) -> NotFound:
    return NotFound("channel.unknown", f"You have no channel '{code}' in season '{season}'.", "Yours are at /channels.")


Act = Callable[[Words, str, str, dict[str, str]], Awaitable[tuple[str, str]]]


class ChannelPages:
    """Answers `/channels`, `/channel/{season}/{code}` and, for staff, `/seasons/{season}/channels`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database
        self._acts: dict[str, Act] = {
            "nudge": self._nudge, "vouch": self._vouch, "register": self._register, "take-back": self._take_back, "list": self._list,
            "new-code": self._new_code, "return": self._return,
        }  # fmt: skip

    def router(self) -> APIRouter:
        """All addresses, each with who may come."""
        router, base = APIRouter(), "/channel/{season}/{code}"
        router.get("/channels")(self.mine)
        router.get("/seasons/{season}/channels")(self.every)
        router.get(base)(self.channel)
        router.get(base + "/ledger.csv")(self.ledger)
        router.post(base + "/{act}", dependencies=[Depends(acts)])(self.act)
        return router

    async def mine(self, request: Request, who: SignedIn) -> Response:
        """The channels of whoever is signed in."""
        words = await self._console.words(request)
        found = [(c, await self._console.words(request, c.season)) for c in await channel_work.of_contact(self._database, who.person_id)]  # fmt: skip
        return self._console.page(request, "channel/mine.html", words, found=found)

    async def every(self, request: Request, season: str, _who: Reads) -> Response:
        """All channels of a season, with counts."""
        words = await self._console.words(request, season)
        found = await channel_work.of_season_with_counts(self._database, season)
        return self._console.page(request, "channel/every.html", words, season_id=season, found=found)

    async def channel(self, request: Request, season: str, code: str, own: Annotated[bool, Depends(looks)]) -> Response:
        """One channel: what it recommends, and what it can do."""
        return await self._page(request, season, code, own)

    async def _page(
        self,
        request: Request,
        season: str,
        code: str,
        own: bool,
        status: int = 200,
        trouble: SeasonkeeperError | None = None,
        filled: dict[str, str] | None = None,
        act: str = "",
    ) -> Response:
        words = await self._console.words(request, season)
        view = await channel_work.of_channel(self._database, season, code)
        asked = request.query_params
        done = f"chan_done_{asked.get('done', '')}"
        lists = await endorsements.of_channel(self._database, season, code)
        return self._console.page(
            request, "channel/channel.html", words, status, season=season, c=view, own=own, act=act,
            trouble=_in_words(trouble, words, view, filled or {}) if trouble else None, filled=filled or {},
            link=f"{entrance_of(request).url}/enter/{quote(season)}?via={view.invite_code}" if view.invite_code else "",
            done=words.label(done, number=asked.get("number", "")[:40]) if done in _DONE and trouble is None else "",
            open_areas=await self._open_areas(words, view), most=NUDGES, now=await self._database.now(),
            state_words=lambda state: words.of(STATE_WORDS[state][1]),
            lacks=lambda entry: _lacks(entry, words), over=_OVER,
            lists=lists, may_return=lambda entry: _may_return(entry, lists), command=uuid4().hex,
        )  # fmt: skip

    async def _open_areas(self, words: Words, view: ChannelView) -> list[Area]:
        """Where this channel can register a project now."""
        assert words.file is not None
        now = await self._database.now()
        accepts = {
            w.area for w in await reading.windows(self._database, view.season)
            if w.kind == "registration" and w.state in ("open", "scheduled") and w.opens_at <= now < w.closes_at
        }  # fmt: skip
        return [a for a in words.file.areas if a.code in accepts and view.area in (None, a.code)]

    async def act(self, request: Request, season: str, code: str, act: str) -> Response:
        """One act of the channel; then back to its page."""
        deed = self._acts.get(act)
        if deed is None:
            raise NotFound("act.unknown", f"'{act}' is no act of a channel.")
        given = await request.form()
        form = {name: str(value).replace("\x00", "").strip()[:1000] for name, value in given.items()}
        words = await self._console.words(request, season)
        try:
            done, number = await deed(words, season, code, form)
        except (Refused, BadInput, NotFound) as error:
            return await self._page(request, season, code, True, status_of(error), error, form, act)
        asked = urlencode({"done": done, "number": number} if number else {"done": done})
        return RedirectResponse(f"/channel/{quote(season)}/{quote(code)}?{asked}", 303)

    async def _nudge(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        number = form.get("number", "")
        await channel_work.nudge(self._database, season, code, number)
        return "nudge", number

    async def _vouch(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        number = form.get("number", "").upper()
        new = await channel_work.vouch(self._database, season, code, number, form.get("email", ""))
        return ("vouch" if new else "again"), number

    async def _register(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        return "register", await channel_work.register(self._database, season, code, _entry(words, form))

    async def _take_back(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        number, reason = form.get("number", ""), form.get("reason", "")[:500]
        if not reason:
            raise BadInput("channel.no_reason", words.label("chan_bad_reason"))
        _sure(words, form)
        await channel_work.take_back(self._database, season, code, number, reason)
        return "take-back", number

    async def _return(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        """Back to its applicant for correction, while the channel ranks its entries."""
        number, reason = form.get("number", ""), form.get("reason", "")
        if not reason:
            raise BadInput("channel.no_reason", words.label("chan_bad_reason"))
        _sure(words, form)
        command = form.get("command") or uuid4().hex
        await channel_work.give_back(self._database, season, code, number, reason, command=command)
        return "return", number

    async def _new_code(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        _sure(words, form)
        await channels.renew_code(self._database, season, code)
        return "new-code", ""

    async def _list(self, words: Words, season: str, code: str, form: dict[str, str]) -> tuple[str, str]:
        """Keeps the ranking; signs it too, by the button for that."""
        signs, signer = form.get("do") == "sign", form.get("signer", "")[:LINE]
        ranking = _ranking(words, form)
        if signs:
            if not signer:
                raise BadInput("form.signer", words.label("chan_bad_signer"))
            _sure(words, form)
        window = form.get("window", "")
        await endorsements.put(self._database, season, code, window, ranking, signer=signer if signs else None)
        return ("sign" if signs else "rank"), ""

    async def ledger(self, request: Request, season: str, code: str, own: Annotated[bool, Depends(looks)]) -> Response:
        """The channel's ledger as a CSV; the season office's has results that are not told yet."""
        words = await self._console.words(request, season)
        found = await channel_work.ledger(self._database, season, code, outside=own)
        return Response(
            as_csv(found, words), media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'ledger-{season}-{code}.csv')}"},
        )  # fmt: skip


_DONE = {
    f"chan_done_{what}"
    for what in ("nudge", "vouch", "again", "register", "take-back", "new-code", "rank", "sign", "return")
}
_PLACES = re.compile(r"rank-(\d{1,18})")
_OVER = (EntryState.LAPSED, EntryState.INELIGIBLE, EntryState.WITHDRAWN)


def _may_return(entry: Recommended, lists: Sequence[endorsements.ChannelList]) -> bool:
    """Whether a channel can return this entry for correction now, as far as its page knows."""
    ranks = any(one.accepts and one.area in (None, entry.area) for one in lists)
    return ranks and entry.counts and entry.state == EntryState.SUBMITTED and not entry.taken_back_at


def _sure(words: Words, form: dict[str, str]) -> None:
    if not form.get("sure"):
        raise BadInput("act.unsure", words.label("chan_bad_unsure"))


def _ranking(words: Words, form: dict[str, str]) -> list[int]:
    """The ids of the entries, best first. Raises BadInput where a place is no number, or stands twice."""
    places = {int(found[1]): value for name, value in form.items() if (found := _PLACES.fullmatch(name))}
    wrong = [v for v in places.values() if not (v.isascii() and v.isdigit() and 1 <= int(v) <= len(places))]
    if wrong:
        raise BadInput("form.rank", words.label("chan_bad_rank", value=wrong[0][:20], most=len(places)))
    if len({int(value) for value in places.values()}) < len(places):
        raise BadInput("form.rank", words.label("chan_bad_rank_twice"))
    return sorted(places, key=lambda entry: int(places[entry]))


def _entry(words: Words, form: dict[str, str]) -> EntryForm:
    """The form of a project registered for a talent. Raises BadInput that names the field."""
    email = form.get("email", "")
    for field in ("name", "title"):
        if not 0 < len(form.get(field, "")) <= LINE:
            raise BadInput(f"form.{field}", words.label(f"chan_bad_{field}"))
    for field in ("area", "track"):
        if not form.get(field):
            raise BadInput(f"form.{field}", words.label(f"chan_bad_{field}"))
    try:
        email = _EMAIL.validate_python(email)
    except ValidationError:
        raise BadInput("form.email", words.label("chan_bad_email", value=email[:LINE])) from None
    track, _, group = form["track"].partition("/")
    language = form.get("language") if form.get("language") in ("en", "zh") else words.language
    person = PersonForm.model_validate({"email": email, "name": form["name"], "language": language})
    return EntryForm(
        area=form["area"], track=track, group=group or None, title=form["title"], applicant=person, readiness=None
    )


def _lacks(entry: Recommended, words: Words) -> list[str]:
    """What a draft still lacks, in words."""
    told = []
    for check in entry.lacks:
        plan = check.what == "document" and check.about == "plan"
        name = words.label("chan_lack_plan" if plan else f"chan_lack_{check.what}", about=check.about)
        told.append(name if check.mark == "missing" else words.label("chan_doubtful", what=name))
    return told


def _in_words(error: SeasonkeeperError, words: Words, view: ChannelView, form: dict[str, str]) -> SeasonkeeperError:
    """What these pages say in both languages, in the reader's own."""
    if error.code not in _SAID:
        return error
    number = form.get("number", "")
    entry = next((e for e in view.entries if e.number == number), None)
    area = next((a.name for a in words.file.areas if a.code == view.area), None) if words.file else None
    sentence = words.label(
        error.code, quota=view.quota, number=number, area=words.of(area) if area else view.area,
        count=entry.nudges if entry else NUDGES,
        again=words.when(entry.nudge_from) if entry and entry.nudge_from else "…",
    )  # fmt: skip
    return type(error)(error.code, sentence)


_SAID = (
    "channel.quota", "channel.area", "channel.taken_back", "channel.no_such_entry", "nudge.again", "nudge.enough",
    "nudge.no_draft", "return.not_open", "return.not_own", "list.signed", "list.entries",
)  # fmt: skip
