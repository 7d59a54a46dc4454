"""The page of a season's webhooks: who is told, of what, and what they answered. For operations alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from desk.access import office
from desk.api_hooks import channel_of, outside_of
from desk.problems import status_of
from models.errors import BadInput, SeasonkeeperError
from notices.hook_events import GROUPS
from records import hook_deliveries, hooks
from records.access import Who

if TYPE_CHECKING:
    from desk.console import Console

Office = Annotated[Who, Depends(office)]
_MOST = 100


class HookPages:
    """Answers `/seasons/{season}/hooks`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """Both addresses."""
        router = APIRouter()
        router.get("/seasons/{season}/hooks", dependencies=[Depends(office)])(self.show)
        router.post("/seasons/{season}/hooks")(self.act)
        return router

    async def show(self, request: Request, season: str) -> Response:
        """The webhooks, and the newest events."""
        return await self._page(request, season)

    async def _page(
        self, request: Request, season: str, status: int = 200, trouble: SeasonkeeperError | None = None, **said: Any
    ) -> Response:
        words = await self._console.words(request, season)
        values = {"done": "", "secret": None, "filled": {"url": "", "area": ""}, "ticked": set(), **said}
        return self._console.page(
            request, "hooks.html", words, status, season_id=season, trouble=trouble, kinds=tuple(GROUPS),
            found=await hooks.of_season(self._database, season),
            events=await hook_deliveries.told(self._database, season, limit=_MOST), **values,
        )  # fmt: skip

    async def act(self, request: Request, season: str, who: Office) -> Response:
        """Adds, tests, renews, removes, tries again; a secret is shown in the answer, this once."""
        form = await request.form()
        words = await self._console.words(request, season)
        filled = {name: str(form.get(name, "")).strip() for name in ("url", "area")}
        ticked = {str(kind) for kind in form.getlist("kind")}
        try:
            name, said, secret = await self._done(request, season, form, who.actor)
        except SeasonkeeperError as error:
            return await self._page(request, season, status_of(error), error, filled=filled, ticked=ticked)
        return await self._page(request, season, done=words.label(name, **said), secret=secret)

    async def _done(
        self, request: Request, season: str, form: FormData, actor: str
    ) -> tuple[str, dict[str, Any], hooks.Made | None]:
        """What was done, as a label with its values; and a new secret."""
        act = str(form.get("act", ""))
        if act == "add":
            made = await self._add(request, season, form, actor)
            return "hooks_added", {"hook": made.id}, made
        number = str(form.get("id", ""))
        if act not in ("test", "rotate", "remove", "retry") or not number.isascii() or not number.isdigit():
            raise BadInput("act.unknown", f"'{act[:40]}' is no act on a webhook.")
        return await self._on(request, season, act, min(int(number[:18]), 2**62), actor)

    async def _add(self, request: Request, season: str, form: FormData, actor: str) -> hooks.Made:
        kinds, url = [str(kind) for kind in form.getlist("kind")], str(form.get("url", "")).strip()
        if not kinds:
            words = await self._console.words(request, season)
            raise BadInput("hook.events", words.label("hooks_tick_one"))
        await channel_of(request).check(url)
        area = str(form.get("area", "")) or None
        return await hooks.add(self._database, season, url, kinds, area=area, actor=actor)

    async def _on(
        self, request: Request, season: str, act: str, number: int, actor: str
    ) -> tuple[str, dict[str, Any], hooks.Made | None]:
        if act == "rotate":
            made = await hooks.rotate(self._database, number, actor=actor, season=season)
            return "hooks_rotated", {"hook": number}, made
        if act == "remove":
            await hooks.remove(self._database, number, actor=actor, season=season)
            return "hooks_removed", {"hook": number}, None
        if act == "retry":
            await hook_deliveries.retry(self._database, number, season=season)
            return "hooks_retried", {"event": number}, None
        delivery = await hooks.ask_test(self._database, number, actor=actor, season=season)
        told = await outside_of(request).test_hook(await hook_deliveries.one_told(self._database, delivery))
        if told.state == "sent":
            return "hooks_tested", {"status": told.status}, None
        return "hooks_test_failed", {"answer": f"{told.status or ''} {told.answer or ''}".strip()}, None
