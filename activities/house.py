"""What activities stand on: the database, the mail transport, the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity
from temporalio.client import Client

from activities.composing import Stationery
from activities.pacing import Breaker, Pacing
from notices.transport import Transport
from records.database import Database


@dataclass(frozen=True)
class House:
    """Given to the activity classes by the worker.

    `mark_each` commits after each mail, so that a crash leaves at most one delivery in doubt for each lane; a
    transport that cannot crash apart from the database (the recorder of a rehearsal) is marked by the group.
    `under_way` are the campaigns that this process sends just now: they need no waking.
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
    under_way: set[str] = field(default_factory=set)
    stationery: Stationery = field(default_factory=Stationery)


def clock() -> datetime:
    """The instant of the present activity, by the Temporal server's clock; in a rehearsal, its virtual one."""
    return activity.info().started_time
