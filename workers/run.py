"""The worker processes: `season` (workflows and deeds on the database) and `mail` (sending, rate limited)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Literal

import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from activities.campaigns import poke_campaign
from activities.composing import Stationery
from activities.house import House
from activities.mail import MailDeeds
from activities.outside import Outside
from activities.pacing import Pacing
from models.queues import MAIL_QUEUE, SEASON_QUEUE
from notices.bounce_box import open_box
from notices.message import domain_of
from notices.transport import SmtpTransport
from notices.webhooks import HttpWebhooks
from records import campaigns
from records.database import Database
from records.documents import forget_removed
from records.privacy.retention import retain
from records.store import open_store
from workers.health import health_page
from workers.outside import outside_of
from workers.plugin import WORKFLOWS, SeasonkeeperPlugin, mail_activities, season_activities
from workers.settings import Settings

Role = Literal["season", "mail"]
_SWEEP = timedelta(seconds=5)
_RETENTION = timedelta(hours=1)
log = structlog.get_logger()


async def run_worker(role: Role, settings: Settings) -> None:
    """Work until told to stop (SIGINT or SIGTERM), then let what is under way finish."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await Client.connect(
        **settings.temporal(), plugins=[SeasonkeeperPlugin(workflows=WORKFLOWS if role == "season" else ())]
    )
    async with house(settings, client) as found, _worker(role, client, found, settings), _health(settings, found):
        log.info("worker.ready", role=role)
        beside = _sweep(client, found) if role == "mail" else _retention(found, settings)
        sweeping = [asyncio.create_task(beside)]
        if role == "mail":
            sweeping.append(asyncio.create_task(_look_outside(found, settings)))
        await stop.wait()
        for task in sweeping:
            task.cancel()
    log.info("worker.stopped", role=role)


@asynccontextmanager
async def house(settings: Settings, client: Client) -> AsyncIterator[House]:
    """What activities stand on, by the settings: the database and the mail server."""
    key = settings.secret_key.get_secret_value()
    database = Database(settings.database(), pool_size=settings.database_pool, secret_key=key)
    host, port = settings.smtp()
    transport = SmtpTransport(
        host,
        port,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
        connections=settings.mail_connections,
    )
    try:
        yield House(
            database,
            transport,
            sender=settings.mail_from,
            public_url=settings.desk_url(),
            temporal=client,
            lanes=settings.mail_connections,
            pacing=Pacing(settings.mail_per_second, settings.mail_per_second_domain),
            stationery=Stationery(signer=settings.signer(), seal=database.seal),
        )
    finally:
        await transport.close()
        await database.close()


def _health(settings: Settings, found: House) -> AbstractAsyncContextManager[None]:
    async def check() -> None:
        await found.database.now()

    return health_page(settings, check)


def _worker(role: Role, client: Client, found: House, settings: Settings) -> Worker:
    if role == "season":
        return Worker(
            client,
            task_queue=SEASON_QUEUE,
            activities=season_activities(found),
            max_concurrent_activities=settings.database_pool,
            max_cached_workflows=600,
            graceful_shutdown_timeout=timedelta(seconds=10),
        )
    return Worker(
        client,
        task_queue=MAIL_QUEUE,
        activities=mail_activities(found),
        max_concurrent_activities=4,
        graceful_shutdown_timeout=timedelta(seconds=20),
    )


async def _sweep(client: Client, found: House) -> None:
    """Send what single acts have queued; and let campaigns go on whose process died between its commit and its call."""
    mail = MailDeeds(found)
    while True:
        try:
            # While the mail server takes nothing, waking campaigns would cut their pauses short.
            waiting = [] if found.breaker.waits else await campaigns.waiting(found.database, older_than=_SWEEP)
            await mail.send_singles([one for one in waiting if one.single])
            for one in waiting:
                if not one.single and one.campaign not in found.under_way:
                    await poke_campaign(client, one.season, one.campaign)
        except Exception as error:
            log.warning("sweep.failed", error=type(error).__name__)
        await asyncio.sleep(_SWEEP.total_seconds())


async def _look_outside(found: House, settings: Settings) -> None:
    """Tell webhooks, and read what comes back: beside the sweep of mails, which no slow endpoint may hold up."""
    address = settings.bounce_mailbox
    outside = Outside(
        found.database,
        HttpWebhooks(private=settings.hooks_private),
        found.public_url,
        domain_of(found.sender),
        open_box(address, settings.bounce_password.get_secret_value()) if address else None,
    )
    while True:
        await outside.look()
        await asyncio.sleep(_SWEEP.total_seconds())


async def _retention(found: House, settings: Settings) -> None:
    """Delete what was kept long enough: a look each hour, which finds something about once a day or never."""
    while True:
        try:
            done = await retain(found.database, outside=outside_of(settings))
            for season in done.seasons:
                log.info("retention.applied", season=season.season, entries=season.entries, people=season.people)
            keep = timedelta(days=settings.document_keep_days)
            files = await forget_removed(found.database, open_store(settings.documents()), keep=keep)
            if files:
                log.info("documents.forgotten", files=files)
        except Exception as error:
            log.warning("retention.failed", error=type(error).__name__)
        await asyncio.sleep(_RETENTION.total_seconds())
