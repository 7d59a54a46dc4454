"""What activities stand on: the database, the mail transport, the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from notices.transport import Transport
from records.database import Database


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
    lanes: int = 4
    mark_each: bool = True


def clock() -> datetime:
    """The instant of the present activity, by the Temporal server's clock; in a rehearsal, its virtual one."""
    return activity.info().started_time
