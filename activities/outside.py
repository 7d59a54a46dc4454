"""What goes out to webhooks and comes in from the mailbox of bounces: looked at every few seconds, beside the mail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog

from models.errors import SeasonkeeperError, Unavailable
from notices.bounce_box import BounceBox
from notices.bounce_reports import read
from notices.hook_events import body_of
from notices.webhooks import TIMEOUT, Answer, Channel, Letter
from records import bounces, hook_deliveries
from records.campaign_log import log_campaigns
from records.database import Database
from records.hook_deliveries import LEASE, Claimed, Told

_AT_ONCE = 8
"""Endpoints that are told at the same time; one that is slow holds up no other."""
_GROUP = 20
_ROUND = 100
"""Letters that are taken from the mailbox in one go."""
log = structlog.get_logger("outside")


@dataclass(frozen=True)
class Outside:
    """Where it all goes and comes from. `domain` is that of the Message-IDs of our notices."""

    database: Database
    channel: Channel
    public_url: str
    domain: str
    box: BounceBox | None = None

    async def tell_hooks(self) -> int:
        """Tell webhooks what has happened, and what they did not take before; how many events were taken."""
        await log_campaigns(self.database)
        await hook_deliveries.gather(self.database)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def tell(hook: int) -> int:
            async with slots:
                return await self._tell(hook)

        return sum(await asyncio.gather(*(tell(hook) for hook in await hook_deliveries.due(self.database))))

    async def _tell(self, hook: int) -> int:
        """Events of one endpoint, in their order, until one is not taken."""
        begun = time.monotonic()
        claimed = await hook_deliveries.claim(self.database, hook, uuid4().hex, _GROUP)
        for taken, one in enumerate(claimed):
            # What might be sent after the lease is over is another's to send.
            if time.monotonic() - begun + TIMEOUT * 2 > LEASE.total_seconds():
                await hook_deliveries.give_back(self.database, claimed[taken:])
                return taken
            if not await self._send(one):
                await hook_deliveries.give_back(self.database, claimed[taken + 1 :])
                return taken
        return len(claimed)

    async def _send(self, one: Claimed) -> bool:
        """One try; whether it was taken."""
        try:
            secrets = tuple(self.database.seal.open(secret) for secret in one.secrets)
            letter = Letter(
                one.url, f"evt_{one.what.log_id}_{one.hook}", one.at, body_of(one.what, self.public_url), secrets
            )
            answer = await self.channel.post(letter)
        except SeasonkeeperError as error:  # a secret that cannot be opened, or is none
            answer = Answer(None, error.sentence)
        state = await hook_deliveries.mark(self.database, one, answer)
        if not answer.taken:
            log.warning("hook.not_taken", hook=one.hook, delivery=one.id, status=answer.status, state=state)
        return answer.taken

    async def test_hook(self, delivery: Told) -> Told:
        """Send this one event now, also to an endpoint that is disabled; how it stands afterwards. Raises NotFound."""
        for one in await hook_deliveries.claim(self.database, delivery.hook, uuid4().hex, 1, only=delivery.id):
            await self._send(one)
        return await hook_deliveries.one_told(self.database, delivery.id)

    async def read_bounces(self) -> int:
        """Take new reports out of the mailbox; how many letters. Raises Unavailable where it cannot be reached."""
        if self.box is None:
            return 0
        loop = asyncio.get_running_loop()

        def settle(data: bytes) -> bool:
            return asyncio.run_coroutine_threadsafe(self._settle(data), loop).result()

        return await asyncio.to_thread(self.box.empty, settle, _ROUND)

    async def _settle(self, data: bytes) -> bool:
        """Keep one letter; whether it could be read. One that makes trouble is put aside, so that it stops nothing."""
        reports = await asyncio.to_thread(read, data)
        try:
            return await bounces.keep_all(self.database, data, reports, domain=self.domain)
        except Unavailable:
            raise
        except Exception as error:
            log.error("bounce.not_kept", error=type(error).__name__)
            await bounces.keep_unreadable(self.database, data, "mailbox")
            return False

    async def look(self) -> None:
        """One look at everything. What goes wrong is logged, and holds up nothing else."""
        await self._try("hooks.failed", self.tell_hooks())
        await self._try("bounces.failed", self.read_bounces())

    async def _try(self, event: str, deed: Coroutine[Any, Any, int]) -> None:
        try:
            await deed
        except Exception as error:
            log.warning(event, error=type(error).__name__, trouble=getattr(error, "sentence", ""))
