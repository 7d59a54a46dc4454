"""The clock of a rehearsal: every activity's transaction is judged at the server's virtual instant."""

from __future__ import annotations

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from records.database import at_instant


class VirtualClock(Interceptor):
    """Worker interceptor: the business clock stands at the activity's start, by the time-skipping server."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See base class."""
        return _AtItsStart(next)


class _AtItsStart(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        with at_instant(activity.info().started_time):
            return await super().execute_activity(input)
