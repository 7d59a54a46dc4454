"""The HTTP API: the same questions and the same commands as the CLI and the console, as JSON under `/api`.

An open desk (`SEASON_DESK_OPEN`) asks nobody who they are. Elsewhere a program shows a token as
`Authorization: Bearer …`: scope `read` to ask, `steer` to command. Its description is `/api/openapi.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Header, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from desk import dry
from desk.access import Entrance, reads, steers, steers_window
from desk.client import Desk
from desk.guard import Guard
from desk.problems import problem, told
from desk.told import coming_json, life_json, line_json, status_json
from desk.words import Words
from models.commands import CloseNow, Extend, Outcome, PauseWindow, Reopen, ResumeWindow, SeasonCommand, WindowCommand
from models.errors import SeasonkeeperError
from models.instants import Instant, Span, parse_span
from models.season import SeasonFile
from models.views import EntryPage, EntryView, NoticeView, SeasonView, WindowView
from records import reading
from records.access import Who
from records.seasons import live

Key = Annotated[
    str | None, Header(alias="Idempotency-Key", max_length=100, description="Id of the command; a repeat is harmless.")
]
DryRun = Annotated[bool, Query(description="Say what would be accepted; change nothing.")]
WindowAct = Literal["extend", "close", "reopen", "pause", "resume"]
SeasonAct = Literal["pause", "resume", "cancel"]
Steers = Annotated[Who, Depends(steers)]
SteersWindow = Annotated[Who, Depends(steers_window)]


class Why(BaseModel):
    """The body of every command: why, and for some until when."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the site was down", "by": "2d"}]}
    )
    reason: str = Field(default="", description="Why; kept in the log. Needed.")
    until: Instant | None = Field(default=None, description="For extend and reopen: an instant with a zone.")
    by: Span | None = Field(default=None, description="For extend and reopen: a length of time, such as `36h`.")


class Start(BaseModel):
    """The body that starts a season."""

    model_config = ConfigDict(extra="forbid")
    file: SeasonFile
    id: str | None = None
    open_now: bool = False
    day: Span | None = Field(default=None, description="How long a day of the season lasts, such as `2s`.")


def command_of(act: WindowAct, window: str, why: Why, actor: str, key: str | None = None) -> WindowCommand:
    """The command that an act on a window means; `actor` is who acts, as the log calls them."""
    head: dict[str, Any] = {"window": window, "actor": actor, "reason": why.reason, "id": key or uuid4().hex}
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


def create_app(desk: Desk, *, lifespan: Callable[..., Any] | None = None, entrance: Entrance | None = None) -> FastAPI:
    """The API on a desk. Without an `entrance` it is open: nobody signs in."""
    app = FastAPI(
        title="Seasonkeeper", version="0.1.0", summary="Ask and steer seasons.", description=__doc__ or "",
        docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=lifespan,
    )  # fmt: skip
    app.state.database, app.state.entrance = desk.database, entrance or Entrance()
    app.add_middleware(Guard)
    app.add_exception_handler(SeasonkeeperError, told)
    app.add_exception_handler(RequestValidationError, told)
    app.include_router(_reads(desk), prefix="/api", tags=["ask"], dependencies=[Depends(reads)])
    app.include_router(_commands(desk), prefix="/api", tags=["steer"])
    app.include_router(_health(desk))
    return app


def _health(desk: Desk) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health", summary="Whether this process serves, and what it reaches.")
    @router.get("/healthz", include_in_schema=False)
    async def health() -> dict[str, Any]:
        try:
            await desk.database.now()
            database = True
        except SeasonkeeperError:
            database = False
        return {"ok": database, "database": database, "temporal": desk.temporal is not None}

    return router


def _reads(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/seasons", summary="All seasons, those that run first.")
    async def seasons() -> tuple[SeasonView, ...]:
        return await reading.seasons(desk.database)

    @router.get("/seasons/{season}", summary="Where a season stands, and what needs attention.")
    async def status(season: str) -> dict[str, Any]:
        return status_json(await reading.status(desk.database, season), await words_of(desk, season))

    @router.get("/seasons/{season}/windows", summary="The windows of a season; `may` are the commands accepted now.")
    async def windows(season: str, state: str | None = None, area: str | None = None) -> tuple[WindowView, ...]:
        return await reading.windows(desk.database, season, state=state, area=area)

    @router.get("/seasons/{season}/entries", summary="A page of entries; `q` is looked for in number and title.")
    async def entries(
        season: str,
        area: str | None = None,
        track: str | None = None,
        state: str | None = None,
        q: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> EntryPage:
        return await reading.entries(
            desk.database, season, area=area, track=track, state=state, q=q, limit=limit, offset=offset
        )

    @router.get("/seasons/{season}/entries/{entry}", summary="One entry by its number or id.")
    async def entry(season: str, entry: str) -> EntryView:
        return await reading.entry(desk.database, entry, season)

    @router.get("/seasons/{season}/entries/{entry}/life", summary="What happened to an entry, and what is next.")
    async def life(season: str, entry: str) -> dict[str, Any]:
        found = await reading.explain(desk.database, entry, season)
        return life_json(found, await words_of(desk, season))

    @router.get("/seasons/{season}/log", summary="What happened, newest first.")
    async def log(
        season: str, entry: str | None = None, window: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[dict[str, Any]]:
        found = await reading.log_lines(desk.database, season, entry=entry, window=window, limit=limit, before=before)
        words = await words_of(desk, season)
        return [line_json(line, words) for line in found]

    @router.get("/seasons/{season}/next", summary="What will happen by itself, and when.")
    async def next_up(season: str, within: str = "7d") -> list[dict[str, Any]]:
        found = await reading.next_up(desk.database, season, parse_span(within))
        return coming_json(found, await words_of(desk, season))

    @router.get("/seasons/{season}/notices", summary="The newest notices, and what the mail server answered.")
    async def notices(season: str, state: str | None = None, limit: int = 100) -> tuple[NoticeView, ...]:
        return await reading.notices(desk.database, season, state=state, limit=limit)

    return router


def _commands(desk: Desk) -> APIRouter:
    router = APIRouter(
        responses={
            401: {"description": "No token, or no good one. problem+json."},
            403: {"description": "The token or the role does not allow it. problem+json."},
            409: {"description": "Refused by a rule; nothing was changed. problem+json."},
        }
    )

    @router.post("/seasons", summary="Start a season. Repeating it is harmless.")
    async def start(body: Start, who: Steers, dry_run: DryRun = False) -> dict[str, Any]:
        name = body.id or body.file.id
        if dry_run:
            plan, _, new = await dry.try_start(desk.database, body.file, name, open_now=body.open_now, day=body.day)
        else:
            day: timedelta | None = body.day
            name, plan, _, new = await desk.start_season(
                body.file, season=name, open_now=body.open_now, day=day, actor=who.actor
            )
        return {"season": name, "new": new, "windows": len(plan.windows), "dry_run": dry_run}

    @router.post("/seasons/{season}/stages/{stage}/extend", summary="Extend a stage in every area, each by itself.")
    async def extend_all(season: str, stage: str, body: Why, who: Steers, key: Key = None) -> dict[str, Any]:
        command = Extend(
            window="", actor=who.actor, reason=body.reason, until=body.until, by=body.by, id=key or uuid4().hex
        )
        answers = await desk.steer_all_areas(season, stage, command)
        return {
            "done": [a for _, a in answers if isinstance(a, Outcome)],
            "refused": [{"window": w, **problem(a)} for w, a in answers if isinstance(a, SeasonkeeperError)],
        }

    @router.post("/seasons/{season}/{act}", summary="Pause, resume or cancel a season.")
    async def steer_season(
        season: str, act: SeasonAct, body: Why, who: Steers, key: Key = None, dry_run: DryRun = False
    ) -> Outcome:
        command = SeasonCommand(season=season, actor=who.actor, reason=body.reason, id=key or uuid4().hex)
        if dry_run:
            return await dry.try_season(desk.database, act, command)
        return await desk.steer_season(act, command)

    @router.post("/windows/{window:path}/{act}", summary="Extend, close, reopen, pause or resume a window.")
    async def steer_window(
        window: str, act: WindowAct, body: Why, who: SteersWindow, key: Key = None, dry_run: DryRun = False
    ) -> Outcome:
        command = command_of(act, window, body, who.actor, key)
        if dry_run:
            return await dry.try_window(desk.database, command)
        return await desk.steer_window(command)

    return router
