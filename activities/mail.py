"""Sending: a batch of a campaign's notices, each claimed, checked, handed over and marked by itself.

The promise: nothing is lost; without a crash nobody gets a notice twice; after a crash at most the one notice in
flight on each lane may arrive twice, and each such is listed (`deliveries.possibly_twice`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from temporalio import activity

from activities.composing import compose
from activities.house import House
from models.errors import BadInput
from models.results import CampaignRef, Sending
from notices.answers import pause_before
from notices.transport import PermanentRefusal, ServerDown, TemporaryRefusal
from records import campaigns
from records.campaigns import Claimed, Waiting
from records.privacy.erasure import is_erased
from records.seasons import LiveSeason, live

LEASE = timedelta(seconds=120)
_LEAST_PAUSE = timedelta(seconds=1)
_MOST_ATTEMPTS = 12

log = structlog.get_logger("mail")


class MailDeeds:
    """Activities of the queue `mail`."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="send_batch")
    async def send_batch(self, ref: CampaignRef) -> Sending:
        """Send up to `ref.limit` notices of a campaign over several lanes; what is left is said in the answer."""
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
        batch = _Batch(self._house, season, ref)
        await asyncio.gather(*(batch.lane() for _ in range(self._house.lanes)))
        left = await campaigns.left(self._house.database, ref.campaign)
        wait = max(left.wait, self._house.breaker.pause, _LEAST_PAUSE) if batch.held_up else left.wait
        return Sending(
            sent=batch.counts["sent"],
            failed=batch.counts["failed"],
            skipped=batch.counts["skipped"],
            possibly_twice=batch.counts["again"],
            left=left.notices,
            retry_after=wait if left.notices and wait else None,
        )

    async def send_singles(self, waiting: Sequence[Waiting]) -> None:
        """A batch of each of these campaigns, without a workflow: single notices need none, and no Temporal server."""
        for one in waiting:
            if self._house.breaker.waits:
                return
            await self.send_batch(CampaignRef(campaign=one.campaign, season=one.season))


class _Batch:
    """One batch: its lanes share the count of what may still be taken."""

    def __init__(self, house: House, season: LiveSeason, ref: CampaignRef) -> None:
        self._house, self._season, self._ref = house, season, ref
        self._free = ref.limit
        self.counts = {"sent": 0, "failed": 0, "skipped": 0, "again": 0}
        self.held_up = False

    async def lane(self) -> None:
        """Claim, send, mark; until nothing is left, or the server is down."""
        house = self._house
        # One at a time: what a crash leaves in doubt is the one in flight on each lane, not a group.
        group = 1 if house.mark_each else self._ref.limit
        while self._free > 0 and not self.held_up:
            take = min(group, self._free)
            self._free -= take
            owner, since = uuid4().hex, time.monotonic()
            claimed = await campaigns.claim(house.database, self._ref.campaign, owner, take, LEASE)
            if not claimed:
                return
            await self._send(owner, since, claimed)

    async def _send(self, owner: str, since: float, claimed: list[Claimed]) -> None:
        done: list[Claimed] = []
        answer: str | None = None
        for position, delivery in enumerate(claimed):
            # A worker that was starved past half its lease must not send: another may have taken over.
            if self.held_up or time.monotonic() - since > LEASE.total_seconds() / 2:
                await self._mark(owner, "queued", "given back", claimed[position:], tried=False)
                break
            if delivery.bounced_at is not None:
                await self._mark(owner, "skipped", _bounced_words(delivery.bounced_at), [delivery])
                continue
            if delivery.useful_until is not None and delivery.at >= delivery.useful_until:
                await self._mark(owner, "skipped", "no longer useful when its turn came", [delivery])
                continue
            if is_erased(delivery.email):
                await self._mark(owner, "skipped", "the person was erased", [delivery])
                continue
            answer = await self._hand_over(owner, delivery)
            if answer is None:
                continue
            done.append(delivery)
            if self._house.mark_each:
                await self._mark(owner, "sent", answer, done)
                done = []
        if done:
            await self._mark(owner, "sent", answer or "", done)

    async def _hand_over(self, owner: str, delivery: Claimed) -> str | None:
        """Give one notice to the mail server: its answer, or None where it did not take it; then it is marked so."""
        await self._house.pacing.turn()
        try:
            answer = await self._house.transport.send(
                self._house.sender,
                delivery.email,
                compose(self._season, delivery, sender=self._house.sender, public_url=self._house.public_url),
            )
        except PermanentRefusal as error:
            await self._mark(owner, "failed", error.answer, [delivery])
            if error.kind == "no_such_address":
                await campaigns.bounced(self._house.database, delivery, error.answer)
            self._answered()
            return None
        except BadInput as error:
            # Words or an address that make no mail are this notice's trouble, not its campaign's.
            await self._mark(owner, "failed", error.sentence, [delivery])
            return None
        except TemporaryRefusal as error:
            await self._put_off(owner, delivery, error)
            return None
        except ServerDown as error:
            self._hold_up(error.answer)
            await self._mark(owner, "queued", str(error), [delivery], tried=False)
            return None
        self._answered()
        if delivery.again:
            self.counts["again"] += 1
        return answer

    async def _put_off(self, owner: str, delivery: Claimed, error: TemporaryRefusal) -> None:
        """Refused for now: try again later, while it is useful; the other notices of the campaign go on."""
        closing = error.kind == "closing"
        if closing:
            self._hold_up(error.answer)
        elif error.kind != "lost":
            self._answered()
        # A compressed season lives faster than mail servers: the pauses shrink with it, but never to nothing.
        pause = pause_before(error.kind, delivery.attempts)
        pause = max(min(self._season.pace.span(pause), pause), _LEAST_PAUSE)
        if delivery.useful_until is None:
            over = not closing and delivery.attempts >= _MOST_ATTEMPTS
        else:
            over = delivery.at + pause >= delivery.useful_until
        await self._mark(
            owner,
            "failed" if over else "queued",
            error.answer,
            [delivery],
            in_doubt=error.in_doubt,
            tried=not closing,
            wait=None if over else pause,
        )

    def _hold_up(self, answer: str) -> None:
        self.held_up = True
        if self._house.breaker.trip():
            log.error("mail.server_down", answer=answer)

    def _answered(self) -> None:
        if self._house.breaker.mend():
            log.info("mail.server_back")

    async def _mark(
        self,
        owner: str,
        state: str,
        answer: str,
        deliveries: list[Claimed],
        *,
        in_doubt: bool = False,
        tried: bool = True,
        wait: timedelta | None = None,
    ) -> None:
        keys = [(d.campaign_id, d.person_id, d.subject) for d in deliveries]
        database = self._house.database
        await campaigns.mark(database, owner, state, answer, keys, in_doubt=in_doubt, tried=tried, wait=wait)
        if state in self.counts:
            self.counts[state] += len(keys)


def _bounced_words(at: datetime) -> str:
    return f"not sent: the address bounced on {at:%Y-%m-%d}, and was not corrected"
