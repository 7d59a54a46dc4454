"""What activities stand on: the database, the mail transport, the clock."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

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


def clock() -> datetime:
    """The instant of the present activity, by the Temporal server's clock; in a rehearsal, its virtual one."""
    return activity.info().started_time
