"""The shape of a stage's deeds: what is done before its window opens, and after it closed.

A deed is one transaction; doing it twice changes nothing more. It answers counts for the log and the Temporal UI, and
the campaigns whose notices it queued (`records.campaigns.plan`), which its workflow then sends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from models.results import Counted, StageRef
from records.seasons import LiveSeason

Deed = Callable[[AsyncConnection, LiveSeason, StageRef], Awaitable[Counted]]
