"""What activities stand on: the database, the mail transport, the clock."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.client import Client

from notices.transport import Transport
from records.database import Database


class Pacing:
    """Spreads the sends of one process evenly: at most `per_second`; None means as fast as it goes."""

    def __init__(self, per_second: float | None = None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next send may begin."""
        if not self._gap:
            return
        now = time.monotonic()
        self._next = max(now, self._next) + self._gap
        await asyncio.sleep(self._next - self._gap - now)


class Breaker:
    """Holds all mail of one process back while the server takes none: pauses that grow from `first` to `longest`.

    `first` and `longest` are in seconds. Nothing is lost meanwhile: what waits stays queued.
    """

    def __init__(self, first: float = 1.0, longest: float = 60.0) -> None:
        self._first, self._longest = first, longest
        self._pause = self._until = 0.0

    @property
    def waits(self) -> bool:
        """Whether it is too early to try the server again."""
        return time.monotonic() < self._until

    @property
    def down(self) -> bool:
        """Whether the server took no mail when it was last tried."""
        return self._pause > 0

    @property
    def pause(self) -> timedelta:
        """The present pause, from its beginning."""
        return timedelta(seconds=self._pause)

    def trip(self) -> bool:
        """The server takes no mail: pause, longer than last time; whether that is news.

        Lanes that find out together lengthen the pause once.
        """
        news = not self.down
        if not self.waits:
            self._pause = min(self._pause * 2 or self._first, self._longest)
            self._until = time.monotonic() + self._pause
        return news

    def mend(self) -> bool:
        """The server answers again; whether that is news."""
        news, self._pause, self._until = self.down, 0.0, 0.0
        return news


@dataclass(frozen=True)
class House:
    """Given to the activity classes by the worker.

    `mark_each` commits after each mail, so that a crash leaves at most one delivery in doubt for each lane; a
    transport that cannot crash apart from the database (the recorder of a rehearsal) is marked by the group.
    """

    database: Database
    transport: Transport
    sender: str
    public_url: str
    temporal: Client | None = None
    lanes: int = 4
    mark_each: bool = True
    pacing: Pacing = field(default_factory=Pacing)
    breaker: Breaker = field(default_factory=Breaker)


def clock() -> datetime:
    """The instant of the present activity, by the Temporal server's clock; in a rehearsal, its virtual one."""
    return activity.info().started_time
