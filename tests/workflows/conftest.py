"""The production workflows and activities on a server that skips time, with a database of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.house import House
from desk.client import Desk
from models.forms import ChannelForm, PersonForm
from models.queues import MAIL_QUEUE, SEASON_QUEUE
from models.timeline import Pace
from records import channels, entries, seasons
from records.database import Database, at_instant, rows
from rehearsal.clock import VirtualClock
from rules import timeline as timelines
from tests.seasons import entry_form, small_file
from workers.embedded.temporal import SEARCH_ATTRIBUTES
from workers.plugin import SeasonkeeperPlugin, mail_activities, season_activities

SEASON = "small-2024"
REGISTRATION = f"{SEASON}/EU/registration"
LATE = timedelta(seconds=2)
"""A deed runs at most this much after its instant by the server's clock."""


_STRETCH = timedelta(days=10)
"""One call to the server must not take longer than its timeout."""


class RecordingTransport:
    """A mail server that takes everything and keeps it: (address, message)."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def send(self, sender: str, to: str, message: bytes, by: float = 0) -> str:
        """Take one mail."""
        self.mails.append((to, message.decode("utf-8", "replace")))
        return f"250 OK {len(self.mails)}"


class Play:
    """A stage for seasons: start one, let time pass, look at the rows."""

    def __init__(
        self, environment: WorkflowEnvironment, clock: VirtualClock, database: Database, mail: RecordingTransport
    ) -> None:
        self.environment, self.clock, self.database, self.mail = environment, clock, database, mail
        self.desk = Desk(database, environment.client)

    async def now(self) -> datetime:
        """The server's present."""
        return await self.environment.get_current_time()

    async def until(self, instant: datetime) -> None:
        """Let time pass until an instant; what is due before it happens. A deed that fails ends the test."""
        async with asyncio.timeout(60):
            while (left := instant - await self.now()) > timedelta(0):
                sleeping = asyncio.ensure_future(self.environment.sleep(min(left, _STRETCH)))
                await asyncio.wait({sleeping, self.clock.broken}, return_when=asyncio.FIRST_COMPLETED)
                if self.clock.broken.done():
                    sleeping.cancel()
                    raise self.clock.broken.result()
                await sleeping

    async def after(self, span: timedelta) -> None:
        """Let a span pass."""
        await self.until(await self.now() + span)

    async def begin(self, nominal: datetime, *, season: str = SEASON) -> Pace:
        """Start the small season so that it is `nominal` in its calendar now; its pace."""
        file, now = small_file(), await self.now()
        plan = timelines.resolve(file)
        pace = Pace(anchor_nominal=nominal, anchor_real=now)
        with at_instant(now):
            async with self.database.transaction() as connection:
                await seasons.start(connection, season, file, plan, pace, actor="ops", at=now)
        return pace

    async def run(self, season: str = SEASON) -> WorkflowHandle[Any, Any]:
        """Start the season's workflow and let what begins at once begin."""
        await self.desk.run_season(season)
        await self.after(timedelta(seconds=5))
        return self.environment.client.get_workflow_handle(f"season/{season}")

    async def channel(self, number: int = 1, *, season: str = SEASON) -> None:
        """A recommending organisation: it is told of registration when it opens."""
        contact = PersonForm(email=f"channel-{number}@example.org", name=f"Channel {number}")
        form = ChannelForm(code=f"C-{number}", name=f"Office {number}", contact=contact)
        with at_instant(await self.now()):
            await channels.add_channel(self.database, season, form)

    async def entry(self, number: int, *, submitted: bool = True, season: str = SEASON, area: str = "EU") -> int:
        """An entry drafted now, and submitted now."""
        with at_instant(await self.now()):
            entry = await entries.draft(self.database, season, entry_form(number, area=area))
            if submitted:
                await entries.submit(self.database, entry)
        return entry

    async def window(self, window: str = REGISTRATION) -> dict[str, Any]:
        """A window's row."""
        return (await self.rows("SELECT * FROM windows WHERE id = :id", id=window))[0]

    async def told(self, template: str, *, season: str = SEASON) -> list[dict[str, Any]]:
        """Deliveries of a template: email, state, told_closes_at, sent_at, window_id."""
        return await self.rows(
            """SELECT p.email, d.state, d.told_closes_at, d.sent_at, d.window_id, d.campaign_id
               FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
               WHERE c.template = :template AND d.season_id = :season ORDER BY p.email, d.campaign_id""",
            template=template,
            season=season,
        )

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """What a query answers."""
        async with self.database.statement() as connection:
            return await rows(connection, sql, **values)


@pytest.fixture
async def play(database: Database) -> AsyncIterator[Play]:
    """A stage with workers of both queues; every workflow on it that fails, fails loudly."""
    clock = VirtualClock()
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(Path(sys.executable).parent / "temporal-test-server"),
        plugins=[SeasonkeeperPlugin(interceptors=[clock], failures=[Exception])],
    )
    try:
        request = AddSearchAttributesRequest(
            namespace=environment.client.namespace, search_attributes=dict(SEARCH_ATTRIBUTES)
        )
        await environment.client.operator_service.add_search_attributes(request)
        mail = RecordingTransport()
        house = House(
            database,
            mail,
            sender="Season office <season@example.org>",
            public_url="https://season.example.org",
            temporal=environment.client,
            lanes=1,
        )
        brief = timedelta(0)
        season = Worker(
            environment.client,
            task_queue=SEASON_QUEUE,
            activities=season_activities(house),  # type: ignore[arg-type]
            graceful_shutdown_timeout=brief,
        )
        post = Worker(
            environment.client,
            task_queue=MAIL_QUEUE,
            activities=mail_activities(house),  # type: ignore[arg-type]
            graceful_shutdown_timeout=brief,
        )
        async with season, post:
            yield Play(environment, clock, database, mail)
    finally:
        with contextlib.suppress(RuntimeError):
            await environment.shutdown()
