"""The process that serves the console and the API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.connect import reach_temporal
from desk.console import add_console
from desk.documents import Shelf
from desk.limits import Rates
from desk.link_mail import LinkMail
from models.errors import SeasonkeeperError
from notices.webhooks import HttpWebhooks
from records import reading
from records.database import Database
from records.store import open_store
from workers.logs import set_up_logs
from workers.settings import Settings

AGAIN_SECONDS = 3.0
LOCAL = ("127.0.0.1", "localhost")
log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Serve until told to stop. Raises Unavailable where no database is known."""
    set_up_logs(settings.log_format, settings.log_level)
    uvicorn.run(
        build(settings), host=settings.desk_host, port=settings.desk_port, log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip


def build(settings: Settings) -> FastAPI:
    """The whole application. Pages work while Temporal is away: facts come from the database."""
    key = settings.secret_key.get_secret_value()
    desk = Desk(Database(settings.database(), pool_size=settings.database_pool, secret_key=key), None)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        reaching = asyncio.create_task(_reach(desk, settings))
        try:
            yield
        finally:
            reaching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reaching
            await desk.database.close()

    entrance = Entrance(settings.needs_no_sign_in(), settings.desk_url(), LinkMail(settings), settings.mail_from)
    rates = Rates(settings.api_per_minute, settings.sign_in_per_minute)
    app = create_app(
        desk,
        lifespan=lifespan,
        entrance=entrance,
        rates=rates,
        webhooks=HttpWebhooks(private=settings.hooks_private),
    )
    add_console(
        app, desk, mail=settings.folder.mail, temporal_ui=settings.temporal_ui_url,
        imports=settings.folder.root / "imports",
        shelf=Shelf(open_store(settings.documents()), settings.document_max_megabytes),
    )  # fmt: skip
    # A name of another site that points at this machine must not reach a desk without a sign-in.
    names = {*LOCAL, settings.desk_host, urlsplit(settings.desk_url()).hostname or ""}
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=sorted(names - {"", "0.0.0.0"}))  # noqa: S104
    return app


async def _reach(desk: Desk, settings: Settings) -> None:
    """Until Temporal answers; then the seasons that were started meanwhile get their workflows."""
    while desk.temporal is None:
        desk.temporal = await reach_temporal(settings)
        if desk.temporal is None:
            await asyncio.sleep(AGAIN_SECONDS)
    while True:
        try:
            for season in await reading.seasons(desk.database):
                if season.state in ("running", "paused"):
                    await desk.run_season(season.id)
            return
        except (SeasonkeeperError, OSError, RuntimeError) as error:
            log.warning("desk.seasons_not_looked_at", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
