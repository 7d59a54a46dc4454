"""Registering by program: the acts of the pages, by the same rules and with the same sentences.

Who comes is a program with a token of scope `register`, or whoever is signed in. A token that is bound to a channel
registers for it; what it may see and act on says `records.registering`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from desk.access import known, signed_in
from desk.api_models import (
    LINKED,
    After,
    Leave,
    Limit,
    PersonAnswer,
    Receipt,
    Registration,
    RegistrationLine,
    RegistrationPage,
    RegistrationState,
    next_page,
)
from desk.idempotency import PATTERN, begun_of
from desk.problems import described
from desk.words import Words, language_of
from models.errors import BadInput, ChangedMeanwhile, Forbidden, NotFound, Refused
from models.forms import EntryForm, PersonForm
from models.states import EntryState
from models.text import Text
from notices.state_words import STATE_WORDS
from records import applying, entries, registering, requests
from records.access import Who
from records.database import Database
from records.registering import Own, Whole
from records.requests import Answered
from records.seasons import known_file
from rules.completeness import Check, Written, checks, missing

Season = Annotated[str, Path(description="Id of the season.", max_length=100)]
Number = Annotated[str, Path(description="Public number of the entry, such as 2024-EU-LH-0042.", max_length=100)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=PATTERN,
        description="Up to 100 visible ASCII characters. A repeat with the same key is answered as the first was, and"
        " nothing is done twice.",
    ),
]
Match = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The ETag of what was looked at: a newer revision is not overwritten (412).",
    ),
]
_ETAG = {"ETag": {"description": "Changes with every revision.", "schema": {"type": "string"}}}
_ETAGGED: dict[str, Any] = {"headers": _ETAG}
_SEEN = re.compile(r'"(\d{1,9})"')


async def registers(request: Request, season: str) -> Who:
    """A dependency: a program with the scope `register` for this season, or whoever is signed in.

    Raises NotSignedIn, Forbidden.
    """
    who = await known(request)
    if who is None or who.token is None:
        return await signed_in(request)
    if "register" not in who.scopes or who.season not in (None, season):
        raise Forbidden("access.forbidden", "This token does not register entries here.", "`season token make`.")
    return who


Registers = Annotated[Who, Depends(registers)]


def registration_routes(database: Database) -> APIRouter:
    """All addresses under `/seasons/{season}/registrations`."""
    router = APIRouter(prefix="/seasons/{season}/registrations", tags=["register"])
    _ways_in(router, database)
    _acts(router, database)
    return router


def _ways_in(router: APIRouter, database: Database) -> None:
    @router.get(
        "",
        operation_id="listRegistrations",
        summary="Your entries in a season, the oldest first.",
        responses={**described(404), **LINKED},
    )
    async def listed(
        request: Request,
        response: Response,
        season: Season,
        who: Registers,
        state: RegistrationState | None = None,
        limit: Limit = 50,
        after: After = None,
    ) -> RegistrationPage:
        found = await registering.page(database, who, season, state=state, after=after, limit=limit + 1)
        lines = tuple(RegistrationLine.model_validate(one, from_attributes=True) for one in found[:limit])
        more = next_page(request.url, response, after=lines[-1].id) if len(found) > limit else None
        return RegistrationPage(registrations=lines, next=more)

    @router.post(
        "",
        status_code=201,
        operation_id="draftRegistration",
        summary="Begin a draft. It is not submitted by this.",
        responses={
            **described(404, 409),
            201: {
                "headers": {
                    **_ETAG,
                    "Location": {"description": "Where the draft is.", "schema": {"type": "string"}},
                }
            },
        },
    )
    async def draft(
        request: Request, response: Response, season: Season, form: EntryForm, who: Registers, key: Key = None
    ) -> Registration:
        form = await _own_form(database, request, season, who, form)
        channel = None if who.channel is None else await registering.channel_code(database, who.channel, season)
        actor = "applicant" if who.token is None else who.actor
        begun = begun_of(request)
        async with database.transaction() as connection:
            entry = await entries.draft_on(connection, season, form, channel=channel, actor=actor)
            made = _registration(
                await registering.whole_on(connection, entry), leads=who.token is None, file=await known_file(database, season)
            )  # fmt: skip
            headers = {"etag": f'"{made.revision}"', "location": f"/api/seasons/{season}/registrations/{made.number}"}
            if begun is not None:
                await requests.keep_on(connection, begun, Answered(201, headers, made.model_dump(mode="json")))
        request.state.kept = begun is not None
        response.headers.update(headers)
        return made

    @router.get(
        "/{number}",
        operation_id="getRegistration",
        summary="One of your entries, with all that it says.",
        responses={**described(404), 200: _ETAGGED},
    )
    async def one(response: Response, season: Season, number: Number, who: Registers) -> Registration:
        mine = await registering.own(database, who, season, number)
        return await _answer(database, response, mine)

    @router.get(
        "/{number}/receipt",
        operation_id="getReceipt",
        summary="Number and accepting instant of the last submission.",
        responses=described(404),
    )
    async def receipt(season: Season, number: Number, who: Registers) -> Receipt:
        mine = await registering.own(database, who, season, number)
        entry = await applying.of_entry(database, mine.entry_id)
        if entry.submitted_at is None:
            raise NotFound("entry.no_receipt", f"Entry {number} was not submitted.", "Submit it first.")
        return Receipt(number=entry.number, accepted_at=entry.submitted_at)


def _acts(router: APIRouter, database: Database) -> None:
    @router.put(
        "/{number}",
        operation_id="changeRegistration",
        summary="Change an entry while it may be changed; one that was submitted is submitted again by it.",
        responses={**described(404, 409, 412), 200: _ETAGGED},
    )
    async def change(
        request: Request,
        response: Response,
        season: Season,
        number: Number,
        form: EntryForm,
        who: Registers,
        match: Match = None,
    ) -> Registration:
        mine = await _to_act_on(database, who, season, number)
        form = await _own_form(database, request, season, who, form, mine)
        own = form.applicant if mine.leads else None
        actor, seen = _actor(who, mine), _seen(match, mine)
        try:
            if mine.state == EntryState.SUBMITTED:
                await _demand(database, request, season, mine, _written(form, mine))
                await applying.change(database, mine.entry_id, form, seen=seen, actor=actor, own=own)
            else:
                await applying.save(database, mine.entry_id, form, seen=seen, actor=actor, own=own)
        except Refused as error:
            raise _meanwhile(error, number) from None
        return await _answer(database, response, mine)

    @router.post(
        "/{number}/submit",
        operation_id="submitRegistration",
        summary="Submit an entry through the gate. Submitting again while it is open counts as the newer submission.",
        responses=described(404, 409, 412),
    )
    async def submit(
        request: Request, season: Season, number: Number, who: Registers, key: Key = None, match: Match = None
    ) -> Receipt:
        mine = await _to_act_on(database, who, season, number)
        seen = _seen(match, mine)
        await _demand(database, request, season, mine, mine.written)
        actor, begun = _actor(who, mine), begun_of(request)
        try:
            if begun is not None:
                async with database.transaction() as connection:
                    done = await entries.submit_on(connection, mine.entry_id, actor=actor, seen=seen)
                    if done is not None:
                        made = Receipt(number=done[0], accepted_at=done[1])
                        await requests.keep_on(connection, begun, Answered(200, {}, made.model_dump(mode="json")))
                if done is not None:
                    request.state.kept = True
                    return made
            accepted, at = await entries.submit(database, mine.entry_id, actor=actor, seen=seen)
        except Refused as error:
            raise _meanwhile(error, number) from None
        return Receipt(number=accepted, accepted_at=at)

    @router.post(
        "/{number}/withdraw",
        operation_id="withdrawRegistration",
        summary="Take an entry out of the season. This cannot be undone.",
        responses={**described(404, 409), 200: _ETAGGED},
    )
    async def withdraw(
        request: Request,
        response: Response,
        season: Season,
        number: Number,
        body: Leave,
        who: Registers,
        key: Key = None,
    ) -> Registration:
        mine = await _to_act_on(database, who, season, number)
        file, begun = await known_file(database, season), begun_of(request)
        async with database.transaction() as connection:
            reason, actor = body.reason.strip(), _actor(who, mine)
            await entries.withdraw_on(connection, mine.entry_id, reason=reason, actor=actor)
            gone = _registration(await registering.whole_on(connection, mine.entry_id), leads=mine.leads, file=file)
            headers = {"etag": f'"{gone.revision}"'}
            if begun is not None:
                await requests.keep_on(connection, begun, Answered(200, headers, gone.model_dump(mode="json")))
        request.state.kept = begun is not None
        response.headers.update(headers)
        return gone


async def _to_act_on(database: Database, who: Who, season: str, number: str) -> Own:
    mine = await registering.own(database, who, season, number)
    if not mine.acts:
        raise Forbidden(
            "entry.not_applicant", "Only the applicant changes an entry, or the channel that registered it.",
            "Ask the applicant.",
        )  # fmt: skip
    return mine


def _actor(who: Who, mine: Own) -> str:
    """How the log calls whoever acts on an entry."""
    return "applicant" if mine.leads else who.actor


async def _own_form(
    database: Database, request: Request, season: str, who: Who, form: EntryForm, mine: Own | None = None
) -> EntryForm:
    """The form as this caller may send it. Raises BadInput, Forbidden, Refused."""
    if mine is not None:
        applicant = (await applying.of_entry(database, mine.entry_id)).applicant.email
        if form.applicant.email != applicant:
            raise BadInput(
                "entry.applicant", f"applicant.email: '{form.applicant.email}' is not the applicant of this entry.",
                "The applicant cannot be changed: withdraw the entry, and register it anew.",
            )  # fmt: skip
    if who.token is not None:
        return form if mine is None or form.documents else form.model_copy(update={"documents": None})
    if mine is None:
        await _one_each(database, request, season, who, form.applicant)
    if form.documents:
        raise BadInput(
            "entry.documents", "documents: people bring files themselves; they are not named here.",
            f"Add them at /my/{season}.",
        )  # fmt: skip
    return form.model_copy(update={"documents": () if mine is None else None})


async def _one_each(database: Database, request: Request, season: str, who: Who, applicant: PersonForm) -> None:
    """People register themselves, and one project where the season says so. Raises Forbidden, Refused."""
    if applicant.email != who.email:
        raise Forbidden(
            "entry.not_yourself", f"applicant.email: '{applicant.email}' is not your address.", "Register yourself."
        )
    file = await known_file(database, season)
    if file.entry_rules.one_entry_per_person:
        over = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.INELIGIBLE)
        every = await applying.of_person(database, who.person_id)
        for entry in every:
            if entry.season == season and entry.leads and entry.state not in over:
                raise Refused("entry.have", _words(request).label("enter_have", number=entry.number))


def _words(request: Request) -> Words:
    return Words(language_of(request.headers.get("accept-language")))


def _seen(match: str | None, mine: Own) -> int | None:
    """The revision that was looked at; None where the caller does not say. Raises ChangedMeanwhile for what is no ETag."""
    if match is None or match.strip() == "*":
        return None
    found = _SEEN.fullmatch(match.strip())
    if found is None:
        raise _changed(mine.number)
    return int(found[1])


def _changed(number: str) -> ChangedMeanwhile:
    return ChangedMeanwhile(
        "entry.changed_meanwhile", f"Entry {number} was changed elsewhere in the meantime.",
        "Load it anew, and send its new ETag.",
    )  # fmt: skip


def _meanwhile(error: Refused, number: str) -> Refused:
    return _changed(number) if error.code == "entry.newer" else error


def _written(form: EntryForm, mine: Own) -> Written:
    return Written(
        form.title, form.summary, form.fields, form.leader_degree, form.readiness, len(form.team) + 1,
        form.documents or mine.written.documents,
    )  # fmt: skip


async def _demand(database: Database, request: Request, season: str, mine: Own, written: Written) -> None:
    """Raises Refused with one sentence that names all that is missing; what is late is told so by the gate."""
    file = await known_file(database, season)
    lacks = missing(checks(written, file.track(mine.track), file.entry_rules))
    if not lacks or (await applying.of_entry(database, mine.entry_id)).until is None:
        return
    words = _words(request)
    what = ("、" if words.language == "zh" else "; ").join(_named(words, check) for check in lacks)
    raise Refused("entry.incomplete", words.label("submit_missing", what=what), words.label("submit_remedy"))


def _named(words: Words, check: Check) -> str:
    if check.what == "document" and check.about == "plan":
        return words.label("check_plan")
    return words.label(f"check_{check.what}", about=check.about)


async def _answer(database: Database, response: Response, mine: Own) -> Registration:
    whole = await registering.whole(database, mine.entry_id)
    made = _registration(whole, leads=mine.leads, file=await known_file(database, whole.entry.season))
    response.headers["ETag"] = f'"{made.revision}"'
    return made


def _registration(whole: Whole, *, leads: bool, file: Any) -> Registration:
    entry, leader = whole.entry, whole.leader
    written = Written(
        entry.title, entry.summary, entry.fields, entry.leader_degree, entry.readiness, len(entry.team) + 1,
        whole.documents,
    )  # fmt: skip
    lacks = missing(checks(written, file.track(entry.track), file.entry_rules))
    if leads:
        applicant = PersonAnswer.model_validate(entry.applicant.model_dump())
    else:
        applicant = PersonAnswer(email=leader.email, name=leader.name, birth_year=leader.birth_year)
    names = STATE_WORDS.get(whole.state)
    return Registration(
        season=entry.season, number=entry.number, state=whole.state,
        state_name=names[1] if names else Text(en=whole.state, zh=whole.state), area=entry.area, track=entry.track,
        group=entry.group, fields=entry.fields, title=entry.title, summary=entry.summary,
        organisation=entry.organisation, leader_degree=entry.leader_degree, readiness=entry.readiness,
        documents=whole.documents, channel=entry.channel, applicant=applicant,
        team=tuple(PersonAnswer(email=m.email, name=m.name, birth_year=m.birth_year) for m in entry.team),
        missing=tuple(f"document:{c.about}" if c.what == "document" else c.what for c in lacks),
        revision=entry.revision, until=entry.until, by_grace=entry.by_grace, paused=entry.paused,
        created_at=entry.created_at, changed_at=entry.changed_at, submitted_at=entry.submitted_at,
    )  # fmt: skip
