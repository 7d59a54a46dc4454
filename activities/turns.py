"""Whose turn it is: deliveries of one campaign handed to the lanes of one batch, and kept as sent when they are."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from activities.pacing import Pacing
from models.errors import Unavailable
from notices.own_answers import GIVEN_BACK
from records import campaigns, sending
from records.campaigns import Claimed
from records.database import Database
from records.sending import Seat, Sent

LEASE = timedelta(seconds=10)
"""How long a worker whose database session was cut, though it lives, has for keeping what it has sent."""
_GROUP_LEASE = timedelta(seconds=120)
_LEAST_AHEAD, _MOST_AHEAD, _FRESH = 25, 400, 1.0
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
_SHORTEST, _LONGEST = 0.2, 30.0
"""Seconds that a lane waits for a domain; what has longer to wait is left to a later batch."""


class Taken(NamedTuple):
    """A delivery to be sent; not begun after `by`, an instant of time.monotonic()."""

    delivery: Claimed
    by: float


class Turns(Protocol):
    """Gives each lane its next delivery."""

    owner: str

    async def next(self, sent: Sent | None) -> Taken | None:
        """Keep that the lane's last was sent, where it was, and take the next; None when there is none."""
        ...

    async def over(self, sent: Sent) -> None:
        """Keep that it was sent, and take none: the next has time."""
        ...


@dataclass
class _Turn:
    sent: Sent | None
    wants: bool
    taken: Taken | None = None
    over: bool = False


class OneByOne:
    """Each delivery is begun for itself, in the commit that keeps what became of the one before.

    Lanes that come while a commit is under way share the next one. `goes_on` says whether any more may be taken, at
    most `limit` in all.
    """

    def __init__(self, seat: Seat, campaign: str, limit: int, pacing: Pacing, goes_on: Callable[[], bool]) -> None:
        self.owner = seat.owner
        self._seat, self._database = seat, seat.database
        self._campaign, self._pacing = campaign, pacing
        self._left, self._goes_on = limit, goes_on
        self._ahead: deque[Claimed] = deque()
        self._look, self._looked = _LEAST_AHEAD, 0.0
        self._later: list[float] = []
        self._waiting: list[_Turn] = []
        self._writing = asyncio.Lock()

    async def next(self, sent: Sent | None) -> Taken | None:
        """See Turns. Waits for those that a limit of their domain puts off."""
        while True:
            taken = await self._turn(_Turn(sent, wants=True))
            wait = self._later[0] - time.monotonic() if self._later else _LONGEST
            if taken is not None or wait >= _LONGEST or not self._may_take():
                return taken
            sent = None
            await asyncio.sleep(max(wait, _SHORTEST))

    async def over(self, sent: Sent) -> None:
        """See Turns."""
        await self._turn(_Turn(sent, wants=False))

    def _may_take(self) -> bool:
        return self._left > 0 and self._goes_on()

    async def _turn(self, turn: _Turn) -> Taken | None:
        self._waiting.append(turn)
        async with self._writing:
            while not turn.over:
                turns, self._waiting = self._waiting, []
                try:
                    await self._write(turns)
                except BaseException:
                    # Its lane ends here; what it has sent is kept by the next lane that can.
                    turn.wants = False
                    self._waiting = turns + self._waiting
                    raise
                self._waiting = [one for one in turns if not one.over] + self._waiting
        return turn.taken

    async def _write(self, turns: list[_Turn]) -> None:
        wanting = [turn for turn in turns if turn.wants]
        wanted = await self._upcoming(min(len(wanting), self._left)) if wanting and self._may_take() else []
        sent = [turn.sent for turn in turns if turn.sent is not None]
        since = time.monotonic()
        begun = await self._step(sent, wanted) if sent or wanted else []
        self._left -= len(begun)
        by = since + LEASE.total_seconds() / 2
        for turn, one in zip(wanting, begun, strict=False):
            turn.taken, turn.over = Taken(one, by), True
        for turn in turns:
            turn.sent = None
            turn.over = turn.over or not turn.wants or not wanted

    async def _step(self, sent: list[Sent], wanted: list[Claimed]) -> list[Claimed]:
        try:
            return await sending.step(self._seat, self._campaign, sent, wanted, LEASE)
        except Unavailable:
            await self._remember(sent)
            raise

    async def _remember(self, sent: list[Sent]) -> None:
        """The session is gone, and with it the seat: keep what was sent all the same, or it would be sent again."""
        for pause in _PAUSES if sent else ():
            await asyncio.sleep(pause)
            try:
                for one in sent:
                    await campaigns.mark(self._database, self.owner, "sent", one.answer, [one.delivery.key])
            except Unavailable:
                continue
            return

    async def _upcoming(self, count: int) -> list[Claimed]:
        now = time.monotonic()
        if self._ahead and now - self._looked > _FRESH:
            # Who has done in the meantime what a notice asks for is not reminded of it.
            self._pacing.keep_slots(self._ahead)
            self._ahead.clear()
            self._look = max(self._look // 2, _LEAST_AHEAD)
        if not self._ahead:
            while self._later and self._later[0] <= now:
                heapq.heappop(self._later)
            if now - self._looked < _FRESH:
                self._look = min(self._look * 2, _MOST_AHEAD)
            self._ahead.extend(await self._in_time(await sending.due(self._database, self._campaign, self._look)))
            self._looked = time.monotonic()
        return [self._ahead.popleft() for _ in range(min(count, len(self._ahead)))]

    async def _in_time(self, due: list[Claimed]) -> list[Claimed]:
        """Those that their domain's limit lets go now; the others are put off, each to an instant of its own."""
        if not self._pacing.by_domain:
            return due
        waits = [(one, self._pacing.slot(one)) for one in due]
        later = [(one, wait) for one, wait in waits if wait > 0]
        if later:
            await sending.put_off(self._database, self._campaign, later)
            now = time.monotonic()
            for _, wait in later:
                heapq.heappush(self._later, now + wait)
        return [one for one, wait in waits if wait <= 0]


class Groups:
    """Deliveries taken and kept as one group: for a mail server that cannot crash apart from the database."""

    def __init__(self, database: Database, campaign: str, owner: str, limit: int, goes_on: Callable[[], bool]) -> None:
        self.owner = owner
        self._database, self._campaign, self._goes_on = database, campaign, goes_on
        self._left = limit
        self._group: deque[Taken] = deque()
        self._sent: list[Sent] = []
        self._taking = asyncio.Lock()

    async def next(self, sent: Sent | None) -> Taken | None:
        """See Turns."""
        if sent is not None:
            self._sent.append(sent)
        async with self._taking:
            if not self._group or not self._goes_on():
                await self._keep()
                await self._take()
            return self._group.popleft() if self._group else None

    async def over(self, sent: Sent) -> None:
        """See Turns."""
        self._sent.append(sent)

    async def _keep(self) -> None:
        done, self._sent = self._sent, []
        if done:
            keys = [one.delivery.key for one in done]
            await campaigns.mark(self._database, self.owner, "sent", done[-1].answer, keys)

    async def _take(self) -> None:
        if not self._goes_on():
            back = [taken.delivery.key for taken in self._group]
            self._group.clear()
            if back:
                await campaigns.mark(self._database, self.owner, "queued", GIVEN_BACK.en, back, tried=False)
        elif self._left > 0:
            by = time.monotonic() + _GROUP_LEASE.total_seconds() / 2
            claimed = await campaigns.claim(self._database, self._campaign, self.owner, self._left, _GROUP_LEASE)
            # These are all that are due, or all that a batch may take: what becomes due meanwhile is for the next one.
            self._left = 0
            self._group.extend(Taken(one, by) for one in claimed)
