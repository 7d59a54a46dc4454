"""The HTTP API: the same questions and the same commands as the CLI and the console, as JSON under `/api`.

An open desk (`SEASON_DESK_OPEN`) asks nobody who they are. Elsewhere a program shows a token as
`Authorization: Bearer …`: scope `read` to ask, `steer` to command, `register` to register entries. Its description is
`/api/openapi.json`, its manual docs/api.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar, get_args

import asyncpg
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from desk import dry
from desk.access import Entrance, reads, steers, steers_window
from desk.api_bounces import bounce_routes
from desk.api_description import describe
from desk.api_hooks import hook_routes
from desk.api_models import (
    LINKED,
    Before,
    BulkAnswer,
    ComingAnswer,
    DryRun,
    HealthAnswer,
    LifeAnswer,
    Limit,
    LineAnswer,
    Offset,
    StartAnswer,
    StatusAnswer,
    Why,
    next_page,
)
from desk.api_notices import notice_routes
from desk.api_registration import Key, Number, Season, registration_routes
from desk.api_screening import screening_routes
from desk.client import Desk
from desk.guard import Guard
from desk.idempotency import Idempotency, command_id
from desk.limits import Limits, Rates, SignInLimit
from desk.problems import described, failed, problem, said_once, told
from desk.told import coming_json, life_json, line_json, status_json
from desk.words import Words
from models.commands import (
    CloseNow,
    Extend,
    Outcome,
    PauseWindow,
    Reopen,
    ResumeWindow,
    SeasonCommand,
    WindowCommand,
)
from models.errors import BadInput, SeasonkeeperError
from models.instants import Span, parse_span
from models.season import SeasonFile
from models.views import EntryPage, EntryView, NoticeView, SeasonView, WindowView
from notices.webhooks import Channel, HttpWebhooks
from records import reading
from records.access import Who
from records.seasons import live
from rules.check import check
from rules.season_source import Source

WindowAct = Literal["extend", "close", "reopen", "pause", "resume"]
SeasonAct = Literal["pause", "resume", "cancel"]
Steers = Annotated[Who, Depends(steers)]
SteersWindow = Annotated[Who, Depends(steers_window)]
Window = Annotated[str, Path(description="Id of the window, such as `cotiec-2024/EU/registration`.", max_length=300)]
Code = Annotated[str | None, Query(max_length=100)]
_WINDOW_ACTS: dict[WindowAct, str] = {
    "extend": "Move the close of a window: `until`, or later `by` a span.",
    "close": "Close an open window at once.",
    "reopen": "Open a closed window again: `until`, or `by` a span.",
    "pause": "Stop a window's clock: nothing is accepted, no time is lost.",
    "resume": "Let a paused window run on.",
}
_SEASON_ACTS: dict[SeasonAct, str] = {
    "pause": "Pause a season: all its clocks stand still.",
    "resume": "Let a paused season run on.",
    "cancel": "Cancel a season. This cannot be undone.",
}
_Item = TypeVar("_Item")


class Start(BaseModel):
    """The body that starts a season."""

    model_config = ConfigDict(extra="forbid")
    file: SeasonFile
    id: str | None = None
    open_now: bool = False
    day: Span | None = Field(default=None, description="How long a day of the season lasts, such as `2s`.")


def command_of(act: WindowAct, window: str, why: Why, actor: str, key: str | None = None) -> WindowCommand:
    """The command that an act on a window means; `actor` is who acts, as the log calls them."""
    head: dict[str, Any] = {"window": window, "actor": actor, "reason": why.reason, "id": command_id(actor, key)}
    match act:
        case "extend":
            return Extend(**head, until=why.until, by=why.by)
        case "reopen":
            return Reopen(**head, until=why.until, by=why.by)
        case "close":
            return CloseNow(**head)
        case "pause":
            return PauseWindow(**head)
        case "resume":
            return ResumeWindow(**head)


async def words_of(desk: Desk, season: str) -> Words:
    """English words that know the names of a season. Raises NotFound."""
    async with desk.database.statement() as connection:
        return Words("en", (await live(connection, season)).file)


def create_app(
    desk: Desk,
    *,
    lifespan: Callable[..., Any] | None = None,
    entrance: Entrance | None = None,
    rates: Rates | None = None,
    webhooks: Channel | None = None,
) -> FastAPI:
    """The API on a desk. Without an `entrance` it is open: nobody signs in. `rates` is how much may be asked.

    `webhooks` is what tests of webhooks are sent by.
    """
    app = FastAPI(
        title="Seasonkeeper", version="0.1.0", summary="Ask, steer and register.", description=__doc__ or "",
        docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=lifespan,
    )  # fmt: skip
    rates = rates or Rates()
    app.state.database, app.state.entrance = desk.database, entrance or Entrance()
    app.state.sign_in_limit = SignInLimit(rates.sign_in)
    app.state.webhooks = webhooks or HttpWebhooks()
    # The last is the outermost: what another site sends is not counted, and what is too much is not begun.
    app.add_middleware(Idempotency)
    app.add_middleware(Limits, rates=rates)
    app.add_middleware(Guard)
    for kind in (SeasonkeeperError, RequestValidationError, HTTPException, asyncpg.DataError, DataError):
        app.add_exception_handler(kind, told)
    app.add_exception_handler(Exception, failed)
    once = Depends(said_once)
    app.include_router(_reads(desk), prefix="/api", tags=["ask"], dependencies=[Depends(reads), once])
    app.include_router(registration_routes(desk.database), prefix="/api", dependencies=[once])
    app.include_router(_commands(desk), prefix="/api", tags=["steer"], dependencies=[once])
    app.include_router(screening_routes(desk), prefix="/api", dependencies=[once])
    app.include_router(hook_routes(), prefix="/api", dependencies=[once])
    app.include_router(notice_routes(desk), prefix="/api", dependencies=[once])
    app.include_router(bounce_routes(), prefix="/api", dependencies=[once])
    app.include_router(_health(desk))
    describe(app)
    return app


def _health(desk: Desk) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health", operation_id="health", summary="Whether this process serves, and what it reaches.")
    @router.get("/healthz", include_in_schema=False)
    async def health() -> HealthAnswer:
        try:
            await desk.database.now()
            database = True
        except SeasonkeeperError:
            database = False
        return HealthAnswer(ok=database, database=database, temporal=desk.temporal is not None)

    return router


def _page(
    found: Sequence[_Item], request: Request, response: Response, limit: int, offset: int, *, cut: bool = False
) -> tuple[_Item, ...]:
    """A page of what was found, and where the next one is. `cut`: found from the offset on, and one more than asked."""
    rest = found if cut else found[offset:]
    if len(rest) > limit:
        next_page(request.url, response, limit=limit, offset=offset + limit)
    return tuple(rest[:limit])


def _reads(desk: Desk) -> APIRouter:
    router = APIRouter()
    _of_seasons(router, desk)
    _of_happenings(router, desk)
    _of_entries(router, desk)
    return router


def _of_seasons(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/seasons",
        operation_id="listSeasons",
        summary="All seasons, those that run first.",
        responses={**described(), **LINKED},
    )
    async def seasons(
        request: Request, response: Response, limit: Limit = 50, offset: Offset = 0
    ) -> tuple[SeasonView, ...]:
        return _page(await reading.seasons(desk.database), request, response, limit, offset)

    @router.get(
        "/seasons/{season}",
        operation_id="getSeason",
        summary="Where a season stands, and what needs attention.",
        responses=described(404),
    )
    async def status(season: Season) -> StatusAnswer:
        found = status_json(await reading.status(desk.database, season), await words_of(desk, season))
        return StatusAnswer.model_validate(found)

    @router.get(
        "/seasons/{season}/windows",
        operation_id="listWindows",
        summary="The windows of a season; `may` are the commands accepted now.",
        responses={**described(404), **LINKED},
    )
    async def windows(
        request: Request,
        response: Response,
        season: Season,
        state: Code = None,
        area: Code = None,
        limit: Limit = 200,
        offset: Offset = 0,
    ) -> tuple[WindowView, ...]:
        found = await reading.windows(desk.database, season, state=state, area=area)
        return _page(found, request, response, limit, offset)


def _of_happenings(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/seasons/{season}/log",
        operation_id="listLog",
        summary="What happened, newest first.",
        responses={**described(404), **LINKED},
    )
    async def log(
        request: Request,
        response: Response,
        season: Season,
        entry: Code = None,
        window: Annotated[str | None, Query(max_length=300)] = None,
        limit: Limit = 50,
        before: Before = None,
    ) -> tuple[LineAnswer, ...]:
        found = await reading.log_lines(
            desk.database, season, entry=entry, window=window, limit=limit + 1, before=before
        )
        if len(found) > limit:
            next_page(request.url, response, limit=limit, before=found[limit - 1].id)
        words = await words_of(desk, season)
        return tuple(LineAnswer.model_validate(line_json(line, words)) for line in found[:limit])

    @router.get(
        "/seasons/{season}/next",
        operation_id="listNext",
        summary="What will happen by itself, and when.",
        responses={**described(404), **LINKED},
    )
    async def next_up(
        request: Request,
        response: Response,
        season: Season,
        within: Annotated[str, Query(max_length=40, description="How far to look, such as `7d`.")] = "7d",
        limit: Limit = 200,
        offset: Offset = 0,
    ) -> tuple[ComingAnswer, ...]:
        found = await reading.next_up(desk.database, season, parse_span(within))
        page = _page(found, request, response, limit, offset)
        return tuple(ComingAnswer.model_validate(c) for c in coming_json(page, await words_of(desk, season)))

    @router.get(
        "/seasons/{season}/notices",
        operation_id="listNotices",
        summary="The newest notices, and what the mail server answered.",
        responses={**described(404), **LINKED},
    )
    async def notices(
        request: Request,
        response: Response,
        season: Season,
        state: Code = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> tuple[NoticeView, ...]:
        found = await reading.notices(desk.database, season, state=state, limit=limit + 1, offset=offset)
        return _page(found, request, response, limit, offset, cut=True)


def _of_entries(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/seasons/{season}/entries",
        operation_id="listEntries",
        summary="A page of entries; `q` is looked for in number and title.",
        responses={**described(404), **LINKED},
    )
    async def entries(
        request: Request,
        response: Response,
        season: Season,
        area: Code = None,
        track: Code = None,
        state: Code = None,
        q: Annotated[str | None, Query(max_length=200)] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> EntryPage:
        page = await reading.entries(
            desk.database, season, area=area, track=track, state=state, q=q, limit=limit, offset=offset
        )
        if page.total > offset + limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return page

    @router.get(
        "/seasons/{season}/entries/{entry}",
        operation_id="getEntry",
        summary="One entry by its number or id.",
        responses=described(404),
    )
    async def entry(season: Season, entry: Number) -> EntryView:
        return await reading.entry(desk.database, entry, season)

    @router.get(
        "/seasons/{season}/entries/{entry}/life",
        operation_id="getLife",
        summary="What happened to an entry, and what is next.",
        responses=described(404),
    )
    async def life(season: Season, entry: Number) -> LifeAnswer:
        found = await reading.explain(desk.database, entry, season)
        return LifeAnswer.model_validate(life_json(found, await words_of(desk, season)))


def _commands(desk: Desk) -> APIRouter:
    router = APIRouter(responses=described(404, 409))
    _on_seasons(router, desk)
    for act in get_args(WindowAct):
        _on_window(router, desk, act)
    return router


def _on_seasons(router: APIRouter, desk: Desk) -> None:
    @router.post("/seasons", operation_id="startSeason", summary="Start a season. Repeating it is harmless.")
    async def start(body: Start, who: Steers, key: Key = None, dry_run: DryRun = False) -> StartAnswer:
        name = body.id or body.file.id
        _demand_sound(body.file)
        if dry_run:
            plan, _, new = await dry.try_start(desk.database, body.file, name, open_now=body.open_now, day=body.day)
        else:
            day: timedelta | None = body.day
            name, plan, _, new = await desk.start_season(
                body.file, season=name, open_now=body.open_now, day=day, actor=who.actor
            )
        return StartAnswer(season=name, new=new, windows=len(plan.windows), dry_run=dry_run)

    @router.post(
        "/seasons/{season}/stages/{stage}/extend",
        operation_id="extendStage",
        summary="Extend a stage in every area, each by itself.",
    )
    async def extend_all(
        season: Season, stage: Annotated[str, Path(max_length=100)], body: Why, who: Steers, key: Key = None
    ) -> BulkAnswer:
        command = Extend(
            window="", actor=who.actor, reason=body.reason, until=body.until, by=body.by, id=command_id(who.actor, key)
        )
        answers = await desk.steer_all_areas(season, stage, command)
        refused = [{"window": w, **problem(a)} for w, a in answers if isinstance(a, SeasonkeeperError)]
        done = [a for _, a in answers if isinstance(a, Outcome)]
        return BulkAnswer.model_validate({"done": done, "refused": refused})

    for act in get_args(SeasonAct):
        _on_season(router, desk, act)


def _demand_sound(file: SeasonFile) -> None:
    """Raises BadInput for the first error in a season file that is well formed: `season check` looks at the same."""
    source = Source("file", file.model_dump(mode="json"))
    wrong = next((p for p in check(file, source, days=False) if p.severity == "error"), None)
    if wrong is not None:
        raise BadInput("season_file.wrong", f"file.{wrong.path}: {wrong.sentence.en}", wrong.remedy.en)


def _on_season(router: APIRouter, desk: Desk, act: SeasonAct) -> None:
    @router.post(f"/seasons/{{season}}/{act}", operation_id=f"{act}Season", summary=_SEASON_ACTS[act])
    async def steer_season(season: Season, body: Why, who: Steers, key: Key = None, dry_run: DryRun = False) -> Outcome:
        command = SeasonCommand(season=season, actor=who.actor, reason=body.reason, id=command_id(who.actor, key))
        if dry_run:
            return await dry.try_season(desk.database, act, command)
        return await desk.steer_season(act, command)


def _on_window(router: APIRouter, desk: Desk, act: WindowAct) -> None:
    @router.post(f"/windows/{{window:path}}/{act}", operation_id=f"{act}Window", summary=_WINDOW_ACTS[act])
    async def steer_window(
        window: Window, body: Why, who: SteersWindow, key: Key = None, dry_run: DryRun = False
    ) -> Outcome:
        command = command_of(act, window, body, who.actor, key)
        if dry_run:
            return await dry.try_window(desk.database, command)
        return await desk.steer_window(command)
