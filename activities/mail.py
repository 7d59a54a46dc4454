"""Sending: a batch of a campaign's notices, each claimed, checked, handed over and marked by itself.

The promise: nothing is lost; without a crash nobody gets a notice twice; after a crash at most the one notice in
flight on each lane may arrive twice, and each such is listed (`deliveries.possibly_twice`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import structlog
from temporalio import activity

from activities.composing import compose, not_wanted
from activities.house import House
from activities.turns import Groups, OneByOne, Taken, Turns
from models.errors import BadInput
from models.results import CampaignRef, Sending
from notices.answers import pause_before
from notices.own_answers import BOUNCED, ERASED, GIVEN_BACK, USELESS
from notices.transport import PermanentRefusal, ServerDown, TemporaryRefusal, TooLate
from records import bounces, campaigns, readiness
from records.campaigns import Claimed, Waiting
from records.privacy.erasure import is_erased
from records.readiness import Companions
from records.seasons import LiveSeason, live
from records.sending import Sent, seat

_LEAST_PAUSE = timedelta(seconds=1)
_HELD_PAUSE = timedelta(seconds=60)
"""How long (nominal) a campaign sleeps while mail is held; a release wakes it."""
_MOST_ATTEMPTS = 12
_LONGEST = timedelta(minutes=4)
"""How long a batch goes on at most: well under what an activity may take."""

log = structlog.get_logger("mail")


class MailDeeds:
    """Activities of the queue `mail`."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="send_batch")
    async def send_batch(self, ref: CampaignRef) -> Sending:
        """Send up to `ref.limit` notices of a campaign over several lanes; what is left is said in the answer."""
        house = self._house
        async with house.database.statement() as connection:
            season = await live(connection, ref.season)
        together = await readiness.ready(house.database, season, ref.campaign, prompt=house.mark_each)
        batch = _Batch(house, season, together)
        house.under_way.add(ref.campaign)
        try:
            if house.mark_each:
                async with seat(house.database) as own:
                    await batch.run(OneByOne(own, ref.campaign, ref.limit, house.pacing, batch.goes_on))
            else:
                await batch.run(Groups(house.database, ref.campaign, uuid4().hex, ref.limit, batch.goes_on))
        finally:
            house.under_way.discard(ref.campaign)
        if together:
            await readiness.let_go(house.database, ref.campaign)
        left = await campaigns.left(house.database, ref.campaign)
        wait = max(left.wait, house.breaker.pause, _LEAST_PAUSE) if batch.held_up else left.wait
        if left.held:
            wait = max(wait, season.pace.span(_HELD_PAUSE), _LEAST_PAUSE)
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
    """One batch: its lanes send until nothing is left, the server is down, or they are told to stop."""

    def __init__(self, house: House, season: LiveSeason, together: Companions) -> None:
        self._house, self._season, self._together = house, season, together
        self._until = time.monotonic() + _LONGEST.total_seconds()
        self._stopped = False
        self.counts = {"sent": 0, "failed": 0, "skipped": 0, "again": 0}
        self.held_up = False

    def goes_on(self) -> bool:
        """Whether another notice may be taken."""
        return not (self._stopped or self.held_up or time.monotonic() > self._until)

    async def run(self, turns: Turns) -> None:
        """Let the lanes work. What is on its way is finished and kept, also when the batch is cancelled."""
        self._turns = turns
        lanes = asyncio.gather(*(self._lane() for _ in range(self._house.lanes)), return_exceptions=True)
        try:
            ended = await asyncio.shield(lanes)
        except asyncio.CancelledError:
            self._stopped = True
            await lanes
            raise
        for trouble in ended:
            if trouble is not None:
                raise trouble

    async def _lane(self) -> None:
        sent: Sent | None = None
        try:
            while True:
                if wait := self._house.pacing.wait():
                    if sent is not None:
                        await self._turns.over(sent)
                    sent = None
                    await asyncio.sleep(wait)
                taken = await self._turns.next(sent)
                if taken is None:
                    return
                sent = await self._send(taken)
        except BaseException:
            self._stopped = True
            raise

    async def _send(self, taken: Taken) -> Sent | None:
        """Send one notice, unless it is not to be sent: what to keep of it, where that is not kept already."""
        delivery = taken.delivery
        why_not = _why_not(delivery)
        if why_not:
            await self._mark("skipped", why_not, delivery)
            return None
        companions = self._together.get((delivery.person_id, delivery.subject), [])
        companions = [one for one in companions if not _why_not(one)]
        answer = await self._hand_over(taken, companions)
        if answer is None:
            return None
        if companions:
            await readiness.sent_along(self._house.database, delivery, companions, answer)
            self.counts["sent"] += len(companions)
        self.counts["sent"] += 1
        self.counts["again"] += delivery.again
        return Sent(delivery, answer)

    async def _hand_over(self, taken: Taken, companions: list[Claimed]) -> str | None:
        """Give one notice, and what goes with it, to the mail server: its answer.

        None where it did not take it; then it is marked so.
        """
        delivery = taken.delivery
        try:
            answer = await self._house.transport.send(
                self._house.sender,
                delivery.email,
                compose(
                    self._season,
                    delivery,
                    sender=self._house.sender,
                    public_url=self._house.public_url,
                    stationery=self._house.stationery,
                    companions=companions,
                ),
                taken.by,
            )
        except PermanentRefusal as error:
            await self._mark("failed", error.answer, delivery)
            if error.kind == "no_such_address":
                await bounces.refused(self._house.database, delivery, error.answer)
            self._answered()
            return None
        except BadInput as error:
            # Words or an address that make no mail are this notice's trouble, not its campaign's.
            await self._mark("failed", error.sentence, delivery)
            return None
        except TooLate:
            await self._mark("queued", GIVEN_BACK.en, delivery, tried=False)
            return None
        except TemporaryRefusal as error:
            await self._put_off(delivery, error)
            return None
        except ServerDown as error:
            self._hold_up(error.answer)
            await self._mark("queued", str(error), delivery, tried=False)
            return None
        self._answered()
        return answer

    async def _put_off(self, delivery: Claimed, error: TemporaryRefusal) -> None:
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
            "failed" if over else "queued",
            error.answer,
            delivery,
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
        state: str,
        answer: str,
        delivery: Claimed,
        *,
        in_doubt: bool = False,
        tried: bool = True,
        wait: timedelta | None = None,
    ) -> None:
        database, owner = self._house.database, self._turns.owner
        await campaigns.mark(database, owner, state, answer, [delivery.key], in_doubt=in_doubt, tried=tried, wait=wait)
        if state in self.counts:
            self.counts[state] += 1


def _why_not(delivery: Claimed) -> str:
    """Why a notice whose turn has come is not sent; empty where it is."""
    if delivery.bounced_at is not None:
        return BOUNCED.en.format(on=f"{delivery.bounced_at:%Y-%m-%d}")
    if delivery.useful_until is not None and delivery.at >= delivery.useful_until:
        return USELESS.en
    if is_erased(delivery.email):
        return ERASED.en
    return not_wanted(delivery)
